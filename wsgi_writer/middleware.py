"""The WSGI middleware: decide before, watch during, record after.

In goes a WSGI application, out comes one that behaves the same and leaves one line
per exchange in a file. It never reads ahead, holds back, changes or repeats a byte,
and no fault of its own reaches the application or the client.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from wsgi_writer.capture import RequestBody
from wsgi_writer.journal import Journal
from wsgi_writer.mask import Masks
from wsgi_writer.proxies import TrustedProxies
from wsgi_writer.recorder import Recorder
from wsgi_writer.request import read_path
from wsgi_writer.rotate import RotatingFile
from wsgi_writer.sendfile import FILE_WRAPPER
from wsgi_writer.settings import (
    SkippedPaths,
    check_callable,
    check_flag,
    check_size,
    logs_url,
    read_mask_key,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication

ID: Final = "wsgi_writer.id"
INPUT: Final = "wsgi.input"
_MARK: Final = "wsgi_writer.request_body"
# RFC 9562 section 4.1: two fixed bits, two free ones.
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}

Environ = dict[str, Any]


class ExchangeWriter:
    """Wraps a WSGI application and writes one record per exchange.

    Args:
        app: The application.
        path: The log file; its directory must belong to the application, and is made
            with mode 0750 if it is missing.
        identify: From the environment to `{"api_key", "label", "email"}`, or None
            to leave this exchange out. The application may set
            `environ["wsgi_writer.caller"]` instead, which wins.
        base_log_url: Adds `x-documentation-url: {base_log_url}/logs/{id}` to
            responses; without it there is no such header.
        max_body_bytes: How much of each body is kept; a seventh less of a response
            to a request whose body fills it.
        max_record_bytes: How long a line may be.
        max_bytes: When the file is rotated.
        max_total_bytes: What the active and the rotated files may take together.
        min_free_bytes: How much disk space is left to others.
        when_full: What the total costs: "drop_oldest" files or "drop_newest" records.
        mode: Permissions of the files.
        fsync: "never", at "rotate", or "always".
        lock_timeout: Longest wait in seconds for another writer.
        mask_headers: Header names to mask besides the built-in ones.
        mask_query: Query parameters to mask besides the built-in ones.
        mask_fields: JSON and form fields to mask besides the built-in ones; None
            masks no field at all.
        mask: "sha512" as ReadMe's SDKs do, or "hmac" with `mask_key_file`.
        mask_key_file: The key of "hmac": the file's bytes, final newline left out.
        mask_short_keys: Show the last four characters of short keys too.
        jwt_claims: Claims of bearer tokens that are kept.
        identity_cookies: Cookies whose mask is kept, to know callers by.
        skip_paths: Paths that are not recorded; one ending in `*` is a beginning.
        record_bodies: True, False, or a function of the environment, asked before
            the application runs.
        trusted_proxies: Addresses, networks or "unix" whose forwarding headers are
            believed.

    Raises:
        TypeError: If an option is of the wrong type.
        ValueError: If an option has a value that cannot work.
        OSError: If `mask_key_file` cannot be read.
    """

    def __init__(
        self,
        app: WSGIApplication,
        path: str | os.PathLike[str],
        *,
        identify: Callable[[Environ], object] | None = None,
        base_log_url: str | None = None,
        max_body_bytes: int = 16 * 1024,
        max_record_bytes: int = 256 * 1024,
        max_bytes: int = 64 * 1024**2,
        max_total_bytes: int = 4 * 1024**3,
        min_free_bytes: int = 512 * 1024**2,
        when_full: Literal["drop_oldest", "drop_newest"] = "drop_oldest",
        mode: int = 0o640,
        fsync: Literal["never", "rotate", "always"] = "never",
        lock_timeout: float = 0.05,
        mask_headers: Iterable[str] = (),
        mask_query: Iterable[str] = (),
        mask_fields: Iterable[str] | None = (),
        mask: Literal["sha512", "hmac"] = "sha512",
        mask_key_file: str | os.PathLike[str] | None = None,
        mask_short_keys: bool = False,
        jwt_claims: Sequence[str] = ("sub", "iss", "azp", "client_id", "org_id"),
        identity_cookies: Iterable[str] = (),
        skip_paths: Iterable[str] = (),
        record_bodies: bool | Callable[[Environ], bool] = True,
        trusted_proxies: Iterable[str] = (),
    ) -> None:
        check_callable("app", app)
        if identify is not None:
            check_callable("identify", identify)
        if not isinstance(record_bodies, bool):
            check_callable("record_bodies", record_bodies)
        check_flag("mask_short_keys", mask_short_keys)
        check_size("max_body_bytes", max_body_bytes)
        check_size("max_record_bytes", max_record_bytes)
        # Nothing here changes after construction; the journal guards its own state.
        self._app = app
        self._skipped = SkippedPaths(skip_paths) if skip_paths else None
        self._record_bodies = record_bodies
        self._max_body_bytes = max_body_bytes
        self._journal = Journal(
            RotatingFile(
                path,
                max_bytes=max_bytes,
                max_total_bytes=max_total_bytes,
                min_free_bytes=min_free_bytes,
                when_full=when_full,
                mode=mode,
                fsync=fsync,
                lock_timeout=lock_timeout,
            ),
            Masks(
                headers=mask_headers,
                query=mask_query,
                fields=mask_fields,
                mask=mask,
                mask_key=read_mask_key(mask_key_file),
                mask_short_keys=mask_short_keys,
                jwt_claims=jwt_claims,
                identity_cookies=identity_cookies,
            ),
            identify=identify,
            logs_url=logs_url(base_log_url),
            proxies=TrustedProxies(trusted_proxies),
            max_body_bytes=max_body_bytes,
            max_record_bytes=max_record_bytes,
        )

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Serve one request, watched if it is to be recorded."""
        recorder = self._begin(environ, start_response)
        if recorder is None:
            return self._app(environ, start_response)
        try:
            result = self._app(environ, recorder.start_response)
        except BaseException as error:
            recorder.raised(error)
            raise
        return recorder.returned(result)

    def close(self) -> None:
        """Write what is still owed and close the file; a later call reopens it."""
        self._journal.close()

    def _begin(
        self, environ: Environ, start_response: StartResponse
    ) -> Recorder | None:
        """Return the watcher of this exchange, or None to let it pass unwatched."""
        recorder = None
        try:
            if self._journal.abandoned:
                self._journal.record_abandoned()
            received = dict(environ)
            earlier = received.get(_MARK)
            if earlier is not None and not earlier.finished:
                return None  # installed twice: the outer one records
            if self._skipped is not None and read_path(received) in self._skipped:
                return None
            limit = self._max_body_bytes
            if self._record_bodies is not True and not self._keeps_bodies(environ):
                limit = 0
            source = received.get(INPUT)
            if isinstance(source, RequestBody) and source.finished:
                source = source.source  # an environment used a second time
            body = RequestBody(source, limit)
            recorder = Recorder(  # by position: keywords would cost a third more
                self._journal, environ, received, new_id(), start_response, body, limit
            )
            if FILE_WRAPPER in received:
                recorder.lend_file_wrapper()
            environ[ID] = recorder.id
            environ[_MARK] = body
            if source is not None:
                environ[INPUT] = body
            return recorder
        except Exception as error:  # noqa: BLE001 - the guard of the set-up
            if recorder is not None:
                recorder.is_finished = True  # nobody will end it, so none may count it
            self._journal.trouble("set-up", error)
            return None

    def _keeps_bodies(self, environ: Environ) -> bool:
        if isinstance(self._record_bodies, bool):
            return self._record_bodies
        try:
            return bool(self._record_bodies(environ))
        except Exception as error:  # noqa: BLE001 - a user's function; fail closed
            self._journal.trouble("record_bodies", error)
            return False


def new_id() -> str:
    """Return a random UUID of version 4 (RFC 9562), made without `uuid`'s cost.

    The bytes come from the system each time, so forked processes differ.
    """
    digits = os.urandom(16).hex()
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}"
        f"-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"
    )
