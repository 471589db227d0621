"""Law: the straight way to a line gives the same bytes as the plain one, or none."""

from __future__ import annotations

import gzip
import json
from json.encoder import encode_basestring
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.recorded import LIMIT, Exchanges
from tests.support.wsgi import an_environ
from wsgi_writer.quoting import LONG, quote

NAMES = st.one_of(
    st.sampled_from(
        [
            "Content-Type", "Content-Encoding", "Content-Length", "Location", "Date",
            "Set-Cookie", "Authorization", "X-Api-Key", "Cookie", "Referer", "X-%s-{}",
            "content-type", "X-Token", "Proxy-Authorization",
            "X-Forwarded-Host", "Origin",
        ]
    ),
    st.text(st.characters(max_codepoint=255), min_size=1, max_size=8),
)  # fmt: skip
TYPES = st.sampled_from(
    [
        "", "application/json", "text/plain", "text/html; charset=utf-16",
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=b",
        "image/png", "application/problem+json; charset=utf-8", "text/caf\xe9",
    ]
)  # fmt: skip
VALUES = st.one_of(
    TYPES,
    st.sampled_from(
        [
            "gzip", "identity", "Bearer abcdefghijkl", "Basic b3dsOnNlY3JldA==",
            "/x?token=abcdefghijkl", "session=abc; theme=dark", "key_1", "100%",
            "sid=abc; Path=/; HttpOnly", "sid=abc; Path=/; other=abc",
            "https://owl:abcdefghijkl@h/", "owl:abcdefghijkl@h", "owl@example.com",
        ]
    ),
    st.text(st.characters(max_codepoint=255), max_size=12),
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=2 * LIMIT),
    st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(
        [
            b"", b'{"a": 1}', b'{"password": "hunter2", "b": [1]}', b"a=1&token=2",
            '{"é": "猫", "cvv": "ä"}'.encode(), b'[{"cvv": 1}, {"a": "cvv"}]', b"\\",
            b'{"a": "\\u0070assword"}', b'{"password": ', b"\x1f\x8b\x08", b"{" * 100,
            b'--b\r\nContent-Disposition: form-data; name="cvv"\r\n\r\n1\r\n--b--',
        ]
    ),
)  # fmt: skip
# Bodies with a type and a coding that fit them, which chance would rarely find.
FITTING = st.sampled_from(
    [
        ("application/json", b'{"a": 1}', ""),
        ("application/json", gzip.compress(b'{"a": 1}'), "gzip"),
        ("application/json", gzip.compress(b'{"cvv": "123"}'), "gzip"),
        ("application/json", b'{"password": ', ""),
        ("application/json", b'{"password": "hunter2"}', ""),
        ("application/json", '{"é": "猫", "cvv": "ä"}'.encode(), ""),
        ("application/json", b'{"\\u0063vv": "1", "\\ud83e": "cvv"}', ""),
        # What is escaped here is no more where the inner document was masked.
        ("application/json", rb'{"a": "{\"cvv\": 1, \"b\": \"\uffff\"}"}', ""),
        ("application/json", rb'{"a": "{\"cvv\": 1, \"b\": \"\ud83e\"}"}', ""),
        ("application/json", '{"é": "\ufdd0"}'.encode(), ""),
        ("text/plain", '\xa0{"cvv": "ä"}'.encode(), ""),
        ("application/x-www-form-urlencoded", b"a=1&password=2", ""),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--',
            "",
        ),
    ]
)
STATUSES = st.sampled_from(
    ["200 OK", "404 Not Found", "204", "999 ", "1000 X", "x", "", "302 caf\xe9", None]
)
CGI_KEYS = (
    "HTTP_HOST", "HTTP_X_API_KEY", "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_REFERER",
    "HTTP_CONTENT_TYPE", "HTTP_X_FORWARDED_FOR", "HTTP_CONTENT_ENCODING", "HTTP_X__S_",
    "HTTP_TRANSFER_ENCODING", "RAW_URI", "QUERY_STRING", "REMOTE_ADDR", "PATH_INFO",
    "SERVER_PROTOCOL", "REQUEST_METHOD", "CONTENT_LENGTH", "wsgi.url_scheme",
    "HTTP_ORIGIN",
)  # fmt: skip
# What a server or an application gives that is no text, or text of another kind.
ODD = st.sampled_from([7, None, b"bytes", ("a", "b", "c"), type("Text", (str,), {})()])


