"""Records with secrets planted under listed names, in every place and spelling."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from hypothesis import strategies as st

from shipper.record import Record
from tests.support.records import (
    a_record,
    an_entry,
    binary_body,
    binary_content,
    compact,
    json_body,
    json_content,
    record_of,
    text_body,
    text_content,
)

NAMES = ("password", "card_number", "kiss")
SECRET = "Zq9#hunter2"
NEIGHBOUR = "harmless-neighbour"
FOLDED = {"ss": ("\u00df", "\u1e9e"), "s": ("\u017f",), "k": ("\u212a",)}


@dataclass(frozen=True)
class Planted:
    """A record that holds the secret, and where."""

    record: Record
    place: str


def _folded(draw: st.DrawFn, name: str) -> str:
    """Spell some letters by characters that fold to them."""
    for plain, others in FOLDED.items():
        if plain in name and draw(st.booleans()):
            name = name.replace(plain, draw(st.sampled_from(others)), 1)
    return name


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A listed name in some mixture of cases and folding letters."""
    name = draw(st.sampled_from(NAMES))
    mixed = "".join(
        letter.upper() if draw(st.booleans()) else letter for letter in name
    )
    return _folded(draw, mixed)


@st.composite
def json_texts(draw: st.DrawFn, depth: int = 0) -> str:
    """JSON with the secret under a listed name, its key escaped or not."""
    name = draw(spellings())
    inner: Any = {name: SECRET, "neighbour": NEIGHBOUR}
    for _ in range(draw(st.integers(0, 3))):
        inner = [1, inner] if draw(st.booleans()) else {"n": inner, "x": None}
    is_ascii = draw(st.booleans())
    text = json.dumps(inner, ensure_ascii=is_ascii)
    if draw(st.booleans()):
        # In the key alone: an escape outside of a string is no JSON any more.
        letter = draw(st.sampled_from(sorted(set(name) - {"_"})))
        key = "".join(
            f"\\u{ord(letter):04x}"
            if one == letter and one.isascii()
            else json.dumps(one, ensure_ascii=is_ascii)[1:-1]
            for one in name
        )
        text = text.replace(json.dumps(name, ensure_ascii=is_ascii), f'"{key}"')
    if depth < 2 and draw(st.integers(0, 4)) == 0:
        text = json.dumps({"nested": text}, ensure_ascii=draw(st.booleans()))
    return draw(st.sampled_from(["", " ", "\n\t"])) + text


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query with the secret under a listed name, encoded in some way."""
    name = draw(spellings())
    spelled = quote(name, safe="")
    if draw(st.booleans()):
        spelled = "".join(
            f"%{ord(letter):02X}" if letter.isascii() else quote(letter)
            for letter in name
        )
    shape = draw(st.sampled_from(["{}", "user[{}]", "user.{}", "{}[]"]))
    query = f"{shape.format(spelled)}={quote(SECRET)}&neighbour={NEIGHBOUR}"
    if draw(st.integers(0, 4)) == 0:
        query = "next=" + quote(f"https://other.example.com/?{query}", safe="")
    return f"a=1&{query}" if draw(st.booleans()) else query


def multipart(name: str, value: bytes, more: str = "") -> bytes:
    """Return a multipart body with boundary `b` and a harmless second part."""
    head = '--b\r\nContent-Disposition: form-data; name="'
    parts = f'{head}{name}"{more}\r\n\r\n'.encode() + value
    return parts + f'\r\n{head}neighbour"\r\n\r\n{NEIGHBOUR}\r\n--b--'.encode()


@st.composite
def planted(draw: st.DrawFn) -> Planted:
    """A record with one secret somewhere."""
    place = draw(st.sampled_from(sorted(_PLACES)))
    return Planted(_PLACES[place](draw), place)


def _in_header(draw: st.DrawFn) -> Record:
    pairs = [(draw(spellings()), SECRET), ("Neighbour", NEIGHBOUR)]
    side = draw(st.sampled_from(["request_headers", "response_headers"]))
    arguments: dict[str, Any] = {side: pairs}
    return a_record(**arguments)


def _in_cookie(draw: st.DrawFn) -> Record:
    pair = f"{draw(spellings())}={quote(SECRET)}"
    if draw(st.booleans()):
        return a_record(
            request_headers=[("Cookie", f"neighbour={NEIGHBOUR}; {pair}; z=1")]
        )
    cookies = [f"{pair}; Path=/", f"neighbour={NEIGHBOUR}; Path=/"]
    return a_record(response_headers=[("Set-Cookie", cookie) for cookie in cookies])


def _in_har_cookie(draw: st.DrawFn) -> Record:
    cookie = {"name": draw(spellings()), "value": SECRET}
    other = {"name": "neighbour", "value": NEIGHBOUR}
    entry = an_entry()
    entry[draw(st.sampled_from(["request", "response"]))]["cookies"] = [cookie, other]
    return record_of(entry)


def _in_url(draw: st.DrawFn) -> Record:
    query = draw(queries())
    if draw(st.integers(0, 3)) == 0:
        marks = ["#", "%23", "#/r?", "%23/r?", "?b%23", "/%23b/%23"]
        mark = draw(st.sampled_from(marks))
        return a_record(url=f"https://h/p{mark}{query}")
    pairs = [
        (unquote(name), unquote(value))
        for name, _, value in (pair.partition("=") for pair in query.split("&"))
    ]
    # Names beyond ASCII are percent-encoded already; nothing else needs to be.
    return a_record(url=f"https://h/p?{query}", query=pairs)


def _in_url_header(draw: st.DrawFn) -> Record:
    name = draw(st.sampled_from(["Referer", "Location", "X-Original-URI"]))
    return a_record(response_headers=[(name, f"https://h/p?{draw(queries())}")])


def _in_json(draw: st.DrawFn) -> Record:
    text = draw(json_texts())
    mime_type = draw(st.sampled_from(["application/json", "text/plain", "a/b+json"]))
    if draw(st.booleans()):
        return a_record(sent=text_body(text, mime_type))
    return a_record(given=text_content(text, mime_type))


def _in_form(draw: st.DrawFn) -> Record:
    mime_type = "application/x-www-form-urlencoded"
    if draw(st.booleans()):
        return a_record(sent=text_body(draw(queries()), mime_type))
    params = [
        {"name": draw(spellings()), "value": SECRET},
        {"name": "neighbour", "value": NEIGHBOUR},
    ]
    return a_record(sent={"mimeType": mime_type, "params": params})


def _in_multipart(draw: st.DrawFn) -> Record:
    if draw(st.booleans()):
        body = multipart(draw(spellings()), SECRET.encode())
    else:
        more = '; filename="a.json"\r\nContent-Type: application/json'
        body = multipart("file", draw(json_texts()).encode(), more)
    mime_type = "multipart/form-data; boundary=b"
    as_binary = draw(st.booleans())
    sent = (
        binary_body(body, mime_type)
        if as_binary
        else text_body(body.decode(), mime_type)
    )
    return a_record(envelope={"open": True}, sent=sent)


def _in_packed(draw: st.DrawFn) -> Record:
    text = draw(json_texts()).encode()
    coding = draw(st.sampled_from(["gzip", "deflate"]))
    packed = gzip.compress(text) if coding == "gzip" else zlib.compress(text)
    headers = [("Content-Encoding", coding), ("Neighbour", NEIGHBOUR)]
    envelope = {"open": True} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        sent = binary_body(packed, "application/json")
        return a_record(envelope=envelope, request_headers=headers, sent=sent)
    given = binary_content(packed, "application/json")
    return a_record(envelope=envelope, response_headers=headers, given=given)


def _in_base64(draw: st.DrawFn) -> Record:
    charset = draw(st.sampled_from(["utf-8", "utf-16", "utf-16-le"]))
    content = draw(json_texts()).encode(charset, "replace")
    kind = draw(st.sampled_from(["application/json", "application/octet-stream"]))
    mime_type = f"{kind}; charset=utf-16" if charset == "utf-16" else kind
    headers = [("Neighbour", NEIGHBOUR)]
    given = binary_content(content, mime_type)
    return a_record(response_headers=headers, given=given)


def _in_xml(draw: st.DrawFn) -> Record:
    # The letters that fold to ASCII are no XML names to expat, and so no XML.
    name = draw(spellings().filter(str.isascii))
    shape = draw(
        st.sampled_from(
            [
                "<r><{0}>{1}</{0}><neighbour>{2}</neighbour></r>",
                '<r {0}="{1}"><b>{2}</b></r>',
                "<r neighbour='{2}'><x:{0} xmlns:x='u'><y>{1}</y></x:{0}></r>",
                "<r><{0} a='{1}'/><b>{2}</b></r>",
            ]
        )
    )
    text = shape.format(name, SECRET, NEIGHBOUR)
    if draw(st.booleans()):
        text = f'<?xml version="1.0"?>\n{text}'
    mime_type = draw(st.sampled_from(["application/xml", "a/b+xml", "text/xml"]))
    return a_record(given=text_content(text, mime_type))


def _in_cut_text(draw: st.DrawFn) -> Record:
    text = draw(json_texts()).rstrip("}]")
    given = {**text_content(text, "application/json"), "comment": "cut"}
    return a_record(response_headers=[("Neighbour", NEIGHBOUR)], given=given)


def _nowhere(draw: st.DrawFn) -> Record:
    harmless = st.sampled_from([NEIGHBOUR, "\u00e9%20", "\\u003c", "pass word", "{["])
    value = draw(harmless)
    return a_record(
        url=f"https://h/p?a={quote(value)}&neighbour={NEIGHBOUR}",
        query=[("a", value), ("neighbour", NEIGHBOUR)],
        sent=json_body({"a": [value], "passwords": value}),
        given=json_content({"b": {"c": value, "n": 1.50}}),
    )


_PLACES = {
    "header": _in_header,
    "cookie": _in_cookie,
    "har cookie": _in_har_cookie,
    "url": _in_url,
    "url header": _in_url_header,
    "json": _in_json,
    "form": _in_form,
    "multipart": _in_multipart,
    "packed": _in_packed,
    "base64": _in_base64,
    "xml": _in_xml,
    "cut": _in_cut_text,
    "nowhere": _nowhere,
}


def readings(entry: bytes) -> str:
    """Return an entry with everything in it decoded that a reader could decode."""
    texts = [entry.decode()]
    for text in texts[:1]:
        texts += [_unescaped(text), unquote(unquote(text))]
        for packed in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text):
            content = base64.b64decode(packed[: len(packed) // 4 * 4])
            texts.append(content.decode("utf-8", "replace").replace("\0", ""))
    return "\n".join([*texts, *map(_unescaped, texts)])


def _unescaped(text: str) -> str:
    for _ in range(4):
        text = re.sub(
            r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text
        )
        text = text.replace('\\"', '"').replace("\\\\", "\\")
    return text


__all__ = ["NAMES", "NEIGHBOUR", "SECRET", "Planted", "compact", "planted", "readings"]
