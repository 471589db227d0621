"""Check what the programmer gave to the middleware, before the first request.

In come the options of `ExchangeWriter` that no other room checks; out comes their
usable form, or an error saying which option, what was expected and what was got.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_logger: Final = logging.getLogger("wsgi_writer")

_SHORTEST_KEY: Final = 16  # bytes; less than 128 bits can be searched through
# RFC 3986 section 2: the characters of a URL. It ends up in a response header.
_URL_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/\[\]@!$&'()*+,;=%]+")


class SkippedPaths:
    """The paths that are not recorded: exact ones, and beginnings ending in `*`.

    Raises:
        TypeError: If the paths are one string, or hold something else than strings.
        ValueError: If a path does not begin with `/`, or has its `*` elsewhere.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        given = _strings("skip_paths", paths)
        for path in given:
            if not path.startswith("/") or "*" in path[:-1]:
                raise ValueError(
                    "skip_paths: expected paths that begin with '/' and may end "
                    f"in '*', got {path!r}"
                )
        native = [path.encode("utf-8").decode("latin-1") for path in given]
        self._exact = frozenset(path for path in native if path[-1] != "*")
        self._beginnings = tuple(path[:-1] for path in native if path[-1] == "*")

    def __contains__(self, path: str) -> bool:
        """Whether `path`, a native latin-1 string as in the environment, is skipped."""
        return path in self._exact or path.startswith(self._beginnings)


def check_callable(name: str, value: object) -> None:
    """Refuse what cannot be called.

    Raises:
        TypeError: If `value` is not callable.
    """
    if not callable(value):
        raise TypeError(f"{name}: expected a callable, got {type(value).__name__}")


def check_flag(name: str, value: object) -> None:
    """Refuse what is neither True nor False: the word "no" would count as yes.

    Raises:
        TypeError: If `value` is not a bool.
    """
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False, got {type(value).__name__}")


def check_size(name: str, value: object) -> None:
    """Refuse what is not a positive whole number of bytes.

    Raises:
        TypeError: If `value` is not an int; True is not one here.
        ValueError: If it is not positive.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(
            f"{name}: expected a whole number of bytes, got {type(value).__name__}"
        )
    if value <= 0:
        raise ValueError(f"{name}: expected a positive number of bytes, got {value}")


def read_mask_key(path: str | os.PathLike[str] | None) -> bytes | None:
    """Return the key of the keyed mask: the file's bytes without a final newline.

    Raises:
        OSError: If the file cannot be read.
        TypeError: If it is no path; a number would be somebody's open file.
        ValueError: If the key is shorter than 16 bytes.
    """
    if path is None:
        return None
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"mask_key_file: expected a path, got {type(path).__name__}")
    with open(os.path.expanduser(path), "rb") as file:
        key = file.read().rstrip(b"\r\n")
    if len(key) < _SHORTEST_KEY:
        raise ValueError(
            f"mask_key_file: expected at least {_SHORTEST_KEY} bytes in "
            f"{os.fspath(path)}, got {len(key)}"
        )
    return key


def logs_url(base_log_url: object) -> str | None:
    """Return what stands before the id in the header, or None for no header.

    A URL that cannot be a header value costs the header and a warning, never the
    application: it is the one option that reaches clients.
    """
    if base_log_url is None:
        return None
    fault = _url_fault(base_log_url)
    if fault:
        _logger.warning(
            "base_log_url: expected an http(s) URL, got one %s; "
            "x-documentation-url is switched off",
            fault,
        )
        return None
    return str(base_log_url).rstrip("/") + "/logs/"


def _url_fault(url: object) -> str:
    if not isinstance(url, str):
        return f"of type {type(url).__name__}"
    if not _URL_CHARACTERS.fullmatch(url):
        return "with characters that do not belong in it"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "that cannot be parsed"
    if parts.scheme not in ("http", "https"):
        return "with another scheme"
    if not host or port == 0:
        return "without a host"
    return "with credentials in it" if "@" in parts.netloc else ""


def _strings(name: str, values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str | bytes):
        raise TypeError(f"{name}: expected a list of strings, got one: {values!r}")
    if not isinstance(values, Iterable):
        raise TypeError(
            f"{name}: expected a list of strings, got {type(values).__name__}"
        )
    given = tuple(values)
    for value in given:
        if not isinstance(value, str):
            raise TypeError(f"{name}: expected strings, got {value!r}")
    return given
