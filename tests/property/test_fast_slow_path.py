"""The scan that lets records through unread never lets one through by mistake."""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shipper.disguises import FOLDING
from shipper.lists import Lists
from shipper.mentions import Mentions
from shipper.model import Reject
from shipper.policy import Redaction
from shipper.record import Record
from shipper.redact import Redacted, Redactor
from tests.support.planted import NAMES, Planted, planted
from tests.support.records import a_record, json_content, text_body, text_content

LISTS = st.sampled_from(
    [
        NAMES,
        ("password",),
        ("user.password", "n.kiss"),
        ("*.card_number", "n.*"),
        ("pass word", "kiss"),
        ("pässword", "neighbour"),
        ("a", "x", "name", "value"),
        ("request.password", "response.body.kiss", "header.card_number"),
        ("query.password", "body.user.kiss", "response.header.kiss"),
    ]
)


@cache
def redactor_of(names: tuple[str, ...], redaction: Redaction = "mark") -> Redactor:
    """Return the one of these names, whose automaton takes time to make."""
    return Redactor(denylist=names, redaction=redaction)


DENY = redactor_of(NAMES)
# What HAR itself calls the members of an entry is passed over where it does.
OF_HAR = Redactor(denylist=("name", "text", "cookie", "url", "response.header.value"))
URL = "".join(map(chr, range(33, 127)))  # what may stand in one
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

# Pieces that a name may be read from.
BYTES = [b"pass", b"word", b"ki", b"S", b"s", b"\xdf", b"\xc3\x9f", b"\xc5\xbf", b"\0"]
BYTES += [b"%", b"73", b"%5C", b"\\", b"u0073", b"n", b" ", b"_", b"\xff"]
# Longer than any name is, however it is spelled, and with more letters than bytes.
AFAR = b"\xdf\xfe\0." * 60


def alphabet(*extra: str) -> st.SearchStrategy[str]:
    """Text rich in what names are spelled and hidden with."""
    pieces = ["password", "kiss", "KISS", "ki", "ss", "s", "\u017f", "\u00df", "\u212a"]
    pieces += ['"', "\\", "\\u0073", "\\u017F", "%", "%73", "%C3%9F", "%25", "&", "="]
    pieces += ["?", ";", "#", "{", "}", "[", "]", ":", ",", " ", "\0", "é", "\ufeff"]
    return st.lists(st.sampled_from([*pieces, *extra]), max_size=14).map("".join)


@given(planted(), LISTS, st.sampled_from(["mark", "remove"]))
@settings(max_examples=600)
def test_fast_and_slow_path_give_the_same_bytes(
    found: Planted, names: tuple[str, ...], redaction: Redaction
) -> None:
    """What the scan lets through, the slow path would not have changed."""
    redactor = redactor_of(names, redaction)

    assert redactor.apply(found.record) == redactor.rewrite(found.record)


@given(text=alphabet(), mime_type=st.sampled_from(["application/json", "text/plain"]))
@example(text='{"ki\u00df":1}', mime_type="application/json")
@example(text='"{\\"kiss\\":1}"', mime_type="text/plain")
@example(text="{kiss:1}", mime_type="text/plain")
@example(text="k\0i\0s\0s", mime_type="text/plain")
@settings(max_examples=400)
def test_no_odd_text_slips_through(text: str, mime_type: str) -> None:
    """The same for bodies made of the very pieces that hide names."""
    record = a_record(given=text_content(text, mime_type))

    assert DENY.apply(record) == DENY.rewrite(record)


@given(key=alphabet(), value=alphabet())
@settings(max_examples=400)
def test_no_odd_member_slips_through(key: str, value: str) -> None:
    """The same for JSON members with odd names and values."""
    record = a_record(given=json_content({"a": [{key: value}]}))

    assert DENY.apply(record) == DENY.rewrite(record)


