"""What the patterns of `[filter]` mean: hosts, methods, paths, statuses and types.

A pattern's text comes in; what it matches goes out, compiled once. The functions
named `…_problem` say in words what is wrong with a pattern that means nothing, so
that the configuration can refuse it before any record is judged by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

_STATUS: Final = re.compile(r"([0-9])xx|([0-9]{3})(?:-([0-9]{3}))?", re.IGNORECASE)
_CONTENT_TYPE: Final = re.compile(r"[!-.0-~]+/[!-.0-~]+")
_METHOD: Final = re.compile(r"[!#$%&'+.^`|~\w-]+", re.ASCII)  # RFC 9110, but no star
_HOST: Final = re.compile(
    r"(?:\[[0-9a-f:.]+\]|[^\s/?#@,:\[\]]+)(?::[0-9]+)?", re.IGNORECASE
)
_STARS: Final = re.compile(r"(/\*\*(?=/|\Z)|\*\*|\*)")
_MEANING: Final = {
    "/**": "(?:/.*)?",  # any number of whole segments, none too
    "**": ".*",
    "*": "[^/]*",
}


def paths(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Return what matches a whole path, or None without patterns.

    ``*`` stands for anything within one segment and ``**`` for anything across
    segments; ``/**`` as a segment of its own also stands for no segment, so that
    ``/admin/**`` matches ``/admin``. Case counts.
    """
    return _any_of(
        "".join(_MEANING.get(part) or re.escape(part) for part in _STARS.split(pattern))
        for pattern in patterns
    )


def path_problem(pattern: str) -> str | None:
    """Return why a pattern can match no path, or None."""
    if not pattern.startswith(("/", "*")):
        return "a path begins with / or with *"
    if "?" in pattern or "#" in pattern:
        return "a path ends before the query; ? stands for nothing here"
    if "%" in pattern:
        return "paths are compared percent-decoded: write the character itself"
    return None


def path_of(url: str) -> str:
    """Return the path of a URL, percent-decoded once, without its query."""
    after_scheme = url.partition("://")[2].partition("?")[0].partition("#")[0]
    path = after_scheme[after_scheme.find("/") :] if "/" in after_scheme else "/"
    return unquote(path, errors="replace") if "%" in path else path


def statuses(patterns: Iterable[str]) -> frozenset[int]:
    """Return the status codes of ``404``, ``4xx`` and ``400-499``."""
    codes: set[int] = set()
    for pattern in patterns:
        found = _STATUS.fullmatch(pattern.strip())
        assert found is not None, pattern
        family, first, last = found.groups()
        if family:
            codes.update(range(int(family) * 100, int(family) * 100 + 100))
        else:
            codes.update(range(int(first), int(last or first) + 1))
    return frozenset(codes)


def status_problem(pattern: str) -> str | None:
    """Return why a pattern stands for no status, or None."""
    found = _STATUS.fullmatch(pattern.strip())
    if found is None:
        return 'expected a status such as "404", "4xx" or "400-499"'
    _, first, last = found.groups()
    if last and int(last) < int(first):
        return f"the range ends before it begins: {first} is more than {last}"
    return None


def content_types(patterns: Iterable[str]) -> re.Pattern[str] | None:
    """Return what matches a bare, lower-case content type, or None without patterns.

    ``*`` stands for any characters: ``image/*``, ``application/*+json``, ``*/*``.
    """
    return _any_of(
        ".*".join(map(re.escape, pattern.strip().lower().split("*")))
        for pattern in patterns
    )


def content_type_problem(pattern: str) -> str | None:
    """Return why a pattern can match no content type, or None."""
    if ";" in pattern:
        return "parameters such as charset are not compared: leave out what follows ;"
    if _CONTENT_TYPE.fullmatch(pattern.strip()) is None:
        return 'expected a content type such as "image/*" or "application/json"'
    return None


def host_problem(host: str) -> str | None:
    """Return why no record can have a host, or None."""
    text = host.strip()
    if _HOST.fullmatch(text) is None:
        return (
            "expected a host as it stands in a Host header, such as "
            '"api.example.com" or "localhost:8000"'
        )
    if "*" in text or text.startswith("."):
        return "hosts are compared whole: name each of them"
    return None


def method_problem(method: str) -> str | None:
    """Return why no record can have a method, or None."""
    if _METHOD.fullmatch(method.strip()) is None:
        return 'expected a method such as "OPTIONS"'
    return None


def bare_content_type(text: str) -> str:
    """Return a content type in lower case, without its parameters."""
    return text.partition(";")[0].strip().lower()


def _any_of(expressions: Iterable[str]) -> re.Pattern[str] | None:
    together = "|".join(expressions)
    return re.compile(rf"(?:{together})\Z", re.DOTALL) if together else None
