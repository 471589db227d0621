"""Secrets are planted everywhere, and looked for everywhere: on disk and on the wire.

Two kinds: credentials, which the writer masks before the disk, and fields that only the
operator's denylist names, which lie in the log and go no further. Beside each stands a
harmless neighbour that has to arrive.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from shipper.receiver.faults import Faults
from tests.support.commands import Shop, shipper
from tests.support.connect_proxy import ConnectProxy
from tests.support.traces import secret, traces
from tests.support.wsgi import a_writer, an_environ, serve

pytestmark = pytest.mark.e2e

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=e"
DENIED = "ssn"


@dataclass
class Sent:
    """One request to the application, and what it answers."""

    environ: dict[str, Any] = field(default_factory=dict)
    body: bytes = b""
    body_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)
    answer: bytes = b""


def nested(name: str, value: str, beside: str) -> bytes:
    """JSON with a value deep inside."""
    return json.dumps({"a": [{"b": {name: value, "beside": beside}}]}).encode()


def part(name: str, value: str, beside: str) -> bytes:
    """A multipart body with two fields."""
    head = '--e\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    text = head.format(name, value) + head.format("beside", beside)
    return (text + "--e--").encode()


def escaped(name: str) -> str:
    """A JSON key with its first letter as an escape, and another one in capitals."""
    return f"\\u{ord(name[0]):04x}{name[1:].upper()}"


def everywhere(kind: str, name: str, query: str) -> Iterator[tuple[str, Sent]]:
    """Plant a secret called `name` (in URLs: `query`) in every place of an exchange."""

    def plant(place: str) -> tuple[str, str]:
        return secret(f"{kind}-{place}"), f"harmless-{kind}-{place}"

    value, beside = plant("query")
    pair = f"{query}={quote(value, safe='')}&beside={beside}"
    yield "query", Sent({"QUERY_STRING": pair})
    value, beside = plant("referer")
    address = f"https://h.example.com/?{query}={quote(value, safe='')}&beside={beside}"
    yield "referer", Sent({"HTTP_REFERER": address})
    value, beside = plant("location")
    address = f"/next?{query}={quote(value, safe='')}&beside={beside}"
    yield "location", Sent(headers=[("Location", address)])
    value, beside = plant("nested")
    yield "nested", Sent(body=nested(name, value, beside))
    value, beside = plant("answer")
    yield "answer", Sent(answer=nested(name, value, beside))
    value, beside = plant("array")
    text = json.dumps([1, [{name: [value], "beside": beside}]])
    yield "array", Sent(body=text.encode(), answer=text.encode())
    value, beside = plant("escaped")
    text = f'{{"{escaped(name)}":{json.dumps(value)},"beside":"{beside}"}}'
    yield "escaped", Sent(body=text.encode())
    value, beside = plant("form")
    text = f"{name}={quote(value, safe='')}&beside={beside}"
    yield "form", Sent(body=text.encode(), body_type=FORM)
    value, beside = plant("part")
    yield "part", Sent(body=part(name, value, beside), body_type=MULTIPART)
    value, beside = plant("packed")
    packed = gzip.compress(nested(name, value, beside))
    coding = [("Content-Type", JSON), ("Content-Encoding", "gzip")]
    yield "packed", Sent(answer=packed, headers=coding)
    value, beside = plant("packed-request")
    packed = gzip.compress(nested(name, value, beside))
    yield "packed-request", Sent({"HTTP_CONTENT_ENCODING": "gzip"}, body=packed)
    value, beside = plant("cut")
    text = json.dumps({name: value, "rest": "x" * 20_000})
    yield "cut", Sent({"HTTP_X_BESIDE": beside}, body=text.encode())
    value, beside = plant("cut-packed")
    packed = gzip.compress(text.replace(secret(f"{kind}-cut"), value).encode())
    yield "cut-packed", Sent({"HTTP_X_BESIDE": beside}, answer=packed, headers=coding)
    value, beside = plant("xml")
    text = f"<r><{name}>{value}</{name}><beside>{beside}</beside></r>"
    if kind == "denied":  # the writer does not search XML, as its documents say
        yield "xml", Sent(answer=text.encode(), headers=[("Content-Type", "text/xml")])


def headers_and_cookies(kind: str) -> Iterator[tuple[str, Sent]]:
    """Plant secrets where only headers hold them."""

    def plant(place: str) -> tuple[str, str]:
        return secret(f"{kind}-{place}"), f"harmless-{kind}-{place}"

    value, beside = plant("bearer")
    given = {"HTTP_AUTHORIZATION": f"Bearer {value}", "HTTP_X_BESIDE": beside}
    yield "bearer", Sent(given)
    value, beside = plant("basic")
    token = base64.b64encode(f"owl:{value}".encode()).decode()
    yield "basic", Sent({"HTTP_AUTHORIZATION": f"Basic {token}", "HTTP_X_B": beside})
    value, beside = plant("api-key")
    yield "api-key", Sent({"HTTP_X_API_KEY": value, "HTTP_X_BESIDE": beside})
    value, beside = plant("cookie")
    yield "cookie", Sent({"HTTP_COOKIE": f"sid={value}", "HTTP_X_BESIDE": beside})
    value, beside = plant("set-cookie")
    cookie = ("Set-Cookie", f"sid={value}; Path=/{beside}")
    yield "set-cookie", Sent(headers=[cookie])


def denied_headers(kind: str) -> Iterator[tuple[str, Sent]]:
    """Plant fields of the operator's list in headers of their own."""
    value, beside = secret(f"{kind}-header"), f"harmless-{kind}-header"
    yield "header", Sent({"HTTP_SSN": value, "HTTP_X_BESIDE": beside})
    value, beside = secret(f"{kind}-given"), f"harmless-{kind}-given"
    yield "given", Sent(headers=[("SSN", value), ("X-Beside", beside)])


