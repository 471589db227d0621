"""Microseconds per record of each step between the disk and the request body.

    python benchmarks/hot_path.py [--records 300] [--rounds 20] [--names 12] [--json]

Lines of about 3.2 KB (median) are made here from a fixed seed. A step costs what it
adds to the way before it, in CPU time, the best of many rounds; that way a record is
in the processor's caches as it is when the shipper runs. The last rows are the whole
way, beside loops that decode and encode every line and do nothing else.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import random
import statistics
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from shipper.filters import Filters
from shipper.identify import Identifier
from shipper.model import Caller, Entry
from shipper.parse import parse
from shipper.payload import PayloadBuilder
from shipper.record import Record
from shipper.redact import Redacted, Redactor
from shipper.values import Detector

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
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


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


@dataclass(frozen=True)
class Step:
    """A name and what one record costs there."""

    name: str
    microseconds: float


class Way:
    """The shipper's way for one record, to be walked as far as one likes."""

    def __init__(
        self,
        redactor: Redactor,
        detector: Detector = Detector(),  # noqa: B008
    ) -> None:
        self._filters = Filters(allowed_http_hosts=("api.example.com",))
        self._identifier = Identifier(rules=("header:X-Api-Key",))
        self._redactor = redactor
        self._detector = detector
        self._builder = PayloadBuilder(
            version="0", development_mode=False, comment="benchmark"
        )

    def decode(self, line: bytes) -> Record:
        record = parse(line)
        assert isinstance(record, Record)
        return record

    def keep(self, line: bytes) -> Record:
        record = self.decode(line)
        assert self._filters.reason_to_skip(record) is None
        return record

    def identify(self, line: bytes) -> tuple[Record, Caller]:
        record = self.keep(line)
        caller = self._identifier.caller_of(record)
        assert caller is not None
        return record, caller

    def redact(self, line: bytes) -> tuple[Record, Caller, Redacted]:
        record, caller = self.identify(line)
        redacted = self._redactor.apply(record)
        assert isinstance(redacted, Redacted)
        assert self._detector.check(redacted.entry) is None
        return record, caller, redacted

    def splice(self, line: bytes) -> Entry:
        return self._builder.build(*self.redact(line))


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--records", type=int, default=300)
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--names", type=int, default=12, help="of the denylist")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    raw = lines(given.records)
    names = ABSENT_NAMES[: given.names]
    check(raw, names)
    steps = measure(raw, names, given.rounds)
    facts = {
        "records": len(raw),
        "median_bytes": int(statistics.median(map(len, raw))),
        "names": len(names),
        "python": platform.python_version(),
        "msgspec": msgspec.__version__,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }
    if given.json:
        times = {step.name: round(step.microseconds, 2) for step in steps}
        print(json.dumps({"facts": facts, "microseconds_per_record": times}))
        return
    print("  ".join(f"{name}={value}" for name, value in facts.items()))
    for step in steps:
        print(f"{step.name:<46}{step.microseconds:8.2f} µs")


def check(raw: list[bytes], names: Sequence[str]) -> None:
    """Make sure that the lists hit what they should, and nothing else."""
    for line in raw:
        record, _, clean = Way(Redactor(denylist=names)).redact(line)
        assert clean.entry is record.entry
        _, _, listed = Way(Redactor(denylist=PRESENT_NAMES)).redact(line)
        assert listed.entry.count(b"[REDACTED ") >= len(PRESENT_NAMES) + 1


def measure(raw: list[bytes], names: Sequence[str], rounds: int) -> list[Step]:
    """Time each step as what it adds to the way before it, records in cache."""
    free, clean = Way(Redactor()), Way(Redactor(denylist=names))
    looked = Way(Redactor(), Detector(mode="warn"))
    listed = Way(Redactor(denylist=(*names, *PRESENT_NAMES)))
    allowed = Way(Redactor(allowlist=("id", "city")))
    payloads = [free.splice(line).payload for line in raw]
    with tempfile.TemporaryFile() as file:
        file.write(b"\n".join(raw) + b"\n")

        def read() -> None:
            file.seek(0)
            for _ in file:
                pass

        # One round of each in turn, so that a noisy moment hits all alike.
        acts: dict[str, Callable[[], object]] = {
            "read": read,
            "decode": lambda: deque(map(free.decode, raw), 0),
            "keep": lambda: deque(map(free.keep, raw), 0),
            "identify": lambda: deque(map(free.identify, raw), 0),
            "no list": lambda: deque(map(free.redact, raw), 0),
            "looked": lambda: deque(map(looked.redact, raw), 0),
            "clean": lambda: deque(map(clean.redact, raw), 0),
            "listed": lambda: deque(map(listed.redact, raw), 0),
            "allowed": lambda: deque(map(allowed.redact, raw), 0),
            "free whole": lambda: deque(map(free.splice, raw), 0),
            "clean whole": lambda: deque(map(clean.splice, raw), 0),
            "listed whole": lambda: deque(map(listed.splice, raw), 0),
            "join": lambda: _post_bodies(payloads),
            "msgspec": lambda: deque(map(_again, raw), 0),
            "json": lambda: deque(map(_again_by_json, raw), 0),
        }
        best = dict.fromkeys(acts, float("inf"))
        gc.collect()
        gc.freeze()
        for _ in range(rounds):
            for name, act in acts.items():
                start = time.process_time()
                act()
                best[name] = min(best[name], time.process_time() - start)
    us = {name: seconds / len(raw) * 1e6 for name, seconds in best.items()}
    around = us["read"] + us["join"]
    return [
        Step("read", us["read"]),
        Step("decode (parse)", us["decode"]),
        Step("keep or skip by host", us["keep"] - us["decode"]),
        Step("identify", us["identify"] - us["keep"]),
        Step(f"scan for {len(names)} names, none there", us["clean"] - us["no list"]),
        Step("redact header, query and bodies", us["listed"] - us["no list"]),
        Step("detectors, nothing suspected", us["looked"] - us["no list"]),
        Step("redact by allowlist", us["allowed"] - us["no list"]),
        Step("splice (payload)", us["free whole"] - us["no list"]),
        Step("post body (join)", us["join"]),
        Step("WHOLE, no list", us["free whole"] + around),
        Step("WHOLE, a list and nothing on it", us["clean whole"] + around),
        Step("WHOLE, every record redacted", us["listed whole"] + around),
        Step("decode and encode, msgspec", us["msgspec"] + around),
        Step("decode and encode, json", us["json"] + around),
    ]


def _again(line: bytes) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(line))


def _again_by_json(line: bytes) -> bytes:
    return json.dumps(json.loads(line), separators=(",", ":")).encode()


def _post_bodies(payloads: Sequence[bytes], size: int = 100) -> list[bytes]:
    return [
        b"[" + b",".join(payloads[start : start + size]) + b"]"
        for start in range(0, len(payloads), size)
    ]


if __name__ == "__main__":
    main()
