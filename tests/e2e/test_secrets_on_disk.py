"""Nothing secret reaches the disk: planted in every way, and then searched for."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.traces import secret, traces
from tests.support.wsgi import a_writer, an_environ, serve

pytestmark = pytest.mark.e2e

Headers = list[tuple[str, str]]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


def jwt(kind: str) -> str:
    """A token whose third part and unlisted claims must not be kept."""
    parts: list[dict[str, str]] = [
        {"alg": "HS256"},
        {"sub": "owl", "pin": secret(kind)},
    ]
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()) for p in parts]
    return ".".join([*(e.decode().rstrip("=") for e in encoded), secret(kind)])


def basic(kind: str) -> str:
    """Credentials of a user whose password is the secret."""
    return "Basic " + base64.b64encode(f"owl:{secret(kind)}".encode()).decode()


HEADER_KINDS = {
    "HTTP_AUTHORIZATION": "Bearer {}",
    "HTTP_PROXY_AUTHORIZATION": "Bearer {}",
    "HTTP_X_API_KEY": "{}",
    "HTTP_API_KEY": "{}",
    "HTTP_X_AUTH_TOKEN": "{}",
    "HTTP_COOKIE": "session={}; theme={}",
    "HTTP_REFERER": "https://a.example.com/?token={}&x=1",
    "HTTP_X_OWN_SECRET": "{}",
}
QUERY_KINDS = (
    "api_key", "apikey", "key", "token", "access_token", "id_token", "refresh_token",
    "code", "client_secret", "password", "sig", "signature", "x-amz-signature",
    "x-amz-security-token", "x-goog-signature", "own_parameter",
)  # fmt: skip
FIELD_KINDS = (
    "password", "passwd", "secret", "client_secret", "access_token", "refresh_token",
    "id_token", "api_key", "private_key", "card_number", "cvv", "own_field",
)  # fmt: skip
OWN = {
    "mask_headers": ["X-Own-Secret"],
    "mask_query": ["own_parameter"],
    "mask_fields": ["own_field"],
}


class Planted:
    """A recorded application, and everything that was hidden in its exchanges."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kinds: list[str] = []

    def plant(self, kind: str) -> str:
        """A new secret, to be searched for."""
        self.kinds.append(kind)
        return secret(kind)

    def exchange(
        self,
        environ: dict[str, Any] | None = None,
        *,
        body: bytes = b"",
        body_type: str = JSON,
        answer: bytes = b"",
        headers: Headers | None = None,
        options: dict[str, Any] | None = None,
    ) -> None:
        """One exchange: this request, this response."""

        def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            environ["wsgi.input"].read()
            start_response("200 OK", headers or [("Content-Type", JSON)])
            return [answer]

        options = {"max_bytes": 20_000, **OWN, **(options or {})}
        writer = a_writer(app, self.directory / "exchanges.jsonl", **options)
        request = an_environ("/", "POST" if body else "GET", body=body)
        request |= environ or {}
        if body:
            request["CONTENT_TYPE"] = body_type
        served = serve(writer, request)
        writer.close()
        assert served.error is None

    def found(self) -> list[str]:
        """Where in the directory a secret lies, and in which form."""
        files = [path for path in self.directory.rglob("*") if path.is_file()]
        assert files
        contents = {path.name: path.read_bytes() for path in files}
        return [
            f"{kind} {form} in {name}"
            for kind in self.kinds
            for form, trace in traces(kind)
            for name, content in contents.items()
            if trace in content
        ]


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    """An empty log directory."""
    return Planted(tmp_path)


def test_the_search_finds_what_is_there(planted: Planted) -> None:
    """A secret under a name that nobody listed is found, in text and in base64."""
    body = json.dumps({"innocent": planted.plant("open")}).encode()
    planted.exchange(body=body)
    planted.exchange(body=body + b"\xff", body_type="application/octet-stream")

    forms = " ".join(planted.found())
    assert "as it is" in forms
    assert "base64 at" in forms


@pytest.mark.parametrize("name", HEADER_KINDS)
def test_request_headers(planted: Planted, name: str) -> None:
    """Credentials, cookies and addresses with keys in them."""
    value = planted.plant(name)
    shape = HEADER_KINDS[name]
    planted.exchange({name: shape.format(value, value)})
    planted.exchange({name: shape.format(quote(value, safe=""), value)})

    assert planted.found() == []


