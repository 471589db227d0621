"""The caller of an exchange, as the application names it.

What `identify(environ)` returned, or what the application left in its environ, comes
in; a `Caller` whose id is masked goes out. The application's own object is read and
never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from wsgi_writer.mask import Masks

MAX_TEXT_LENGTH = 256  # characters of a label or e-mail; a record is no user profile
MAX_KEY_LENGTH = 65536


@dataclass(slots=True)
class Caller:
    """Who made a request: an id that is masked already, a label, an e-mail.

    Built once per request, hence not frozen.
    """

    id: str
    label: str
    email: str


class AnswerError(ValueError):
    """An answer that names nobody; the message says why, and holds nothing of it."""


def caller_from(answer: object, masks: Masks) -> Caller:
    """Read `{"api_key": …, "label": …, "email": …}`; label and e-mail may be missing.

    A key that is no string is `str()`ed, bytes are read as UTF-8. Other entries of
    the mapping are ignored.

    Raises:
        AnswerError: The answer is no mapping, or has no `api_key`, or an empty or
            absurdly long one.
    """
    if type(answer) is not dict and not isinstance(answer, Mapping):
        kind = type(answer).__name__
        raise AnswerError(
            f"it returned {kind}, expected a mapping with 'api_key' or None"
        )
    key = _text(answer.get("api_key"))
    if not key:
        raise AnswerError("it returned no 'api_key', or an empty one")
    if len(key) > MAX_KEY_LENGTH:
        raise AnswerError(f"it returned an 'api_key' of {len(key)} characters")
    return Caller(
        masks.key(key),
        _text(answer.get("label"))[:MAX_TEXT_LENGTH],
        _text(answer.get("email"))[:MAX_TEXT_LENGTH],
    )


def _text(value: object) -> str:
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # An exact str: a subclass may slice and compare with its own ideas.
    return str.__str__(value if isinstance(value, str) else str(value))
