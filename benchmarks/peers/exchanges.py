"""Exchanges of an imagined shop's API, from a fixed seed.

Every one has the header X-Tenant and the query parameter `cursor`, and every JSON body
the member `email`, for a denylist to find.
"""

from __future__ import annotations

import base64
import io
import json
import random
import sys
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SEED = 20_261_126
NOUNS = (
    "order", "invoice", "parcel", "customer", "address", "payment", "refund", "stock",
    "voucher", "shipment", "carrier", "receipt", "basket", "product", "supplier",
    "warehouse", "discount", "return", "label", "contract", "branch", "currency",
)  # fmt: skip
TEXTS = (
    "Left at the neighbour's door", "Jürgen Grönwald, 3. Stock", "配達済み",
    "naïve café", "Please ring twice", "доставлено", "ready for pick-up",
    "5 × 40 g – fragile",
)  # fmt: skip
CLIENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "python-requests/2.32.3",
    "okhttp/4.12.0",
    "curl/8.11.0",
)
MEDIA = ("image/png", "application/pdf", "application/octet-stream")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response, before the writer has seen it."""

    method: str
    path: str
    query: str
    request_headers: list[tuple[str, str]]
    request_body: bytes
    status: str
    response_headers: list[tuple[str, str]]
    response_body: bytes


def exchanges(count: int, seed: int = SEED) -> Iterator[Exchange]:
    """Yield `count` exchanges of an imagined shop's API."""
    chance = random.Random(seed)
    for _ in range(count):
        yield _exchange(chance)


def environ_of(exchange: Exchange) -> dict[str, Any]:
    """Return the WSGI environment that a server would make of the request."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": exchange.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": exchange.path,
        "QUERY_STRING": exchange.query,
        "SERVER_NAME": "shop.example.com",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "203.0.113.77",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(exchange.request_body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in exchange.request_headers:
        key = name.upper().replace("-", "_")
        is_bare = key in ("CONTENT_TYPE", "CONTENT_LENGTH")
        environ[key if is_bare else f"HTTP_{key}"] = value
    return environ


def _exchange(chance: random.Random) -> Exchange:
    size = int(chance.lognormvariate(5.2, 1.0))
    if chance.random() < 0.06:
        size = int(chance.lognormvariate(9.95, 0.7))
    kind = chance.choices(
        ("read", "write", "form", "file", "delete"), (45, 40, 8, 4, 3)
    )
    method, status, sent, given = "GET", "200 OK", b"", b""
    sent_type, given_type = "", JSON
    match kind[0]:
        case "read":
            given = _document(chance, size)
        case "write":
            method, status = chance.choice(("POST", "PUT")), "201 Created"
            sent_type, sent = JSON, _document(chance, size // 2)
            given = _document(chance, size // 2)
        case "form":
            method, sent_type, sent = "POST", FORM, _form(chance)
            given = _document(chance, size)
        case "file":
            given_type, given = chance.choice(MEDIA), chance.randbytes(size)
        case _:
            method, status, given_type = "DELETE", "204 No Content", ""
    if chance.random() < 0.04:
        status = chance.choice(("401 Unauthorized", "404 Not Found", "500 Oops"))
    query = {"cursor": f"{chance.getrandbits(48):x}"}
    for noun in chance.sample(NOUNS, chance.randint(0, 2)):
        query[noun] = chance.choice(TEXTS)
    return Exchange(
        method,
        f"/v2/{chance.choice(NOUNS)}/{chance.randint(1, 10**6)}/{chance.choice(NOUNS)}",
        urllib.parse.urlencode(query),
        _request_headers(chance, sent_type, len(sent)),
        sent,
        status,
        _response_headers(chance, given_type, len(given)),
        given,
    )


def _document(chance: random.Random, size: int) -> bytes:
    """Return a JSON body of about `size` bytes."""
    document: dict[str, Any] = {
        "id": f"{chance.getrandbits(64):016x}",
        "email": f"{chance.choice(NOUNS)}@example.com",
        "created": f"{_day(chance)}T08:15:{chance.random() * 59:06.3f}Z",
    }
    length, rows = 110, []
    while length < size:
        row = {noun: _value(chance) for noun in chance.sample(NOUNS, 5)}
        rows.append(row)
        length += len(json.dumps(row, ensure_ascii=False).encode())
    if rows:
        document["rows"] = rows
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _value(chance: random.Random) -> Any:
    match chance.randrange(7):
        case 0:
            return chance.randint(0, 10**12)
        case 1:
            return round(chance.uniform(0, 5000), 2)
        case 2:
            return chance.choice((True, False, None))
        case 3:
            return {
                chance.choice(NOUNS): chance.choice(TEXTS),
                "n": chance.randint(1, 9),
            }
        case 4:
            return [chance.choice(NOUNS) for _ in range(chance.randint(0, 4))]
        case 5:
            return f"{_day(chance)}T{chance.randint(0, 23):02d}:00:00Z"
        case _:
            return chance.choice(TEXTS)


def _day(chance: random.Random) -> str:
    return f"2026-11-{chance.randint(1, 28):02d}"


def _form(chance: random.Random) -> bytes:
    fields = {noun: chance.choice(TEXTS) for noun in chance.sample(NOUNS, 6)}
    fields["password"] = f"{chance.getrandbits(40):x}"
    return urllib.parse.urlencode(fields).encode()


def _request_headers(
    chance: random.Random, media: str, length: int
) -> list[tuple[str, str]]:
    key = f"shop-key-{chance.randint(0, 3000):06d}"
    basic = base64.b64encode(f"{key}:".encode()).decode()
    headers = [
        ("Host", "shop.example.com"),
        ("User-Agent", chance.choice(CLIENTS)),
        ("Accept", "application/json, */*;q=0.5"),
        ("Accept-Encoding", "gzip, deflate"),
        chance.choice((("Authorization", f"Basic {basic}"), ("X-Api-Key", key))),
        ("X-Tenant", f"tenant-{chance.randint(1, 60)}"),
        ("X-Request-Id", f"{chance.getrandbits(128):032x}"),
        ("Cookie", f"sid={chance.getrandbits(128):032x}; view=compact"),
    ]
    if media:
        headers += [("Content-Type", media), ("Content-Length", str(length))]
    return headers


def _response_headers(
    chance: random.Random, media: str, length: int
) -> list[tuple[str, str]]:
    headers = [
        ("Server", "gunicorn"),
        ("Date", "Thu, 26 Nov 2026 08:15:00 GMT"),
        ("Cache-Control", "private, no-store"),
        ("Set-Cookie", f"sid={chance.getrandbits(128):032x}; Path=/; Secure; HttpOnly"),
        ("Content-Length", str(length)),
    ]
    return [*headers, ("Content-Type", media)] if media else headers