CREDENTIALS = [
    *everywhere("masked", "password", "token"),
    *headers_and_cookies("masked"),
]
FIELDS = [*everywhere("denied", DENIED, DENIED), *denied_headers("denied")]


def record(log: Path, exchanges: list[tuple[str, Sent]]) -> None:
    """Serve the exchanges through the middleware."""
    for _, sent in exchanges:

        def app(environ: dict[str, Any], start_response: Any, sent: Sent = sent) -> Any:
            environ["wsgi.input"].read()
            start_response("200 OK", sent.headers or [("Content-Type", JSON)])
            return [sent.answer]

        request = an_environ("/", "POST" if sent.body else "GET", body=sent.body)
        request |= sent.environ
        if sent.body:
            request["CONTENT_TYPE"] = sent.body_type
        writer = a_writer(app, log)
        assert serve(writer, request).error is None
        writer.close()


def kinds(prefix: str, exchanges: list[tuple[str, Sent]]) -> list[str]:
    """Return the words that make the secrets of these exchanges."""
    return [f"{prefix}-{place}" for place, _ in exchanges]


def found(where: dict[str, bytes], wanted: list[str]) -> list[str]:
    """Return which secrets stand where, and in which form."""
    return [
        f"{kind} {form} in {name}"
        for kind in wanted
        for form, trace in traces(kind)
        for name, content in where.items()
        if trace in content
    ]


def contents(*places: Path) -> dict[str, bytes]:
    """Return every file below some directories, packed ones unpacked as well."""
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert files
    texts = {path.name: path.read_bytes() for path in files}
    for name, text in list(texts.items()):
        if text.startswith(b"\x1f\x8b"):
            texts[f"{name} unpacked"] = gzip.decompress(text)
    return texts


