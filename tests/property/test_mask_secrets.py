"""No planted secret is in the line, in clear or in base64; its neighbours are."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.exchanges import an_exchange, encoded
from wsgi_writer.credentials import SetCookies
from wsgi_writer.fields import FieldMask
from wsgi_writer.listed import ListedNames
from wsgi_writer.mask import FIELDS, KEY_HEADERS, KEY_QUERY, REDACTED_QUERY, Masks
from wsgi_writer.record import Exchange

NEIGHBOUR = "harmless-neighbour"
MASKS = Masks()

secrets = st.text(
    st.sampled_from("abcdefghijkmnpqrstuvwxyzABCDEFGH23456789"),
    min_size=14,
    max_size=24,
)
field_names = st.sampled_from(FIELDS)
query_names = st.sampled_from([*KEY_QUERY, *REDACTED_QUERY])


@st.composite
def spelled(draw: st.DrawFn, names: st.SearchStrategy[str]) -> str:
    """Draw a listed name in mixed case, with either separator."""
    name = draw(names).replace("_", draw(st.sampled_from("_-")))
    upper = draw(st.lists(st.booleans(), min_size=len(name), max_size=len(name)))
    return "".join(c.upper() if up else c for c, up in zip(name, upper, strict=True))


@st.composite
def percent_spelled(draw: st.DrawFn, names: st.SearchStrategy[str]) -> str:
    """Draw a listed name some of whose letters are percent-encoded."""
    name = draw(spelled(names))
    hidden = draw(st.sets(st.integers(0, len(name) - 1), max_size=3))
    return "".join(f"%{ord(c):02x}" if at in hidden else c for at, c in enumerate(name))


@st.composite
def json_spelled(draw: st.DrawFn, names: st.SearchStrategy[str]) -> str:
    """Draw a listed name some of whose letters are escaped as JSON allows."""
    name = draw(spelled(names))
    hidden = draw(st.sets(st.integers(0, len(name) - 1), max_size=3))
    return "".join(
        f"\\u{ord(c):04X}" if at in hidden else c for at, c in enumerate(name)
    )


@st.composite
def documents(draw: st.DrawFn, secret: str) -> str:
    """Draw a JSON document that hides a secret under a listed key, at some depth."""
    value = draw(st.sampled_from([f'"{secret}"', f'["a",{{"b":"{secret}"}}]']))
    name = draw(json_spelled(field_names))
    text = f'{{ "n":"{NEIGHBOUR}" , "{name}"\t: {value}}}'
    for _ in range(draw(st.integers(0, 4))):
        text = (
            draw(st.sampled_from(['[1,"]",%s]', '{"a":%s,"é":null}', "[[%s]]"])) % text
        )
    return text


def in_target(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it in the query."""
    name = draw(percent_spelled(query_names))
    return {"target": f"/a?n={NEIGHBOUR}&{name}={secret}"}


