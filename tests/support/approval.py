"""The log of a day as a reviewer gets it, and one whose every text is hostile."""

from __future__ import annotations

import gzip
import json
import random
import uuid

from tests.support.exchanges import STARTED_NS, an_exchange, encoded
from tests.support.planted import multipart
from tests.support.records import MASK
from wsgi_writer.caller import Caller

HOUR_NS = 3_600_000_000_000
DENYLIST = ("ssn", "response.header.X-Trace", "customer.card.number", "iban")
SECRET_SSN = "078-05-1120"

_CALLERS = ("Owl & Co", "Barn Foods", "Night Shift GmbH", "Tawny Labs", "Strix")
_ROUTES = (
    ("GET", "/v1/orders/{id}", 200, 40),
    ("POST", "/v1/orders", 201, 18),
    ("GET", "/v1/customers/{id}", 200, 14),
    ("PATCH", "/v1/customers/{id}", 200, 6),
    ("POST", "/v1/payments", 202, 9),
    ("GET", "/v1/reports/monthly", 200, 4),
    ("POST", "/v1/documents", 201, 3),
    ("DELETE", "/v1/orders/{id}", 204, 2),
)


def a_day(count: int, *, seed: int = 4) -> bytes:
    """Return a log of so many records, and a few lines that are none."""
    rng = random.Random(seed)
    lines = [_line(rng) for _ in range(count)]
    lines.sort(key=lambda line: line.partition(b"startedDateTime")[2][:30])
    lines.insert(count // 2, b"Traceback (most recent call last):\n")
    lines.insert(count // 3, encoded(an_exchange(host="staging.example.com")))
    return b"".join(lines)


def _line(rng: random.Random) -> bytes:
    method, route, status, _ = rng.choices(_ROUTES, [each[3] for each in _ROUTES])[0]
    if rng.random() < 0.07:
        status = rng.choice((401, 404, 404, 422, 500, 503))
    hour = min(max(rng.gauss(13, 4), 0), 23.9)
    name = rng.choices(_CALLERS, (50, 24, 14, 8, 4))[0]
    number = rng.randrange(10_000)
    headers = [("Host", "api.example.com"), ("User-Agent", "owl-client/3.2")]
    sent, kind = _sent(rng, method, route)
    if kind == "gzip":
        headers.append(("Content-Encoding", "gzip"))
        kind = "application/json"
    given = {"id": number, "state": rng.choice(("open", "paid", "sent")), "total": 49.9}
    if "customers" in route:
        given |= {"name": "Ada", "ssn": SECRET_SSN, "city": "Zürich"}
    caller = Caller(MASK[:-4] + name[:4].replace(" ", "x"), name, "")
    return encoded(
        an_exchange(
            id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
            started_ns=STARTED_NS + int((hour - 12) * HOUR_NS),
            method=method,
            target=route.replace("{id}", str(number))
            + ("?page=2" if number % 3 else ""),
            route=route,
            status=status,
            caller=caller if rng.random() < 0.9 else None,
            request_headers=headers,
            request_body=sent,
            response_headers=[("X-Trace", f"{number:08x}")],
            response_body=json.dumps(given, ensure_ascii=False).encode(),
            response_type="application/json",
            **({"request_type": kind} if sent else {}),
        )
    )


def _sent(rng: random.Random, method: str, route: str) -> tuple[bytes, str]:
    if route == "/v1/payments":
        card = {"number": "4111111111111111", "expires": "12/28"}
        text = {"amount": 4990, "customer": {"card": card}, "password": "hunter2!"}
        return json.dumps(text).encode(), "application/json"
    if route == "/v1/documents":
        return multipart("iban", b"CH9300762011623852957"), (
            "multipart/form-data; boundary=b"
        )
    if method == "POST" and rng.random() < 0.1:
        return b"iban: CH93 0076 2011 6238 5295 7", "text/plain"
    if method in ("POST", "PATCH"):
        text = {
            "items": [{"sku": "OWL-7", "count": 2}],
            "iban": "CH9300762011623852957",
        }
        packed = gzip.compress(json.dumps(text).encode(), mtime=0)
        return (
            (packed, "gzip")
            if rng.random() < 0.2
            else (
                json.dumps(text).encode(),
                "application/json",
            )
        )
    return b"", ""


def hostile(beacon: str) -> bytes:
    """Return a log in which every text tries to act in the page that shows it.

    Args:
        beacon: An address that must never be asked for.
    """
    acts = (
        "<script>document.title='pwned'</script>",
        f'"><img src="{beacon}/img" onerror="document.title=\'pwned\'">',
        f"</style><link rel=stylesheet href={beacon}/css>",
        "</code></title><iframe src='javascript:document.title=`pwned`'></iframe>",
        f"<svg onload=\"document.title='pwned'\"><use href='{beacon}/use'/></svg>",
        f"<meta http-equiv=refresh content='0;url={beacon}/refresh'>",
        f"<body style='background:url({beacon}/bg)'>",
        "--></script><!--",
        "\u202egnp.exe\u2066\u200b\ufeff",
        "\x1b]0;pwned\x07",
    )
    return b"".join(
        encoded(
            an_exchange(
                id=str(uuid.UUID(int=number + 1, version=4)),
                method=f"M{number}",
                target=f"/{act.split('?')[0].replace(' ', '+')}?ssn=1&q={number}",
                route=f"/{act}",
                caller=Caller(act, act, act),
                request_headers=[("X-A", act), (act[:9], "1")],
                request_body=json.dumps({act: act, "ssn": act}).encode(),
                request_type="application/json",
                response_headers=[("Location", f"javascript:{act}")],
                response_body=act.encode(),
                response_type="text/html",
            )
        )
        for number, act in enumerate(acts)
    )