@given(
    several=st.lists(
        st.dictionaries(st.sampled_from(CGI_KEYS), VALUES | ODD), min_size=1, max_size=4
    ),
    sent=FITTING | st.tuples(TYPES, BODIES, st.just("")),
    status=STATUSES,
    headers=st.just([("Content-Type", "application/json")])
    | st.lists(st.tuples(NAMES, VALUES) | ODD, max_size=5),
    answer=st.lists(BODIES, max_size=3),
    read=st.sampled_from([-1, -1, -1, 2]),
    is_cut=st.sampled_from([False, False, False, True]),
    route=st.sampled_from([None, "/x/{id}", "/x?token=abcdefghijkl", 7]),
    caller=st.sampled_from([None, {"api_key": "owl-key-123", "label": "\xff"}, 7]),
    peers=st.sampled_from([(), ("192.0.2.0/24",)]),
    room=st.sampled_from([0, 0, 1500]),
)
def test_both_ways_give_the_same_bytes(
    *,
    several: list[dict[str, Any]],
    sent: tuple[str, bytes, str],
    status: Any,
    headers: list[Any],
    answer: list[bytes],
    read: int,
    is_cut: bool,
    route: object,
    caller: object,
    peers: tuple[str, ...],
    room: int,
) -> None:
    """What the straight way lays out is what the plain way would, each time."""
    exchanges = Exchanges(peers, room)
    content_type, body, coding = sent
    for more in (*several, *several):  # unknown the first time, then remembered
        environ = an_environ("/caf\xe9", "POST", body=body)
        environ |= {"CONTENT_TYPE": content_type, **more, "wsgi_writer.route": route}
        if coding:
            environ["HTTP_CONTENT_ENCODING"] = coding
        if caller is not None:
            environ["wsgi_writer.caller"] = caller
        recorder = exchanges.serve(
            environ, status, headers, answer, read=read, is_cut=is_cut
        )
        usual = exchanges.journal.usual_line(recorder, recorder.verdict())

        if usual is not None:
            plain = exchanges.journal.plain_line(
                recorder, recorder.received, recorder.headers
            )
            assert plain == usual


@given(
    values=st.lists(st.text(st.characters(max_codepoint=255)), min_size=3, max_size=3),
    body=st.sampled_from([b"", b'{"a": 1}', b'{"password": "hunter2"}', b"\xff\x00"]),
    answer=BODIES,
)
def test_usual_exchanges_take_the_straight_way(
    values: list[str], body: bytes, answer: bytes
) -> None:
    """Neither what headers hold nor what a body is turns an exchange away."""
    exchanges = Exchanges()
    environ = an_environ("/a", "POST", body=body, HTTP_X_API_KEY=values[0])
    environ |= {"HTTP_X_A": values[1], "CONTENT_LENGTH": str(len(body))}
    headers = [("Content-Type", "application/json"), ("X-B", values[2])]

    recorder = exchanges.serve(environ, "200 OK", headers, [answer])

    line = exchanges.journal.usual_line(recorder, recorder.verdict())
    assert [line] == exchanges.file.lines
    assert line is not None
    assert json.loads(b"".join(line))["entry"]["response"]["status"] == 200


LONG_TEXTS = st.builds(
    lambda piece, times, end: piece * times + end,
    st.text(min_size=1, max_size=30),
    st.integers(1, LONG),
    st.text(max_size=5),
)


@given(text=st.text() | LONG_TEXTS)
@example(text="".join(map(chr, range(128))) * 40)
@example(text='a "word" on\nevery\r\nline\t\f\b ' * 200)
@example(text="x" * LONG + "\x00")
@example(text="x" * LONG + "\x0b")
@example(text="x" * LONG + "\x1f\x7f")
@example(text="x" * LONG + '\\"')
def test_long_texts_are_quoted_as_the_standard_library_does(text: str) -> None:
    """The faster way to quote a text gives the very same string."""
    assert encode_basestring(text) == quote(text)
