"""A thousand different lines of a log, the same ones in every run."""

from __future__ import annotations

import gzip
import json
import random
import uuid

from hypothesis import HealthCheck, Phase, given, settings

from shipper.record import Record
from tests.support.exchanges import an_exchange, encoded
from tests.support.planted import NEIGHBOUR, SECRET, Planted, planted

_TEXTS = (
    "owl",
    "\u00e9t\u00e9",
    "\u2028",
    "\u202egnp",
    "</script>",
    '"',
    "\\",
    "\U0001f989",
)


def random_lines(count: int, *, seed: int = 7) -> list[bytes]:
    """Return lines that are records: half as ours are, half with planted secrets."""
    rng = random.Random(seed)
    records = _planted_records(count // 2)
    lines = [_line_of(record, rng) for record in records]
    lines += [_recorded(rng) for _ in range(count - len(lines))]
    rng.shuffle(lines)
    return lines


def _planted_records(count: int) -> list[Record]:
    found: list[Record] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(planted())
    def gather(one: Planted) -> None:
        found.append(one.record)

    gather()
    return found[:count]


def _line_of(record: Record, rng: random.Random) -> bytes:
    head = {"v": 1, "id": _id(rng), "client": "203.0.113.9"}
    if record.is_open:
        head["open"] = True
    return json.dumps(head).encode()[:-1] + b',"entry":' + record.entry + b"}\n"


def _recorded(rng: random.Random) -> bytes:
    word = rng.choice(_TEXTS)
    document = {"password": SECRET, "card": {"ssn": "078-05-1120"}, "note": word}
    body = json.dumps(document, ensure_ascii=rng.random() < 0.5).encode()
    headers = [("Host", "api.example.com"), ("X-Neighbour", NEIGHBOUR)]
    if rng.random() < 0.3:
        body = gzip.compress(body, mtime=0)
        headers.append(("Content-Encoding", "gzip"))
    return encoded(
        an_exchange(
            id=_id(rng),
            method=rng.choice(("GET", "POST", "PUT", "DELETE")),
            target=f"/owls/{rng.randrange(50)}?page={rng.randrange(9)}&ssn=078051120",
            status=rng.choice((200, 200, 201, 301, 404, 422, 500)),
            request_headers=headers,
            request_body=body,
            request_type=rng.choice(("application/json", "text/plain", "image/png")),
            response_body=json.dumps({"w": word, "n": rng.random()}).encode(),
            response_type="application/json",
        )
    )


def _id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))