@pytest.mark.parametrize("name", ["HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION"])
def test_passwords_and_tokens(planted: Planted, name: str) -> None:
    """Basic passwords, keys without one, whole JWTs and unknown schemes."""
    values = {"basic": basic("basic"), "jwt": f"Bearer {jwt('jwt')}"}
    values["own"] = f"Own {secret('own')}"
    key = base64.b64encode(f"{secret('key')}:".encode()).decode()
    values["key"] = f"Basic {key}"
    for kind, value in values.items():
        planted.plant(kind)
        planted.exchange({name: value})

    assert planted.found() == []


@pytest.mark.parametrize("name", QUERY_KINDS)
def test_query_parameters(planted: Planted, name: str) -> None:
    """Listed names, in any case and any encoding, in query, raw target and headers."""
    for number, spelt in enumerate(
        (name, name.upper(), quote(name).replace("e", "%65"))
    ):
        value = planted.plant(f"{name}-{number}")
        query = f"a=1&{spelt}={quote(value, safe='')}&b=2"
        planted.exchange({"QUERY_STRING": query})
        planted.exchange({"RAW_URI": f"/p?{query}", "QUERY_STRING": query})
        planted.exchange({"HTTP_REFERER": f"https://a.example.com/?{query}"})
        planted.exchange(headers=[("Location", f"https://a.example.com/?{query}")])

    assert planted.found() == []


@pytest.mark.parametrize("name", FIELD_KINDS)
def test_body_fields(planted: Planted, name: str) -> None:
    """Listed fields at any depth, in requests and responses, forms and parts."""
    value = planted.plant(name)
    deep = json.dumps({"a": [{"b": {name: value}}], "c": 1}).encode()
    part = (
        f'--e\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--e--'
    )
    planted.exchange(body=deep, answer=deep)
    planted.exchange(
        body=deep.replace(b'"' + name.encode(), b'"' + name.upper().encode())
    )
    planted.exchange(body=f"a=1&{name}={quote(value)}".encode(), body_type=FORM)
    planted.exchange(body=part.encode(), body_type="multipart/form-data; boundary=e")
    planted.exchange(body=b"[%s" % deep)  # cannot be parsed

    assert planted.found() == []


@pytest.mark.parametrize("name", ["password", "own_field"])
def test_packed_bodies(planted: Planted, name: str) -> None:
    """A compressed body is opened; the packed bytes are not written beside it."""
    value = planted.plant(name)
    plain = json.dumps({name: value, "a": 1}).encode()
    for coding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        headers = [("Content-Type", JSON), ("Content-Encoding", coding)]
        packed = pack(plain)
        planted.exchange(
            {"HTTP_CONTENT_ENCODING": coding},
            body=packed,
            answer=packed,
            headers=headers,
        )
        planted.kinds.append(name)
        trace = base64.b64encode(packed)[:24]
        for path in planted.directory.iterdir():
            assert trace not in path.read_bytes()

    assert planted.found() == []


def test_a_body_that_was_cut(planted: Planted) -> None:
    """A listed name in a body over the limit costs the body, wherever the cut is."""
    value = planted.plant("cut")
    body = json.dumps({"password": value, "rest": "x" * 300}).encode()
    for limit in (15, 20, 30, 45, 60, 200):
        planted.exchange(body=body, answer=body, options={"max_body_bytes": limit})

    assert planted.found() == []


def test_response_headers(planted: Planted) -> None:
    """Cookies that are set, and keys that are handed out."""
    value = planted.plant("handed-out")
    planted.exchange(
        headers=[
            ("Set-Cookie", f"session={value}; HttpOnly"),
            ("X-Api-Key", value),
            ("x-auth-token", value),
            ("Location", f"/next?token={quote(value)}"),
        ]
    )

    assert planted.found() == []


@pytest.mark.parametrize("mask", ["sha512", "hmac"])
def test_the_callers_key(planted: Planted, mask: str, tmp_path_factory: Any) -> None:
    """What `identify` returns is masked, and so is what the application sets."""
    value = planted.plant("caller")
    options: dict[str, Any] = {"identify": lambda environ: {"api_key": value}}
    if mask == "hmac":
        key_file = tmp_path_factory.mktemp("key") / "key"
        key_file.write_text("0123456789abcdef")
        options |= {"mask": mask, "mask_key_file": key_file}
    planted.exchange(options=options)
    planted.exchange({"wsgi_writer.caller": {"api_key": value}}, options=options)

    assert planted.found() == []


def test_identity_cookies_keep_a_mask_only(planted: Planted) -> None:
    """A cookie that callers are known by is kept as its mask."""
    value = planted.plant("session")
    planted.exchange(
        {"HTTP_COOKIE": f"session={value}"}, options={"identity_cookies": ["session"]}
    )

    assert planted.found() == []