@given(
    place=st.sampled_from(
        [
            "header",
            "cookie",
            "referer",
            "query",
            "param",
            "url",
            "path",
            "flag",
            "field",
            "body",
        ]
    ),
    name=alphabet("-", "%23"),
    value=alphabet("https://h/p", "%23"),
)
@example(place="query", name="kiss", value="1")
@example(place="param", name="a[kiss]", value="1")
@example(place="param", name='{"u', value='=","kiss":1}')
@example(place="field", name="a kiss", value="")
@example(place="param", name="a", value="DATA:;base64,a2lzcz0x")
@example(place="body", name="", value="Data:text/plain;base64,a2lzcz0x")
@example(place="flag", name='{"ki\\u0073s":1}', value="")
@example(place="url", name="%7B%22kiss%22:1%7D", value="")
@example(place="url", name='a={"b":"?kiss=1"}', value="")
@example(place="path", name="%23a", value="{?kiss=1")
@example(place="path", name="a;b", value="%7B?kiss=1")
@settings(max_examples=400)
def test_no_odd_header_or_parameter_slips_through(
    place: str, name: str, value: str
) -> None:
    """The same for headers, cookies, parameters and forms."""
    pairs = [(name, value)]
    param = {"name": name, "value": value}
    record = {
        "header": lambda: a_record(request_headers=pairs),
        "cookie": lambda: a_record(request_headers=[("Cookie", f"{name}={value}")]),
        "referer": lambda: a_record(request_headers=[("Referer", value)]),
        "query": lambda: a_record(query=pairs),
        "param": lambda: a_record(sent={"mimeType": "x", "params": [param]}),
        "url": lambda: a_record(url=f"https://h/p?{quote(name + '&' + value, URL)}"),
        "path": lambda: a_record(url=f"https://h/{quote(f'{name}={value}', URL)}"),
        "body": lambda: a_record(sent={"mimeType": "text/plain", "text": value}),
        "flag": lambda: a_record(query=[(name, "")]),
        "field": lambda: a_record(
            sent={"mimeType": FORM, "params": [{"name": name, "value": ""}]}
        ),
    }[place]()

    assert DENY.apply(record) == DENY.rewrite(record)


@given(
    text=alphabet("name", "text", "Cookie", "url", "value", '"name":', "x"),
    key=st.sampled_from(["name", "text", "cookies", "URL", "rename", "value", "a"]),
)
@example(text="namename", key="a")
@example(text='{"namename":1,"name":2}', key="a")
@example(text='name":"', key="name")
@settings(max_examples=400)
def test_no_name_that_har_has_too_slips_through(text: str, key: str) -> None:
    """In bodies, headers and parameters they are names like all others."""
    for parts in (
        {"given": text_content(text, JSON)},
        {"given": json_content({key: {key: text}})},
        {"request_headers": [(key, text)], "response_headers": [(key, text)]},
        {"query": [(key, text)], "url": f"https://h/p?{key}={quote(text)}"},
        {"sent": {"mimeType": "x", "params": [{"name": key, "value": text}]}},
    ):
        record = a_record(**parts)
        assert OF_HAR.apply(record) == OF_HAR.rewrite(record)


@st.composite
def listed_all_over(draw: st.DrawFn) -> Record:
    """A record with listed names and others in every place where names stand."""
    words = st.sampled_from(
        ["password", "Kiss", "kisses", "a", "x-kiss", "card_number", "card", "cookie"]
    )
    values = st.sampled_from(
        ["", "1", "hunter2", "a b", "é", "kiss", "[REDACTED 5]", 'a"kiss":1', "&kiss=1",
         "https://h/?kiss=1", "%6biss=1", "\\", "{kiss}", '{"kiss":1}', ",", "],", "\n"]
    )  # fmt: skip
    pairs = st.lists(st.tuples(words, values), max_size=3)
    inner = st.recursive(
        values | st.integers() | st.none() | st.booleans(),
        lambda some: (
            st.lists(some, max_size=3) | st.dictionaries(words, some, max_size=3)
        ),
        max_leaves=6,
    )
    texts = st.dictionaries(words, inner, max_size=3).map(
        lambda tree: json.dumps(
            tree,
            ensure_ascii=draw(st.booleans()),
            separators=draw(st.sampled_from([(",", ":"), (", ", ": ")])),
            indent=draw(st.sampled_from([None, None, 1])),
        )
    )
    query = draw(pairs)
    safe = draw(st.sampled_from(["", "/?:", '=&;{}"[]#']))
    url = "&".join(f"{name}={quote(value, safe)}" for name, value in query)
    routes: list[dict[str, Any]] = [{}, {"pageref": "/{kiss}"}, {"pageref": "/?kiss=1"}]
    return a_record(
        url=f"https://h/{draw(words)}?{quote(url, URL)}",
        request_headers=draw(pairs),
        query=query,
        sent=draw(st.none() | texts.map(lambda text: text_body(text, JSON))),
        response_headers=draw(pairs),
        given=draw(texts.map(lambda text: text_content(text, JSON))),
        **draw(st.sampled_from(routes)),
    )


@given(
    listed_all_over(),
    st.sampled_from(
        [("password", "kiss"), ("kiss", "card", "card_number"), ("header.kiss",),
         ("query.kiss", "body.password"), ("response.kiss",), ("a.kiss", "password"),
         ("cookie", "a"), ("name", "text", "url", "kiss"),
         ("request.body.kiss", "response.header.x-kiss")]
    ),
)  # fmt: skip
@settings(max_examples=1000)
def test_what_is_hidden_in_the_bytes_is_what_is_hidden_decoded(
    record: Record, names: tuple[str, ...]
) -> None:
    """Many names at once, some listed, some like them, and values that look alike."""
    redactor = redactor_of(names)

    assert redactor.apply(record) == redactor.rewrite(record)


