"""The weight of a sampled record is added to its entry, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shipper.sample import Sampler
from tests.support.records import a_record, text_content

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(body=TEXTS, comment=st.none() | TEXTS, rate=st.floats(0.001, 0.999))
def test_only_the_comment_changes(body: str, comment: str | None, rate: float) -> None:
    """Whatever the texts hold, the entry stays one JSON object with one comment."""
    changes: dict[str, Any] = {} if comment is None else {"comment": comment}
    record = a_record(given=text_content(body), **changes)

    noted = json.loads(Sampler(rate=rate).noted(record, record.entry))

    told = noted.pop("comment")
    before = json.loads(record.entry)
    assert told.startswith(before.pop("comment", "") or "sampled")
    assert told.rpartition("sampled: 1 of ")[2].replace(".", "").isdecimal()
    assert noted == before