@pytest.mark.parametrize("redaction", ["mark", "remove"])
def test_secrets_are_found_nowhere_and_their_neighbours_everywhere(
    tmp_path: Path, redaction: str
) -> None:
    """Scenario 54: log, state, dead letters, our own words, and what was received."""
    shop = Shop(tmp_path)
    masked, denied = kinds("masked", CREDENTIALS), kinds("denied", FIELDS)
    half = len(FIELDS) // 2
    lists = f'[filter]\ndenylist = ["{DENIED}"]\nredaction = "{redaction}"\n'

    with shop.receiving(faults=Faults(status=400)):
        shop.configure_more(lists)
        record(shop.log, FIELDS[:half])
        refused = shop.shipper("run", "--once", "--verbose")
    letters = shipper(
        *("dead-letter", "export", "--config", str(shop.config)),
        str(tmp_path / "letters"),
    )
    with shop.receiving():
        shop.configure_more(lists)
        record(shop.log, [*CREDENTIALS, *FIELDS[half:]])
        run = shop.shipper("run", "--once", "--verbose")
        retried = shop.shipper("dead-letter retry", "--all", "--verbose")

    told = [refused, letters, run, retried]
    words = "".join(done.stdout + done.stderr for done in told).encode()
    lying = contents(tmp_path)
    beyond = contents(tmp_path / "state", tmp_path / "received")
    beyond |= {"words": words, "letters": (tmp_path / "letters").read_bytes()}
    arrived = "\n".join(shop.payloads())
    neighbours = [f"harmless-{kind}" for kind in [*masked, *denied]]
    assert [done.returncode for done in told] == [0, 0, 0, 0], words.decode()
    assert len(shop.payloads()) == len(CREDENTIALS) + len(FIELDS)
    assert found(lying | {"words": words}, masked) == []
    assert found(beyond, denied) == []
    assert [name for name in neighbours if name not in arrived] == []


LOOKS = [
    ("validate", "--json"),
    ("doctor", "--json"),
    ("status", "--json"),
    ("audit", "--json"),
    ("metrics",),
    ("preview", "--json"),
    ("dead-letter list", "--json"),
]
TRUSTED = ["project-key", "proxy-password", "mask-key"]
OWN = """
[identify]
mask = "hmac"
mask_key_file = "mask.key"
[egress_log]
file = "egress.jsonl"
"""


def test_what_the_shipper_itself_is_trusted_with_is_found_nowhere(
    tmp_path: Path,
) -> None:
    """Scenario 54: no key and no password, in no file of ours and on no screen."""
    shop = Shop(tmp_path)
    shop.record(3)
    key = tmp_path / "mask.key"
    key.write_text(secret("mask-key"))
    key.chmod(0o600)
    password = quote(secret("proxy-password"), safe="")
    told: list[str] = []

    def call(*words: str) -> None:
        done = shop.shipper(*words, environ={"README_API_KEY": secret("project-key")})
        told.append(done.stdout + done.stderr)

    with ConnectProxy(9, status=407) as proxy:
        shop.configure("https://receiver.example/v1/request")
        way = f'[network]\nproxy = "http://owl:{password}@127.0.0.1:{proxy.port}"\n'
        shop.configure_more(OWN + way)
        call("run", "--once", "--max-duration", "1s", "--verbose")
        call("doctor", "--json")
    with shop.receiving(api_key=secret("project-key")) as receiver:
        shop.configure_more(OWN)
        for status in (401, 400):
            receiver.faults = Faults(status=status)
            call("run", "--once", "--max-duration", "1s", "--verbose")
        for words in LOOKS:
            call(*words)
    key.unlink()

    lying = contents(tmp_path) | {"words": "".join(told).encode()}
    assert [text for text in ("407", "401") if text not in "".join(told)] == []
    assert len(shop.dead_letters()) == 3
    assert {"state.sqlite3", "egress.jsonl"} <= set(lying)
    assert found(lying, TRUSTED) == []


def test_the_search_would_find_them(tmp_path: Path) -> None:
    """Without a list the fields arrive, in all places but the bodies that were cut."""
    shop = Shop(tmp_path)
    with shop.receiving():
        record(shop.log, FIELDS)
        shop.shipper("run", "--once")

    arrived = contents(tmp_path / "received")
    assert [
        kind for kind in kinds("denied", FIELDS) if not found(arrived, [kind])
    ] == []