@pytest.mark.parametrize("mime_type", [JSON, "multipart/form-data; boundary=b"])
@pytest.mark.parametrize(
    "text",
    [
        '{ "kiss": 1, "a": "\\\\" }',
        '{ "kiss": 1, "a\\"kiss": 2 }',
        '{ "kiss": 1, "a": "kiss\\n" }',
        '{ "kiss": 1, "a": "say \\"kiss\\" twice" }',
        '{ "kiss": 1, "a": "{\\"kiss\\": 1}" }',
        '{ "kiss": 1, "a": "[\\"{\\\\\\"kiss\\\\\\": 1}\\"]" }',
        '{ "kiss": 1, "kiss": {"kiss": [2]} }',
        '{ "kiss": "\\u00e9", "a": "\\u006b" }',
        '[ {"kiss": true}, "kiss", {"kiss": -1.0e5 }]',
        '{ "kiss": 1 }\n{ "kiss": 2 }',
    ],
)
def test_documents_are_hidden_alike_in_bytes_and_decoded(
    text: str, mime_type: str
) -> None:
    """Blanks tell whether a document was laid out anew."""
    record = a_record(
        sent=text_body(text, mime_type), given=text_content(text, mime_type)
    )

    assert DENY.apply(record) == DENY.rewrite(record)


@given(
    key=st.sampled_from(["pass word", "PÄSSWORD", "kiss/kiss", 'a"b', "a\\b", "other"]),
    ascii_only=st.booleans(),
)
def test_a_name_of_odd_letters_slips_through_nowhere(
    key: str, ascii_only: bool
) -> None:
    """Names that may be escaped in ways unknown to the scan are always looked for."""
    redactor = Redactor(denylist=["pass word", "pässword", "kiss/kiss", 'a"b', "a\\b"])
    text = json.dumps({key: 1}, ensure_ascii=ascii_only).replace("/", "\\/")
    record = a_record(given=text_content(text, "application/json"))

    assert redactor.apply(record) == redactor.rewrite(record)
    assert (b"REDACTED" in left(redactor.apply(record))) is (key != "other")


@given(
    st.lists(st.sampled_from([*BYTES, AFAR]), max_size=12).map(b"".join),
    LISTS | st.just(("s", "kiss")),
)
@example(b"%\x0073", ("s",))
@example(b"ki\xdf", ("kiss",))
@example(AFAR + b"ki\xdf " + AFAR, ("kiss",))
@example(b"kis\xc5\xbf", ("kiss",))
@example(b"\\u0073", ("s",))
@settings(max_examples=600)
def test_a_no_about_bytes_is_never_wrong(
    content: bytes, names: tuple[str, ...]
) -> None:
    """Bytes hold a name if they do so read as UTF-8 or as Latin-1."""
    lists = Lists(names)
    readings = content.decode("utf-8", "replace"), content.decode("latin-1")

    assert lists.occurs_in_bytes(content) is any(map(lists.occurs_in, readings))


@given(
    st.lists(
        st.sampled_from(
            ["ki", "kiss", "S", "s", "\u017f", "\0", "%", "%73", "73", "%5C", "%25",
             "\\", "\\n", "\\u0073", "u0073", "n", "name", "a-b", "-", "_", " ", '"',
             "é", "."]
        ),
        max_size=9,
    ).map("".join),
    st.sampled_from([("kiss",), ("s", "name"), ("a-b", "n"), ("b", "ss")]),
)  # fmt: skip
@example("\\name", ("name",))
@example("kiss\\u0073", ("kiss",))
@example("ki\0ss", ("kiss",))
@settings(max_examples=1500)
def test_a_glance_at_a_text_is_never_wrong(text: str, names: tuple[str, ...]) -> None:
    """A word that stands alone, or no sign of one, is all that a glance decides."""
    mentions = Mentions(names)

    assert mentions.occur_in(text) is mentions.said_in(text)


def left(result: Redacted | Reject) -> bytes:
    """Return the entry that leaves."""
    assert isinstance(result, Redacted)
    return result.entry


def test_every_letter_that_folds_to_ascii_is_known() -> None:
    """The list of disguises is the list of this Python's Unicode."""
    folding = {
        letter
        for letter in map(chr, range(128, sys.maxunicode + 1))
        if any(folded < "\x80" for folded in letter.casefold())
    }

    assert folding == set(FOLDING)
