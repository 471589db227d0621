"""Nothing listed leaves, wherever and however it is spelled; its neighbour does."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from shipper.adopt import Adopter
from shipper.foreign import Foreign
from shipper.har import decode
from shipper.redact import Redacted, Redactor
from tests.support.planted import NAMES, NEIGHBOUR, SECRET, Planted, planted, readings
from tests.support.records import RECORD_ID, compact, parsed
from wsgi_writer.mask import Masks

HEAD = {"v": 1, "id": RECORD_ID, "client": "203.0.113.9"}
DENY = Redactor(denylist=NAMES)
REMOVE = Redactor(denylist=NAMES, redaction="remove")
EITHER = st.sampled_from([DENY, REMOVE])
ALLOW = Redactor(allowlist=["neighbour"])
# Without lists of the writer's own, so that the redactor's are put to the test.
ADOPTER = Adopter(masks=Masks(fields=None), base_url="https://h")
PIECES = ["a", "/", "=", "&", ";", "?", "#", "%23", "%", "%7B", "{", "next=", "b=c"]


def left(redactor: Redactor, found: Planted) -> bytes:
    """Return the entry that leaves."""
    result = redactor.apply(found.record)
    assert isinstance(result, Redacted)
    return result.entry


@given(EITHER, planted())
@settings(max_examples=600)
def test_no_secret_under_a_listed_name_leaves(
    redactor: Redactor, found: Planted
) -> None:
    """Not in clear, not escaped, not in Base64, from no place."""
    assert SECRET not in readings(left(redactor, found))


@given(EITHER, planted())
@settings(max_examples=600)
def test_the_harmless_neighbour_leaves(redactor: Redactor, found: Planted) -> None:
    """Hiding one value must not cost the others."""
    entry = left(redactor, found)

    assert NEIGHBOUR in readings(entry)


@given(EITHER, planted())
def test_what_leaves_is_a_valid_entry(redactor: Redactor, found: Planted) -> None:
    """A redacted record is a record still."""
    entry = left(redactor, found)

    assert decode(entry).request.method == "GET"


@given(planted())
def test_under_an_allowlist_nothing_else_leaves(found: Planted) -> None:
    """No name, no value: only what is listed is sent."""
    assert SECRET not in readings(left(ALLOW, found))


@given(EITHER, planted())
def test_redaction_is_settled_in_one_go(redactor: Redactor, found: Planted) -> None:
    """Redacting what was redacted changes nothing more: marks are left alone."""
    once = left(redactor, found)
    again = parsed(compact({**HEAD, "entry": 0})[:-2] + once + b"}")

    assert redactor.apply(again) == Redacted(once)


@given(
    EITHER,
    st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
    st.sampled_from(["password", "card%5Fnumber", "user[kiss]", "KISS", "a.password"]),
)
@settings(max_examples=600)
def test_no_secret_behind_a_raw_hash_leaves(
    redactor: Redactor, lead: str, name: str
) -> None:
    """A target has no fragment, but logs hold what clients sent all the same."""
    foreign = Foreign(
        started_ns=0, method="GET", target=f"/{lead}#{name}=hunter2", status=200
    )
    line = ADOPTER.adopt(foreign, RECORD_ID)
    assert isinstance(line, bytes)
    result = redactor.apply(parsed(line))
    assert isinstance(result, Redacted)

    assert "hunter2" not in readings(result.entry)
