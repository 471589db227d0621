"""What the demo asks of the shop: a few dozen requests of every kind.

`CALLS` is the list, and each call says what must become of it. Everything
that must not be found later carries one of the words of `PLANTED` or `LISTED`.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

PLANTED = "demo-secret"  # masked by the writer: never in the log
LISTED = "demo-listed"  # on the denylist: in the log, never at the receiver
HOST = "shop.example.com"
OTHER_HOST = "internal.example.com"

_KEY = {"X-Api-Key": f"{PLANTED}-owl-key"}
_BEARER = {"Authorization": f"Bearer {PLANTED}-bearer-token"}
_BASIC = {"Authorization": "Basic b3dsOmRlbW8tc2VjcmV0LXBhc3N3b3Jk"}
_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_PARTS = {"Content-Type": "multipart/form-data; boundary=demo"}
_UPLOAD = (
    b"--demo\r\nContent-Disposition: form-data; name=title\r\n\r\nA cover\r\n"
    b"--demo\r\nContent-Disposition: form-data; name=password\r\n\r\n"
    b"demo-secret-part\r\n"
    b'--demo\r\nContent-Disposition: form-data; name=file; filename="c.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\x00\x01\r\n--demo--\r\n"
)


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        is_recorded: False when the app asks the writer to leave it out.
        is_shipped: False when a rule of the shipper skips it.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    host: str = HOST
    is_recorded: bool = True
    is_shipped: bool = True


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


CALLS: tuple[Call, ...] = (
    Call("GET", "/books", _KEY),
    Call("GET", "/books?page=2&sort=title&sort=price", _KEY),
    Call("GET", "/books?q=%C3%A9t%C3%A9&empty=&api_key=demo-secret-query"),
    Call("GET", "/books?access_token=demo-secret-token&lang=en"),
    Call("HEAD", "/books", _KEY),
    Call("POST", "/books", {**_KEY, **_JSON}, _json({"title": "New", "price": 3})),
    Call("GET", "/books/1", _KEY),
    Call("GET", "/books/1", {**_KEY, "If-None-Match": '"1"'}),
    Call("GET", "/books/2", _BEARER),
    Call("GET", "/books/3", _BASIC),
    Call("GET", "/books/99", _KEY),
    Call("PUT", "/books/1", {**_KEY, **_JSON}, _json({"price": 8})),
    Call("PATCH", "/books/2", {**_KEY, **_JSON}, _json({"tags": ["guards"]})),
    Call("DELETE", "/books/3", _KEY),
    Call("POST", "/login", _FORM, b"user=owl&password=demo-secret-form&remember=1"),
    Call(
        "POST",
        "/login",
        _JSON,
        _json({"user": "owl", "deep": [{"password": "demo-secret-json"}]}),
    ),
    Call("POST", "/cover.png", {**_KEY, **_PARTS}, _UPLOAD),
    Call("GET", "/cover.png", _KEY),
    Call("POST", "/cover.png", {**_KEY, "Content-Type": "image/png"}, b"\x89PNG\x00"),
    Call("GET", "/export.csv", {**_KEY, "Cookie": "session=demo-secret-cookie"}),
    Call("GET", "/moved", {"Referer": "https://x.example/?token=demo-secret-referer"}),
    Call("GET", "/crash", _KEY),
    Call("GET", "/nothing-here", _KEY),
    Call("POST", "/profile", {**_KEY, **_JSON}, _json({"ssn": "demo-listed-body"})),
    Call("GET", "/profile?ssn=demo-listed-query", _KEY),
    Call("OPTIONS", "/books", {"Origin": "https://app.example.com"}, is_shipped=False),
    *(Call("GET", f"/books/{1 + at % 3}?page={at}", _KEY) for at in range(10)),
    Call("GET", "/books", _KEY, host=OTHER_HOST, is_shipped=False),
    Call("GET", "/books/1", _KEY, host=OTHER_HOST, is_shipped=False),
    Call("GET", "/healthz", is_recorded=False),
    Call("GET", "/books/2", {"X-Do-Not-Log": "please"}, is_recorded=False),
)


def send(port: int, call: Call) -> http.client.HTTPResponse:
    """Send one call to the shop on loopback and read the whole answer.

    Raises:
        OSError: When the shop does not answer.
        http.client.HTTPException: When its answer is not HTTP.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Host": call.host, "User-Agent": "shipper-demo", **call.headers}
    body = call.body or None
    try:
        connection.request(call.method, call.target, body=body, headers=headers)
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()
    return response