def in_location(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it in the fragment or query of a URL in a header."""
    name, mark = draw(percent_spelled(query_names)), draw(st.sampled_from("?#"))
    url = f"https://a/{mark}n={NEIGHBOUR}&{name}={secret}"
    headers = [(draw(st.sampled_from(["Location", "Refresh", "Link"])), url)]
    return {"response_headers": headers, "request_headers": [("Referer", url)]}


def in_parameter(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it in a document that is the value of a parameter."""
    safe = draw(st.sampled_from(["", '{}[]:,"']))
    url = f"/a?n={NEIGHBOUR}&v={quote(draw(documents(secret)), safe=safe)}&z=1"
    return {
        "target": url,
        "request_headers": [("Referer", f"https://a{url}")],
        "response_headers": [("Location", url)],
    }


def in_authority(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it as the password of an authority, in a URL or alone."""
    name = draw(
        st.sampled_from(["Host", "X-Forwarded-Host", "Origin", "X-N", "Referer"])
    )
    authority = f"owl:{secret}@{NEIGHBOUR}"
    given = authority if name.endswith("Host") else f"https://{authority}/a"
    headers = [(name, given)]
    return {
        "host": authority,
        "target": draw(st.sampled_from(["/a?b=//%s/", "//%s/", "%s"])) % authority,
        "request_headers": headers,
        "response_headers": headers,
    }


def in_header(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it in a header that holds a key."""
    name = draw(spelled(st.sampled_from(sorted(KEY_HEADERS)).map(dash_to_underscore)))
    return {"request_headers": [(name, secret), ("X-N", NEIGHBOUR)]}


def in_basic(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it as the password of a user whose name is harmless."""
    packed = base64.b64encode(f"{NEIGHBOUR}:{secret}".encode()).decode()
    word = draw(st.sampled_from(["Basic", "basic", "BASIC"]))
    return {"request_headers": [("Authorization", f"{word} {packed}")]}


def in_cookies(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it as the value of cookies in both directions."""
    return {
        "request_headers": [("Cookie", f"{NEIGHBOUR}=1; sid={secret}")],
        "response_headers": [("Set-Cookie", f"sid={secret}; Path=/")],
    }


def in_json(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it in a document on either side, packed or plain."""
    body = draw(documents(secret)).encode()
    pack = draw(st.sampled_from(sorted(PACKERS)))
    side = draw(st.sampled_from(["request", "response"]))
    headers = [("Content-Encoding", pack)] if pack else []
    return {
        f"{side}_body": PACKERS[pack](body),
        f"{side}_type": draw(st.sampled_from(["application/json", "text/plain"])),
        f"{side}_headers": headers,
    }


def in_wrapped_json(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it in a document that is a string of another document."""
    text = draw(documents(secret))
    for _ in range(draw(st.integers(1, 2))):
        text = json.dumps({"m": text}, ensure_ascii=draw(st.booleans()))
    return {"request_body": text.encode(), "request_type": "application/json"}


def in_form(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it in a field of a form, on either side."""
    name = draw(percent_spelled(field_names))
    shape = draw(st.sampled_from(["%s", "user[%s]", "user%%5B%s%%5D", "a.%s"]))
    side = draw(st.sampled_from(["request", "response"]))
    return {
        f"{side}_body": f"n={NEIGHBOUR}&{shape % name}={secret}&z=1".encode(),
        f"{side}_type": "application/x-www-form-urlencoded",
    }


def in_multipart(draw: st.DrawFn, secret: str) -> dict[str, Any]:
    """Plant it in a part of its own, or in a document in a part."""
    name = draw(spelled(field_names))
    as_document = draw(st.booleans())
    content = draw(documents(secret)) if as_document else secret
    body = (
        f'--B\r\nContent-Disposition: form-data; name="n"\r\n\r\n{NEIGHBOUR}\r\n--B\r\n'
        f'Content-Disposition: form-data; name="{"x" if as_document else name}"'
        f"\r\n\r\n{content}\r\n--B--\r\n"
    )
    return {
        "request_body": body.encode(),
        "request_type": "multipart/form-data; boundary=B",
    }


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "deflate": zlib.compress,
    "gzip": gzip.compress,
}
PLANTERS = (
    in_target, in_location, in_parameter, in_authority, in_header, in_basic, in_cookies,
    in_json, in_wrapped_json, in_form, in_multipart,
)  # fmt: skip


@dataclass
class Planted:
    """An exchange, the secret in it, and where it was planted."""

    exchange: Exchange
    secret: str
    place: str


@st.composite
def planted(draw: st.DrawFn) -> Planted:
    """Draw an exchange with a secret in one place."""
    secret = draw(secrets)
    plant = draw(st.sampled_from(PLANTERS))
    return Planted(an_exchange(**plant(draw, secret)), secret, plant.__name__)


def dash_to_underscore(name: str) -> str:
    """Return a header name in the spelling `spelled` expects."""
    return name.replace("-", "_")


def forms_of(secret: str) -> list[bytes]:
    """Return the texts that would give a secret away, base64 at every offset."""
    raw = secret.encode()
    found = [raw, raw[::-1], raw.hex().encode(), quote(secret).encode()]
    for offset in range(3):
        packed = base64.b64encode(b"\0" * offset + raw)
        # The first and last characters also depend on what stands around it.
        inner = packed[4 if offset else 0 : -4]
        found += [inner, inner.replace(b"+", b"-").replace(b"/", b"_")]
    return found


@settings(max_examples=600, deadline=None)
@given(case=planted())
def test_no_planted_secret_is_in_the_line(case: Planted) -> None:
    """Wherever it was and however its name was written; its neighbour arrives."""
    line = encoded(case.exchange, MASKS)

    assert not [form for form in forms_of(case.secret) if form in line], line
    assert NEIGHBOUR.encode() in line


@settings(max_examples=200, deadline=None)
@given(case=planted(), keep=st.floats(0, 1))
def test_no_part_of_a_cut_body_gives_a_secret_away(case: Planted, keep: float) -> None:
    """No eight letters of a secret survive, wherever its body was cut."""
    exchange = case.exchange
    exchange.request_body = exchange.request_body[
        : int(len(exchange.request_body) * keep)
    ]
    exchange.response_body = exchange.response_body[
        : int(len(exchange.response_body) * keep)
    ]
    line = encoded(exchange, MASKS)
    marks = [case.secret[at : at + 8] for at in range(len(case.secret) - 7)]

    assert not [mark for mark in marks if mark.encode() in line], line


plain_values = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.one_of(
                st.text(max_size=6), spelled(field_names), st.just("password_hint")
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


def masked_by_hand(value: Any) -> Any:
    """Mask a decoded document, the slow and obvious way."""
    listed = MASKS.fields or frozenset()
    if isinstance(value, list):
        return [masked_by_hand(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: (
            (f"[REDACTED {len(item)}]" if isinstance(item, str) else "[REDACTED]")
            if key.lower() in listed
            else masked_by_hand(item)
        )
        for key, item in value.items()
    }


@settings(max_examples=300, deadline=None)
@given(value=plain_values, ascii_only=st.booleans())
def test_masking_in_place_equals_masking_the_document(
    value: Any, ascii_only: bool
) -> None:
    """The text that is replaced in place reads as the document masked by hand."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    text = text.encode("utf-8", "replace").decode()
    masked = FieldMask(MASKS).mask_json(text)

    assert masked is not None
    expected = masked_by_hand(json.loads(text))
    assert json.dumps(expected) == json.dumps(json.loads(masked))


@settings(max_examples=300, deadline=None)
@given(before=st.text(), name=json_spelled(field_names), after=st.text())
def test_the_search_never_misses_a_name(before: str, name: str, after: str) -> None:
    """Whatever stands around it, a listed name is seen."""
    names = ListedNames(MASKS.fields or frozenset())

    assert names.occur_in(f"{before}{name}{after}")


@given(
    parts=st.lists(
        st.sampled_from(
            ["Path=/", "HttpOnly", " secure ", "PATH =x", "", "max-age=3", "Domain\n"]
        )
    ),
    secret=secrets,
    place=st.integers(0, 8),
)
def test_what_is_no_attribute_of_a_cookie_is_a_secret(
    parts: list[str], secret: str, place: int
) -> None:
    """Among attributes that are kept as they are, nothing else is shown."""
    planted = ["session=1", *parts]
    planted.insert(place, f"other={secret}")
    cookies, given = SetCookies(), ";".join(planted)
    shown = cookies.redact(given)

    assert secret not in shown
    assert shown == cookies.redact(given)
    assert shown.count(";") == len(planted) - 1
    assert [part for part in parts if part not in shown.split(";")] == []
