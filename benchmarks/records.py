"""Lines of the log as `wsgi_writer` lays them out, made from a fixed seed."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Sequence
from typing import Any

from wsgi_writer.record import with_checksum

WORDS = (
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india",
    "juliet", "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo",
    "sierra", "tango", "uniform", "victor", "whiskey", "xray", "zulu",
)  # fmt: skip
ABSENT_NAMES = (
    "passwd", "secret", "ssn", "card_number", "cvv", "pin_code", "access_token",
    "private_key", "iban", "credit_limit", "date_of_birth", "passport",
)  # fmt: skip
PRESENT_NAMES = ("x-request-id", "filter", "email", "street")
MASK = "sha512-" + "A" * 86 + "==?abcd"


def lines(count: int, seed: int = 1) -> list[bytes]:
    """Return lines as `wsgi_writer` lays them out, median about 3.2 KB."""
    chance = random.Random(seed)
    return [_line(chance, number) for number in range(count)]


def _line(chance: random.Random, number: int) -> bytes:
    size = min(16_000, int(chance.lognormvariate(6.2, 0.8)))
    sent, given = _body(chance, size // 2), _body(chance, size)
    query = f"filter={chance.choice(WORDS)}&page={chance.randint(1, 99)}"
    request = {
        "method": "POST",
        "url": f"https://api.example.com/v1/{chance.choice(WORDS)}/{number}?{query}",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(_request_headers(number, len(sent))),
        "queryString": _pairs([item.split("=") for item in query.split("&")]),
        "postData": {"mimeType": "application/json", "text": sent},
        "headersSize": -1,
        "bodySize": len(sent.encode()),
    }
    response = {
        "status": 200,
        "statusText": "OK",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(_response_headers(number, len(given))),
        "content": {
            "size": len(given.encode()),
            "mimeType": "application/json",
            "text": given,
        },
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(given.encode()),
    }
    record = {
        "v": 1,
        "id": f"{number:08x}-0000-4000-9000-{number:012x}",
        "w": [4711, 1795435200000000000, number],
        "client": "203.0.113.7",
        "auth": {"scheme": "bearer", "id": MASK, "headers": {"x-api-key": MASK}},
        "entry": {
            "startedDateTime": "2026-11-23T12:00:00.123Z",
            "time": 12,
            "request": request,
            "response": response,
            "cache": {},
            "timings": {"send": 0, "wait": 12, "receive": 0},
        },
    }
    line = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    counters_at, rest_at = line.index(b',"w":'), line.index(b',"client":')
    return (
        with_checksum(line[:counters_at], line[rest_at:] + b"\n") + line[counters_at:]
    )


def _body(chance: random.Random, size: int) -> str:
    body: dict[str, Any] = {
        "id": chance.randint(1, 10**9),
        "email": "owl@example.com",
        "address": {"street": "Rue de l'Étang 7", "city": "Zürich"},
        "items": [],
    }
    length = 110
    while length < size:
        item = {word: chance.choice(WORDS) for word in chance.sample(WORDS, 4)}
        item["price"] = f"{chance.uniform(1, 99):.2f}"
        body["items"].append(item)
        length += 100
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _request_headers(number: int, length: int) -> list[tuple[str, str]]:
    return [
        ("Host", "api.example.com"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
        ("Accept", "application/json, text/plain, */*"),
        ("Accept-Encoding", "gzip, deflate, br"),
        ("Accept-Language", "en-GB,en;q=0.9,de;q=0.5"),
        ("Connection", "keep-alive"),
        ("Authorization", MASK),
        ("X-Request-Id", str(uuid.uuid5(uuid.NAMESPACE_URL, str(number)))),
        ("X-Forwarded-Proto", "https"),
        ("Cookie", "session=[REDACTED 32]; theme=[REDACTED 4]"),
        ("X-Api-Key", MASK),
        ("Content-Type", "application/json"),
        ("Content-Length", str(length)),
    ]


def _response_headers(number: int, length: int) -> list[tuple[str, str]]:
    return [
        ("Date", "Mon, 23 Nov 2026 12:00:00 GMT"),
        ("Server", "gunicorn"),
        ("Cache-Control", "no-store, max-age=0"),
        ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
        ("Set-Cookie", "session=[REDACTED 32]; Path=/; HttpOnly"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(length)),
        ("x-documentation-url", f"https://docs.example.com/logs/{number}"),
    ]


def _pairs(pairs: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
