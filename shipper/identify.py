"""Who made a request, from what the record says of itself.

A parsed record comes in as it lies on disk, never redacted; a `Caller` whose id is
masked goes out, or None when the record is to be left out. A masked value is taken
from the record's `auth` alone: a header that merely looks masked may have been sent
so by the client. Nothing is masked twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal

from shipper.model import Caller
from shipper.record import Record, request_header
from wsgi_writer.mask import mask_key

ANONYMOUS: Final = Caller(id="anonymous", label="anonymous")

_UNVERIFIED_STATUSES: Final = frozenset({401, 403})
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")  # RFC 9110 section 5.1
_LOOKS_MASKED = re.compile(r"(?:hmac-)?sha512-|(?:[A-Za-z]+ )?\[REDACTED")

_Rule = Callable[[Record], str | None]


class Identifier:
    """Applies the rules of `[identify]`, the first match wins.

    Args:
        rules: Such as ``header:X-Api-Key``; asked only when the record itself does
            not name its caller. `check_rule` tells what may stand here.
        unidentified: What becomes of a record that no rule matches.
        mask_short_keys: Show the last four characters of keys under 8 too.

    Raises:
        ValueError: A rule that `check_rule` complains about.
    """

    def __init__(
        self,
        *,
        rules: Sequence[str] = (),
        unidentified: Literal["anonymous", "drop"] = "anonymous",
        mask_short_keys: bool = False,
    ) -> None:
        for rule in rules:
            problem = check_rule(rule)
            if problem is not None:
                raise ValueError(f"rule {rule!r}: {problem}")
        self._mask_short_keys = mask_short_keys
        self._rules = tuple(map(self._compile, rules))
        self._otherwise = ANONYMOUS if unidentified == "anonymous" else None

    def caller_of(self, record: Record) -> Caller | None:
        """Return who made the request; None leaves the record out."""
        if record.caller is not None:
            return record.caller
        for rule in self._rules:
            id_ = rule(record)
            if id_:
                return Caller(id_)
        return self._otherwise

    def _compile(self, rule: str) -> _Rule:
        kind, _, name = rule.partition(":")
        match kind:
            case "header":
                return lambda record: self._header(record, name.lower())
            case "query":
                return lambda record: self._query(record, name.lower())
            case "basic-user":
                return self._basic_user
            case _:
                return _bearer

    def _header(self, record: Record, name: str) -> str | None:
        if record.auth is not None and name in record.auth.headers:
            return record.auth.headers[name]
        return self._mask(request_header(record, name))

    def _query(self, record: Record, name: str) -> str | None:
        if record.auth is not None and name in record.auth.query:
            return record.auth.query[name]
        for pair in record.har.request.query_string:
            if pair.value and pair.name.lower() == name:
                return self._mask(pair.value)
        return None

    def _basic_user(self, record: Record) -> str | None:
        # The application refused these credentials, so the name proves nothing.
        if record.status in _UNVERIFIED_STATUSES or record.auth is None:
            return None
        return self._mask(record.auth.user)

    def _mask(self, value: str | None) -> str | None:
        """Mask a value found in clear; one already masked is nobody's name."""
        if not value or _LOOKS_MASKED.match(value):
            return None
        return mask_key(value, mask_short_keys=self._mask_short_keys)


def check_rule(rule: str) -> str | None:
    """Return what is wrong with a rule, or None if it may be used."""
    kind, colon, name = rule.partition(":")
    if kind in _NAMED:
        if not name:
            return f"{kind}: needs a name, as in {_NAMED[kind]}"
        if kind == "header" and _HEADER_NAME.match(name) is None:
            return "that is not the name of a header"
        return None
    if kind in _PLAIN:
        return f"{kind} takes no name" if colon else None
    known = [*_NAMED.values(), *_PLAIN]
    return f"expected one of {', '.join(known)}"


def _bearer(record: Record) -> str | None:
    auth = record.auth
    return auth.id if auth is not None and auth.scheme == "bearer" else None


_NAMED: Final = {"header": "header:X-Api-Key", "query": "query:NAME"}
_PLAIN: Final = ("bearer", "basic-user")
