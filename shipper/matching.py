"""Whether one rule matches a record, and whom it names.

A record as it lies on disk comes in; a `Caller` whose id is masked goes out, or the
`Miss` that says why not. A masked value is taken from `auth` alone, what stands in
clear is masked here, and what merely looks masked is nobody's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final, Protocol

from msgspec import Struct

from shipper.model import Caller
from shipper.record import Auth, Record, request_header
from shipper.request_body import value_at
from shipper.request_view import RequestView
from shipper.rules import FUNCTION, Rule, read_rule
from wsgi_writer.mask import Masks, header_word

_UNVERIFIED_STATUSES: Final = frozenset({401, 403})
# A mask, or a mark that many different values share; cookies hold one each.
_LOOKS_MASKED = re.compile(
    r"(?:hmac-)?sha512-|.*\[(?:REDACTED|SHED|NOT SENT)\b", re.DOTALL
)


class Miss(Enum):
    """Why a rule did not match."""

    ABSENT = "not there"
    MASKED = "masked, and not by the writer for auth"
    UNVERIFIED = "status 401 or 403 proves nothing"
    CUT = "the record was too large and has been cut"
    NONE = "returned None"
    FAILED = "failed"
    LATE = "took too long"
    OFF = "switched off after taking too long"


class Answer(Struct, frozen=True, gc=False):
    """What a user's function says: a key, not masked yet, and who that is."""

    api_key: str
    label: str = ""
    email: str = ""


class Function(Protocol):
    """A user's function, made safe: it returns in time and never raises."""

    def ask(self, request: RequestView) -> Answer | Miss:
        """Return who made a request."""
        ...


Way = Callable[[Record], Caller | Miss]

_NO_AUTH: Final = Auth()


class Matcher:
    """The ways to find a caller, one for each kind of rule.

    Args:
        masks: How values found in clear are masked.
        functions: By the text of the rule that names them.
    """

    def __init__(self, masks: Masks, functions: Mapping[str, Function]) -> None:
        self._masks = masks
        self._functions = functions

    def way_of(self, text: str) -> Way:
        """Return what carries out a rule.

        Raises:
            ValueError: The rule is none.
            KeyError: It names a function that is not given.
        """
        match read_rule(text):
            case Rule(kind="header", name=name):
                word, low = header_word(name), name.lower()
                return lambda record: self._header(record, word, low)
            case Rule(kind="query", name=name):
                return lambda record: self._query(record, name.lower())
            case Rule(kind="cookie", name=name):
                return lambda record: _cookie(record, name.lower())
            case Rule(kind="jwt", name=name):
                return lambda record: self._claim(record, name)
            case Rule(kind="body", name=name):
                return lambda record: self._masked(value_at(record.har.request, name))
            case Rule(kind="basic-user"):
                return self._basic_user
            case Rule(kind="client-ip"):
                return lambda record: self._masked(record.client)
            case Rule(kind=kind) if kind == FUNCTION:
                function = self._functions[text]
                return lambda record: self._answered(record, function)
            case _:
                return _bearer

    def _header(self, record: Record, word: str, low: str) -> Caller | Miss:
        if record.auth is not None and word in record.auth.headers:
            return Caller(record.auth.headers[word])
        return self._masked(request_header(record, low))

    def _query(self, record: Record, name: str) -> Caller | Miss:
        if "shed" in record.notes and not record.har.request.headers:
            return Miss.CUT  # long texts were cut with them: half a key is another's
        if record.auth is not None and name in record.auth.query:
            return Caller(record.auth.query[name])
        for pair in record.har.request.query_string:
            if pair.value and pair.name.lower() == name:
                return self._masked(pair.value)
        return Miss.ABSENT

    def _claim(self, record: Record, name: str) -> Caller | Miss:
        if record.auth is None or name not in record.auth.claims:
            return Miss.ABSENT
        # The application refused this token, so what it says proves nothing.
        if record.status in _UNVERIFIED_STATUSES:
            return Miss.UNVERIFIED
        return self._masked(str(record.auth.claims[name]))

    def _basic_user(self, record: Record) -> Caller | Miss:
        auth = record.auth or _NO_AUTH
        # Of a name that came without a password the writer has kept the mask.
        mask = auth.id if auth.scheme == "basic" else ""
        if not (auth.user or mask):
            return Miss.ABSENT
        if record.status in _UNVERIFIED_STATUSES:
            return Miss.UNVERIFIED
        return self._masked(auth.user) if auth.user else Caller(mask)

    def _answered(self, record: Record, function: Function) -> Caller | Miss:
        answer = function.ask(RequestView(record))
        if isinstance(answer, Miss):
            return answer
        if _vouches(record.auth, answer.api_key):
            return Caller(answer.api_key, answer.label, answer.email)
        found = self._masked(answer.api_key)
        if isinstance(found, Miss):
            return found
        return Caller(found.id, answer.label, answer.email)

    def _masked(self, value: str | None) -> Caller | Miss:
        """Mask a value found in clear; one already masked is nobody's name."""
        if not value:
            return Miss.ABSENT
        if _LOOKS_MASKED.match(value):
            return Miss.MASKED
        return Caller(self._masks.key(value))


def _bearer(record: Record) -> Caller | Miss:
    auth = record.auth
    if auth is None or auth.scheme != "bearer" or not auth.id:
        return Miss.ABSENT
    return Caller(auth.id)


def _cookie(record: Record, name: str) -> Caller | Miss:
    """Find a cookie that the writer kept the mask of; on disk it has no value."""
    if record.auth is None or name not in record.auth.cookies:
        return Miss.ABSENT
    return Caller(record.auth.cookies[name])


def _vouches(auth: Auth | None, mask: str) -> bool:
    """Tell whether a mask was made by the writer from this record's credentials."""
    return auth is not None and (
        mask == auth.id
        or mask in auth.headers.values()
        or mask in auth.query.values()
        or mask in auth.cookies.values()
    )
