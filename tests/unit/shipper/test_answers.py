"""The table of answers: what each status, header and body means for the records."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.answers import MAX_REASON_CHARACTERS, receipt_for
from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
LOGIN_PAGE = b"\xef\xbb\xbf \r\n<!DOCTYPE html><title>Hotel\n Wi-Fi</title>"
VALIDATION_ERROR = json.dumps(
    {
        "errors": {"queryString.0.value": {"message": "is required", "name": "x"}},
        "_message": "ignored",
        "message": "Validation failed",
        "name": "ValidationError",
    }
).encode()


def receipt(
    status: int, body: bytes = b"{}", headers: dict[str, str] | None = None
) -> Receipt:
    """Return the receipt of an answer at `NOW`."""
    return receipt_for(status, headers or {}, body, now=NOW)


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"OK", b"<html>", b"\xff\xfe", b'{"errors": {}}', b"[1]"]
)
def test_202_delivers_whatever_its_body(body: bytes) -> None:
    """202 is the receiver's own word: no kind of body makes it anything else."""
    assert Delivered(202) == receipt(202, body)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_other_success_delivers(status: int) -> None:
    """Any other 2xx delivers too when nothing in it says otherwise."""
    assert Delivered(status) == receipt(status, b"OK")


@pytest.mark.parametrize("status", [200, 201, 202])
def test_success_with_errors_is_a_refusal(status: int) -> None:
    """A success whose JSON carries errors is a refusal in the receiver's words."""
    expected = Refused(
        status,
        f"{status} with errors: Validation failed; queryString.0.value: is required",
    )
    assert expected == receipt(status, VALIDATION_ERROR)


@pytest.mark.parametrize("errors", ["[]", "{}", "null", '""', "false"])
def test_empty_errors_are_none(errors: str) -> None:
    """An empty `errors` member refuses nothing."""
    assert Delivered(200) == receipt(200, f'{{"errors": {errors}}}'.encode())


def test_errors_deeper_down_are_no_refusal() -> None:
    """Only the answer's own `errors` count, not one inside something else."""
    assert Delivered(200) == receipt(200, b'{"echo": {"errors": ["a"]}}')


def test_errors_of_an_answer_cut_short_still_refuse() -> None:
    """An answer too long to be read whole is searched: no loss by truncation."""
    cut = b'{"errors": {"a": {"message": "' + b"x" * 70_000

    assert isinstance(receipt(202, cut), Refused)


def test_empty_errors_of_an_answer_cut_short_deliver() -> None:
    """What is cut but shows empty errors is not taken for a refusal."""
    assert Delivered(202) == receipt(202, b'{"errors": [ ], "echo": "' + b"x" * 70_000)


def test_hostile_nesting_is_survived() -> None:
    """An answer nested a hundred thousand deep is judged like any other."""
    hostile = b'{"errors":' + b"[" * 100_000

    assert isinstance(receipt(200, hostile), Refused)


def test_a_page_instead_of_an_answer_is_held() -> None:
    """A captive portal's 200 is no delivery, and its title tells who it was."""
    answer = receipt(200, LOGIN_PAGE)

    assert isinstance(answer, Deferred)
    assert (answer.cause, answer.status) == (Cause.HOLD, 200)
    assert "captive portal" in answer.reason
    assert answer.reason.endswith("page titled 'Hotel Wi-Fi'")


def test_a_network_that_wants_a_login_is_no_failure_of_the_receiver() -> None:
    """511 is what stands in between that speaks; it says what a person has to do."""
    answer = receipt(511, LOGIN_PAGE)

    assert isinstance(answer, Deferred)
    assert answer.cause is Cause.NETWORK
    assert answer.reason == "511: this network wants a login: page titled 'Hotel Wi-Fi'"
    assert "log in to this network" in (answer.hint or "")


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("X-GZip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", partial(zlib.compress, wbits=-zlib.MAX_WBITS)),
    ],
    ids=["gzip", "x-gzip", "deflate", "raw"],
)
def test_a_packed_answer_means_what_is_in_it(
    encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    """Nobody asked for it, and a portal that packs its page delivers nothing."""
    headers = {"Content-Encoding": encoding}

    assert receipt(200, LOGIN_PAGE) == receipt(200, pack(LOGIN_PAGE), headers)
    assert receipt(202, VALIDATION_ERROR) == receipt(
        202, pack(VALIDATION_ERROR), headers
    )


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"\x1f\x8b\x08", gzip.compress(b"x" * 99, mtime=0)[:-9]]
)
def test_what_only_says_that_it_is_packed_is_taken_as_it_is(body: bytes) -> None:
    """A 202 is the receiver's word, however its body has come out."""
    assert Delivered(202) == receipt(202, body, {"Content-Encoding": "gzip"})


