"""The requests of one connection to the receiver, judged and answered.

Path, method, key and body are checked in that order; what is wrong is answered
with JSON that says so. A fault is played instead of the honest answer when the
host's `Faults` say it is this request's turn.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Protocol, cast

import msgspec

from shipper.receiver.body import BodyError, read_body
from shipper.receiver.contract import Accepted, Faulty, as_errors, check
from shipper.receiver.faults import Faults, Misdeed
from shipper.receiver.keeping import Keeper, NotKeptError, Request

PATH = "/v1/request"
MAX_BODY_BYTES = 16 * 1024 * 1024  # far above any batch of ours, far below memory
IDLE_SECONDS = 60.0  # an idle connection holds a thread no longer than this
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger: on, for no time

_LOGIN_PAGE = b"<!doctype html><title>Sign in to the network</title>"


class Host(Protocol):
    """What all connections share."""

    api_key: str | None
    faults: Faults
    keeper: Keeper
    on_request: Callable[[Request], None] | None
    stopping: threading.Event

    def next_number(self) -> int:
        """Return the number of a request that has just been read whole."""
        ...


class HostingServer(Protocol):
    """The server that makes handlers."""

    host: Host


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection, one after another."""

    protocol_version = "HTTP/1.1"
    server_version = "hartail-receiver"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    @property
    def _host(self) -> Host:
        return cast(HostingServer, self.server).host  # the only one that makes us

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Say nothing: the host is told of every request."""

    def refuse_method(self) -> None:
        """Answer any method that delivers nothing."""
        self.close_connection = True  # a body, if there is one, stays unread
        if self._is_path_known():
            more = {"Allow": "POST"}
            self._answer(405, {"message": f"expected POST {PATH}"}, more)
        else:
            self._answer(404, {"message": f"expected POST {PATH}"})

    do_GET = do_HEAD = refuse_method  # noqa: N815 - names the parent looks for
    do_PUT = do_PATCH = refuse_method  # noqa: N815 - names the parent looks for
    do_DELETE = do_OPTIONS = refuse_method  # noqa: N815 - names the parent looks for

    def do_POST(self) -> None:
        """Answer a delivery."""
        try:
            body = read_body(
                self.rfile,
                coding=self.headers.get("Transfer-Encoding"),
                length=self.headers.get("Content-Length"),
                limit_bytes=MAX_BODY_BYTES,
            )
        except BodyError as error:
            # Where the next request begins is not known.
            self.close_connection = True
            if error.status is not None:
                self._answer(error.status, {"message": str(error)})
            return
        number = self._host.next_number()
        if self._host.faults.delay_seconds:
            self._host.stopping.wait(self._host.faults.delay_seconds)
        try:
            self._settle(body, self._host.faults.misdeed(number))
        except NotKeptError as error:
            self._answer(500, {"message": f"cannot be kept: {error}"})

    def _settle(self, body: bytes, misdeed: Misdeed | None) -> None:
        """Judge, keep and answer one request, or play a fault on it."""
        faults = self._host.faults
        match misdeed:
            case Misdeed.RESET:
                self._note(Request(_now(), 0, len(body), fault=misdeed))
                self._reset()
            case Misdeed.HTML:
                self._note(Request(_now(), 200, len(body), fault=misdeed))
                self._send(200, "text/html; charset=utf-8", _LOGIN_PAGE)
            case Misdeed.STATUS:
                assert faults.status is not None
                self._note(Request(_now(), faults.status, len(body), fault=misdeed))
                more = {"Retry-After": faults.retry_after} if faults.retry_after else {}
                self._answer(faults.status, {"message": "told to misbehave"}, more)
            case Misdeed.LOSE_ANSWER:
                self._judge(body, fault=misdeed)
                self.close_connection = True
            case None:
                self._judge(body, fault=None)

    def _judge(self, body: bytes, *, fault: str | None) -> None:
        refusal = self._refusal()
        if refusal is not None:
            status, message, more = refusal
            self._note(Request(_now(), status, len(body), fault=fault))
            self._answer(status, {"message": message}, more, is_told=fault is None)
            return
        match check(body):
            case Faulty(reasons):
                note = Request(_now(), 400, len(body), fault=fault, reasons=reasons)
                self._note(note)
                self._answer(400, as_errors(reasons), is_told=fault is None)
            case Accepted(log_objects, ids):
                note = Request(_now(), 202, len(body), ids=ids, fault=fault)
                self._note(note, log_objects)
                self._answer(202, {}, is_told=fault is None)

    def _refusal(self) -> tuple[int, str, dict[str, str]] | None:
        """Return status, message and headers of a refusal before the body is read."""
        if not self._is_path_known():
            return 404, f"expected POST {PATH}", {}
        if not _is_accepted(self.headers.get("Authorization", ""), self._host.api_key):
            message = "expected Basic auth with the project key and an empty password"
            return 401, message, {"WWW-Authenticate": 'Basic realm="receiver"'}
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            return 400, "expected Content-Type: application/json", {}
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            return 400, "expected a body without Content-Encoding", {}
        return None

    def _is_path_known(self) -> bool:
        return self.path.partition("?")[0] == PATH

    def _note(self, request: Request, log_objects: Sequence[bytes] = ()) -> None:
        self._host.keeper.keep(request, log_objects)
        if self._host.on_request is not None:
            self._host.on_request(request)

    def _answer(
        self,
        status: int,
        message: object,
        more: Mapping[str, str] | None = None,
        *,
        is_told: bool = True,
    ) -> None:
        if is_told:
            body = msgspec.json.encode(message)
            self._send(status, "application/json", body, more or {})

    def _send(
        self, status: int, kind: str, body: bytes, more: Mapping[str, str] | None = None
    ) -> None:
        """Send head and body at once: two packets would wait for each other."""
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "Unknown"
        fields = {
            "Server": self.server_version,
            "Date": self.date_time_string(),
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **(more or {}),
        }
        if self.close_connection:
            fields["Connection"] = "close"
        lines = [f"HTTP/1.1 {status} {phrase}", *map(": ".join, fields.items()), "", ""]
        answer = "\r\n".join(lines).encode("latin-1")
        if self.command != "HEAD":
            answer += body
        self._write_out(answer)

    def _write_out(self, answer: bytes) -> None:
        pause = self._host.faults.drip_seconds
        if not pause:
            self.wfile.write(answer)
            return
        for index in range(len(answer)):
            self.wfile.write(answer[index : index + 1])
            if self._host.stopping.wait(pause):
                return

    def _reset(self) -> None:
        self.wfile.write(b"HTTP/1.1 202 Acc")
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.close_connection = True


def _is_accepted(header: str, api_key: str | None) -> bool:
    """Return whether the header is Basic auth (RFC 7617) with an empty password."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        user = base64.b64decode(credentials.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    key, colon, password = user.partition(b":")
    if not key or not colon or password:
        return False
    return api_key is None or hmac.compare_digest(key, api_key.encode("latin-1"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
