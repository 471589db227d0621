"""What looks like a secret is found, what only resembles one is not."""

from __future__ import annotations

from itertools import pairwise

import pytest

from shipper.detect import (
    KINDS,
    Detectors,
    Finding,
    masked_sample,
    shape_of,
)
from tests.support.tokens import HARMLESS, NAMED_SECRET, PEM, TOKENS, a_jwt

ALL = Detectors()


@pytest.mark.parametrize(("kind", "token"), TOKENS)
def test_a_secret_is_found_by_its_looks(kind: str, token: str) -> None:
    """In the middle of a text as well as alone."""
    for text in (token, f"before {token} after", f'"{token}"', f"\n{token},"):
        found = ALL.find(text)

        assert [one.kind for one in found] == [kind], text
        assert text[found[0].start : found[0].end] in token


@pytest.mark.parametrize("text", ["/keys/{}", "https://h/keys/{}/rotate", "{}/keys"])
def test_an_access_key_id_may_be_a_step_of_a_path(text: str) -> None:
    """A header or a value of JSON is not taken apart as a URL is."""
    key = "AKIA" + "IOSFODNN7EXAMPLE"

    (found,) = ALL.find(text.format(key))

    assert found == Finding("aws-key", text.index("{"), text.index("{") + len(key))


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_resembles_a_secret_is_let_go(text: str) -> None:
    """A false alarm costs trust in all others; masks are none of it."""
    assert ALL.find(text) == []


def test_every_kind_has_an_example() -> None:
    """No kind is documented that nothing shows."""
    assert {kind for kind, _ in TOKENS} == set(KINDS)


def test_a_key_is_found_to_its_end() -> None:
    """What follows the key is not taken with it, and neither is what precedes."""
    (found,) = ALL.find(f"a {PEM} b")

    assert found == Finding("private-key", 2, 2 + len(PEM))


def test_a_key_that_was_cut_is_found_as_far_as_it_goes() -> None:
    """A body may be cut in the middle of it."""
    text = PEM[:50]

    assert ALL.find(text) == [Finding("private-key", 0, 50)]


def test_of_two_in_one_place_the_plainer_is_told() -> None:
    """A bearer token that is a JWT is called one."""
    text = f"Bearer {a_jwt()}"

    assert [one.kind for one in ALL.find(text)] == ["jwt"]


def test_several_are_told_in_order() -> None:
    """None overlaps another."""
    text = " ".join(token for _, token in TOKENS)

    found = ALL.find(text)

    assert len(found) >= len(TOKENS) - 3
    assert all(one.end <= two.start for one, two in pairwise(found))


@pytest.mark.parametrize(
    "name", ["SecretAccessKey", "aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"]
)
def test_some_are_known_by_their_name_alone(name: str) -> None:
    """The name may stand apart from the value, or beside it."""
    apart = ALL.find(NAMED_SECRET, name)
    beside = ALL.find(f'{name}": "{NAMED_SECRET}')

    assert apart == [Finding("aws-key", 0, len(NAMED_SECRET))]
    assert [one.kind for one in beside] == ["aws-key"]
    assert ALL.find(NAMED_SECRET, "name") == []


def test_what_a_name_holds_is_not_told_of_its_value() -> None:
    """A value has its own places."""
    assert ALL.find("x", name="AKIA" + "IOSFODNN7EXAMPLE") == []


def test_only_the_wanted_kinds_are_looked_for() -> None:
    """Neither the look nor the scan sees any other."""
    cards = Detectors(["card-number"])
    jwts = Detectors(["jwt"])
    card, jwt = "4111111111111111", a_jwt()

    assert [one.kind for one in cards.find(f"{card} {jwt}")] == ["card-number"]
    assert [one.kind for one in jwts.find(f"{card} {jwt}")] == ["jwt"]
    assert (cards.may_hold(jwt.encode()), jwts.may_hold(card.encode())) == (
        False,
        False,
    )
    assert not Detectors([]).are_any


@pytest.mark.parametrize(
    "entry",
    [
        b'{"id":"5eed0000-0000-4000-8000-000000000012"}',
        b'{"time":1795435200123456789,"id":"1234567812345670"}',
        b'{"text":"{\\"name\\":\\"caf\\u00e9\\"}","url":"https://h/a%20b%2Fc%3Dd"}',
        b'{"X-Api-Key":"sha512-","max-age=31536000":"image_url","a":"task_run"}',
    ],
)
def test_ordinary_entries_are_let_through(entry: bytes) -> None:
    """Ids, times, escapes of other letters: none of it needs a closer look."""
    assert not ALL.may_hold(entry)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "id 12-4111-1111-1111-1111",
        "%224111111111111111%22",
        "%C3488086-5569004814918",
        "\\u00e9628971 6319629763683",
        "card=4111+1111+1111+1111",
        "card=4111%201111%201111%201111",
        "1795657166213 4222222222222",
        "5eed0000-0000-4000-8000-378282246310005 378282246310005",
        "3400 000000 00009",
        "4000-0000-0000-0000-006",
        "\\u005cu20204111111111111111",
    ],
)
def test_a_card_is_seen_beside_ids_and_escapes(text: str) -> None:
    """Other digits stand before it, or the end of an escape does."""
    assert Detectors(["card-number"]).may_hold(text.encode())


@pytest.mark.parametrize(
    "escape", ["\\u005cu0041", "\\u005Cu0041", "%5cu0041", "\\u0041"]
)
def test_an_escape_may_be_escaped_itself(escape: str) -> None:
    """Its backslash, that is: what is found in the text decoded once more."""
    entry = f'{{"text":"{escape}KIA{"IOSFODNN7EXAMPLE"}"}}'

    assert ALL.may_hold(entry.encode())


def test_a_text_of_numbers_is_not_judged_place_by_place() -> None:
    """Many look like cards and none is: nothing is known of it."""
    ids = ",".join(["4111111111111112"] * 9)

    assert ALL.may_hold(ids.encode())
    assert ALL.find(ids) == []


def test_a_sample_gives_nothing_away() -> None:
    """Length and shape are all that is shown, and not all of the shape."""
    text = "card 4111 1111 1111 1111"
    (found,) = ALL.find(text)

    assert masked_sample(text, found) == "9999 9999 9999 9999 (19 characters)"
    assert (
        shape_of("Ab1-\n\u00e9" + "x" * 40)
        == "Aa9-?a" + "a" * 18 + "\u2026 (46 characters)"
    )