def test_a_packed_answer_is_not_unpacked_without_end() -> None:
    """A hostile server gets no memory for a few bytes."""
    bomb = gzip.compress(b" " * 50_000_000 + b"<")

    assert Delivered(200) == receipt(200, bomb, {"Content-Encoding": "gzip"})


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refusal_is_about_the_records(status: int) -> None:
    """400, 413 and 422 refuse the body; only 413 asks for smaller ones."""
    expected = Refused(status, f"{status}: too bad", is_too_large=status == 413)
    assert expected == receipt(status, b'{"message": "too bad"}')


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        *((status, Cause.HOLD) for status in (401, 402, 407)),
        (403, Cause.FORBIDDEN),
        *((status, Cause.UNAVAILABLE) for status in (408, 425, 500, 502, 503, 504)),
        *((status, Cause.UNAVAILABLE) for status in (501, 520, 599)),
        (429, Cause.BUSY),
        *((status, Cause.HOLD) for status in (300, 301, 302, 304, 307, 308)),
        *((status, Cause.HOLD) for status in (404, 405, 406, 409, 410, 411, 415)),
        *((status, Cause.HOLD) for status in (418, 426, 431, 451, 499)),
        *((status, Cause.HOLD) for status in (100, 101, 103, 600, 999)),
    ],
)
def test_every_other_status_defers(status: int, cause: Cause) -> None:
    """No other status can lose a record: each is a deferral of its cause."""
    answer = receipt(status)

    assert isinstance(answer, Deferred)
    assert (cause, status) == (answer.cause, answer.status)
    assert answer.reason.startswith(f"{status}: ")
    assert not answer.body_sent


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("86401", 86_400.0),
        ("999999999999", 86_400.0),
        ("Mon, 23 Nov 2026 12:02:00 GMT", 120.0),
        ("Monday, 23-Nov-26 12:02:00 GMT", 120.0),
        ("Mon Nov 23 12:02:00 2026", 120.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 23 Nov 2029 12:00:00 GMT", 86_400.0),
    ],
)
def test_retry_after_is_believed_up_to_a_day(
    status: int, wish: str, seconds: float
) -> None:
    """Retry-After in any form HTTP allows is our pause, at most 24 hours."""
    answer = receipt(status, headers={"retry-AFTER": wish})

    assert isinstance(answer, Deferred)
    assert (Cause.BUSY, seconds) == (answer.cause, answer.retry_after_seconds)


@pytest.mark.parametrize("hours", [-3, 0, 3])
def test_a_date_is_read_by_the_clock_of_who_gave_it(hours: int) -> None:
    """A clock that is behind does not wait for hours, and one ahead not too little."""
    told = {
        "Date": format_datetime(NOW + timedelta(hours=hours), usegmt=True),
        "Retry-After": format_datetime(NOW + timedelta(hours=hours, seconds=90), True),
    }
    answer = receipt(429, headers=told)

    assert isinstance(answer, Deferred)
    assert answer.retry_after_seconds == 90.0


@pytest.mark.parametrize(
    "wish", ["", "-5", "soon", "1e3", "9" * 5000, "٣", "Mon, 99 Foo 2026"]
)
def test_a_wish_that_cannot_be_read_is_none(wish: str) -> None:
    """A Retry-After that makes no sense is as good as none."""
    busy = receipt(429, headers={"Retry-After": wish})
    unavailable = receipt(503, headers={"Retry-After": wish})

    assert isinstance(busy, Deferred) and isinstance(unavailable, Deferred)
    assert (busy.cause, busy.retry_after_seconds) == (Cause.BUSY, None)
    assert (
        unavailable.cause,
        unavailable.retry_after_seconds,
    ) == (Cause.UNAVAILABLE, None)


def test_retry_after_elsewhere_is_ignored() -> None:
    """Only 429 and 503 may ask for a pause: a 500 with Retry-After backs off."""
    answer = receipt(500, headers={"Retry-After": "3600"})

    assert isinstance(answer, Deferred)
    assert (answer.cause, answer.retry_after_seconds) == (Cause.UNAVAILABLE, None)


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("https://login.example/?token=t0psecret", " to https://login.example,"),
        ("//other.example/x", " to other.example,"),
        ("/login?token=t0psecret", " to another path of the same host,"),
        ("http://[bad", ","),
        ("", ","),
    ],
)
def test_a_redirect_is_told_without_its_query(location: str, told: str) -> None:
    """The reason names where a redirect leads, never its path or query."""
    answer = receipt(302, headers={"Location": location})

    assert isinstance(answer, Deferred)
    assert f"302: redirected{told} which is never followed" == answer.reason


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no reason given"),
        (b"  plain\x1b[31m\nwords \x00", "plain [31m words"),
        (b'"quoted"', "quoted"),
        (b'{"error": "a", "detail": "b"}', "a; b"),
        (b'{"errors": ["one", {"message": "two"}, 3]}', "one; two; 3"),
        (b'{"errors": "text"}', "text"),
        (b'{"code": 7}', '{"code":7}'),
        (b"[1,2]", "[1,2]"),
        (b"<html>no title</html>", "a page"),
        (b"<html><TITLE lang=en>413 Too Big</title>", "page titled '413 Too Big'"),
        (b"\xff", "\ufffd"),
    ],
)
def test_reasons_quote_the_receiver_on_one_line(body: bytes, words: str) -> None:
    """Whatever the receiver says becomes one printable line."""
    assert Refused(400, f"400: {words}") == receipt(400, body)


def test_reasons_are_short() -> None:
    """A long answer is cut, so that an event stays one readable line."""
    answer = receipt(400, b"x" * 60_000)

    assert isinstance(answer, Refused)
    assert len(answer.reason) <= MAX_REASON_CHARACTERS + len("400: ")
    assert answer.reason.endswith("…")


@given(
    status=st.integers(min_value=100, max_value=999),
    body=st.one_of(
        st.binary(max_size=200),
        st.binary(max_size=100).map(lambda rest: b'{"errors":' + rest),
    ),
    wish=st.text(max_size=40),
)
def test_no_answer_is_beyond_the_table(status: int, body: bytes, wish: str) -> None:
    """Whatever comes is judged, and only a success can be a delivery."""
    answer = receipt(status, body, {"Retry-After": wish, "Location": wish})

    assert not isinstance(answer, Delivered) or 200 <= status < 300
    assert isinstance(answer, Delivered) or answer.reason.isprintable()
