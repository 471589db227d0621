"""Which records belong to the sample, and what they say of it."""

from __future__ import annotations

import json
from hashlib import sha256
from uuid import UUID

import pytest

from shipper.sample import Sampler
from tests.support.records import RECORD_ID, a_record

IDS = [str(UUID(int=n * 7919, version=4)) for n in range(4000)]


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.999])
def test_the_share_is_what_was_asked_for(rate: float) -> None:
    """Within four standard deviations, over ids that differ little."""
    sampler = Sampler(rate=rate)
    record = [a_record(envelope={"id": one}) for one in IDS]

    kept = sum(map(sampler.keeps, record))

    assert abs(kept - rate * len(IDS)) <= 4 * (len(IDS) * rate * (1 - rate)) ** 0.5


def test_the_documented_hash_decides() -> None:
    """Anybody can compute whether a record was kept."""
    share = int.from_bytes(sha256(RECORD_ID.encode()).digest()[:8], "big") / 2**64

    assert Sampler(rate=share + 0.001).keeps(a_record())
    assert not Sampler(rate=share - 0.001).keeps(a_record())


def test_a_larger_share_keeps_what_a_smaller_one_kept() -> None:
    """Whoever raises the rate loses sight of nothing."""
    few, many = Sampler(rate=0.2), Sampler(rate=0.4)
    records = [a_record(envelope={"id": one}) for one in IDS[:500]]

    assert [one for one in records if few.keeps(one) and not many.keeps(one)] == []


@pytest.mark.parametrize("status", [400, 404, 500, 599])
def test_every_error_is_kept_and_stands_for_itself(status: int) -> None:
    """Nobody wants to miss one, and its weight is one."""
    record = a_record(status=status)
    sampler = Sampler(rate=0.0)

    assert sampler.keeps(record)
    assert sampler.noted(record, record.entry) is record.entry


def test_without_a_rate_nothing_is_noted() -> None:
    """The comment is written only when sampling is on."""
    record, sampler = a_record(), Sampler()

    assert sampler.keeps(record)
    assert sampler.noted(record, record.entry) is record.entry


@pytest.mark.parametrize(
    ("rate", "note"),
    [
        (0.1, "sampled: 1 of 10"),
        (0.5, "sampled: 1 of 2"),
        (0.3, "sampled: 1 of 3.333"),
        (0.000_001, "sampled: 1 of 1000000"),
        (0.9999, "sampled: 1 of 1"),
    ],
)
def test_the_weight_stands_in_the_comment(rate: float, note: str) -> None:
    """Everything else of the entry stays as it is."""
    record = a_record()

    noted = Sampler(rate=rate).noted(record, record.entry)

    assert noted.startswith(record.entry[:-1])
    assert json.loads(noted) == {**json.loads(record.entry), "comment": note}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from a proxy", "from a proxy; sampled: 1 of 10"),
        ('"}', '"}; sampled: 1 of 10'),
        ("", "sampled: 1 of 10"),
    ],
)
def test_a_comment_that_is_there_already_stays(before: str, after: str) -> None:
    """The weight is appended to it, and there is one comment."""
    record = a_record(comment=before)

    noted = Sampler(rate=0.1).noted(record, record.entry)

    assert noted.count(b'"comment"') == 1
    assert json.loads(noted) == {**json.loads(record.entry), "comment": after}


def test_a_comment_elsewhere_is_no_comment_of_the_entry() -> None:
    """A body that was cut has one of its own."""
    record = a_record(given={"size": 9, "mimeType": "x", "text": "y", "comment": "cut"})

    noted = json.loads(Sampler(rate=0.1).noted(record, record.entry))

    assert noted["comment"] == "sampled: 1 of 10"
    assert noted["response"]["content"]["comment"] == "cut"


def test_blanks_after_the_entry_do_no_harm() -> None:
    """Another writer may lay a line out with blanks."""
    record = a_record()

    noted = Sampler(rate=0.1).noted(record, record.entry + b" \n")

    assert json.loads(noted)["comment"] == "sampled: 1 of 10"
