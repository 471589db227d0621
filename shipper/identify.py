"""Who made a request, from what the record says of itself.

A parsed record comes in as it lies on disk, never redacted; an `Identified` goes
out, with a `Caller` whose id is masked. A masked value is taken from the record's
`auth` alone: a header that merely looks masked may have been sent so by the client.
Nothing is masked twice. Tables and users' functions are given, as protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, Protocol

from msgspec import Struct

from shipper.matching import Function, Matcher, Miss
from shipper.model import Caller
from shipper.record import Record
from wsgi_writer.mask import Masks

ANONYMOUS: Final = Caller(id="anonymous", label="anonymous")
APPLICATION: Final = "application"  # stands for a rule where the record named its own

_HMAC: Final = "hmac-sha512-"
_SHA512: Final = "sha512-"


class Known(Struct, frozen=True, gc=False):
    """What a table says of a caller; an `id` that is masked, or empty for its own."""

    label: str = ""
    email: str = ""
    id: str = ""


class Identified(Struct, frozen=True, gc=False):
    """Who made a request, and how that was found.

    Attributes:
        caller: None leaves the record out.
        rule: The text of the rule that matched, `APPLICATION`, or None.
        misses: Why the rules before it did not match, in their order.
    """

    caller: Caller | None
    rule: str | None
    misses: tuple[Miss, ...] = ()


class Directory(Protocol):
    """A table of callers."""

    def find(self, id_: str) -> Known | None:
        """Return what is known of a masked id."""
        ...


class Identifier:
    """Applies the rules of `[identify]`, the first match wins.

    Args:
        rules: Such as ``header:X-Api-Key``; asked only when the record itself does
            not name its caller. `rules.check_rule` tells what may stand here.
        unidentified: What becomes of a record that no rule matches.
        masks: How values found in clear are masked; ReadMe's way by default.
        directory: Knows label and e-mail of callers.
        functions: By the text of the rule that names them.
        on_other_mask: Told the kind of a record's masks when `masks` makes another.

    Raises:
        ValueError: A rule that `check_rule` complains about.
        KeyError: A rule names a function that is not given.
    """

    def __init__(
        self,
        *,
        rules: Sequence[str] = (),
        unidentified: Literal["anonymous", "drop"] = "anonymous",
        masks: Masks | None = None,
        directory: Directory | None = None,
        functions: Mapping[str, Function] = MappingProxyType({}),
        on_other_mask: Callable[[str], None] | None = None,
    ) -> None:
        masks = masks or Masks()
        matcher = Matcher(masks, functions)
        self._rules = tuple((text, matcher.way_of(text)) for text in rules)
        self._kind = _kind_of(masks.key(""))
        self._directory = directory
        self._on_other_mask = on_other_mask
        self._otherwise = ANONYMOUS if unidentified == "anonymous" else None

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules, in the order they are tried."""
        return tuple(text for text, _ in self._rules)

    def caller_of(self, record: Record) -> Caller | None:
        """Return who made the request; None leaves the record out."""
        return self.identify(record).caller

    def identify(self, record: Record) -> Identified:
        """Return who made the request, and how that was found."""
        if self._on_other_mask is not None:
            kind = mask_kind(record)
            if kind is not None and kind != self._kind:
                self._on_other_mask(kind)
        if record.caller is not None:
            return Identified(self._with_details(record.caller), APPLICATION)
        misses: tuple[Miss, ...] = ()
        for text, find in self._rules:
            found = find(record)
            if isinstance(found, Miss):
                misses += (found,)
            else:
                return Identified(self._looked_up(found), text, misses)
        return Identified(self._otherwise, None, misses)

    def _with_details(self, caller: Caller) -> Caller:
        """Fill in what the application left open; what it said, it said."""
        if self._directory is None or (caller.label and caller.email):
            return caller
        known = self._directory.find(caller.id)
        if known is None:
            return caller
        return Caller(
            caller.id, caller.label or known.label, caller.email or known.email
        )

    def _looked_up(self, caller: Caller) -> Caller:
        known = None if self._directory is None else self._directory.find(caller.id)
        if known is None:
            return caller
        return Caller(
            known.id or caller.id,
            caller.label or known.label,
            caller.email or known.email,
        )


def mask_kind(record: Record) -> str | None:
    """Return how the writer masks, ``sha512`` or ``hmac``; None if it does not show."""
    caller, auth = record.caller, record.auth
    if auth is not None and auth.id:
        return _kind_of(auth.id)
    if caller is not None:
        return _kind_of(caller.id)
    if auth is not None:
        for masks in (auth.headers, auth.query, auth.cookies):
            for mask in masks.values():
                return _kind_of(mask)
    return None


def _kind_of(mask: str) -> str | None:
    if mask.startswith(_HMAC):
        return "hmac"
    return "sha512" if mask.startswith(_SHA512) else None
