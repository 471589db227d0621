"""Which names the denylist or the allowlist hides, and what takes a value's place.

Names come in as they stand in a header, a query, a form, a cookie or a JSON object;
the answer is whether their values stay here. The meaning is ReadMe's, extended:

* A denylist hides the names on it; it overrides an allowlist. An allowlist hides
  every other name. A name is compared without regard to case, at any depth.
* A dotted entry such as ``user.card.number`` is a path from the root of a JSON body;
  ``*`` stands for any one step, and the items of an array need no step of their own.
  It also hides a name that is written just so, dots included.
* A parameter named in the manner of ``user[password]`` or ``user.password`` is on a
  list when one of its parts is, or when its parts are the steps of a path.
* What stands in a parameter's name may be a text: JSON that was sent as a form, or a
  sentence. It has no name of its own, so it is judged by the words in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Final, TypeVar
from urllib.parse import unquote_plus

from shipper.mentions import Mentions

T = TypeVar("T")
Path = tuple[str, ...]

REMEMBERED_NAMES: Final = 4096  # an API has fewer; each is decided once
REMEMBERED_LENGTH: Final = 256  # characters; longer names are decided each time

_PARTS = re.compile(r"[\[\].]+")
# How names of parameters look, from strict to loose; anything else may be a text.
_ONE_NAME = re.compile(r"[\w.\[\]\-]*\Z")
_SPACED_NAME = re.compile(r"[\w\s.\[\]\-]*\Z")
_NO_TEXT = re.compile(r"[^\s\"'{}<>=]{0,64}\Z")
_MARK = re.compile(r"\[(?:REDACTED(?: [0-9]+)?|NOT SENT: [a-z-]+)\]\Z")


def mark_of(value: object) -> str:
    """Return what takes a value's place; the length is told of strings only."""
    if not isinstance(value, str):
        return "[REDACTED]"
    # A mark the writer left tells the true length; ours would tell that of the mark.
    if value[:1] == "[" and _MARK.match(value):
        return value
    return f"[REDACTED {len(value)}]"


class HeaderKind(Enum):
    """What a header's name says about its value."""

    PLAIN = 0
    HIDDEN = 1
    COOKIE = 2
    SET_COOKIE = 3


_COOKIES: Final = {
    "cookie": HeaderKind.COOKIE,
    "cookie2": HeaderKind.COOKIE,
    "set-cookie": HeaderKind.SET_COOKIE,
    "set-cookie2": HeaderKind.SET_COOKIE,
}


class Memory(dict[str, T]):
    """A bounded memory in front of a pure function of a name; ask it by index.

    When it is full it is emptied: the names in use come back at once.
    """

    def __init__(self, work: Callable[[str], T]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, name: str) -> T:
        answer = self._work(name)
        if len(name) <= REMEMBERED_LENGTH:
            if len(self) >= REMEMBERED_NAMES:
                self.clear()
            self[name] = answer
        return answer


_PLAIN: Final = HeaderKind.PLAIN


class Lists:
    """The names that one place of a record is asked about.

    Args:
        names: Entries without their prefixes, in any case.
        is_allowlist: Everything is hidden but what is listed.
        is_set: Some list is in force, though perhaps with no entry for this place.
        removes: What is hidden is taken out and not marked.

    Attributes:
        names: The entries, case folded, paths among them as they are written.
        paths: The dotted entries, in steps.
        hides_nothing: No name is hidden here, whatever it is.
    """

    def __init__(
        self,
        names: Iterable[str] = (),
        *,
        is_allowlist: bool = False,
        is_set: bool | None = None,
        removes: bool = False,
    ) -> None:
        # Mutable state: four bounded memories of pure functions, used by the pipeline
        # thread alone.
        self.names = _folded(names)
        self.is_allowlist = is_allowlist
        self.is_set = bool(self.names) if is_set is None else is_set
        self.removes = removes
        self.hides_nothing = not (self.is_set and (self.names or is_allowlist))
        self.paths: tuple[Path, ...] = tuple(
            tuple(step for step in name.split(".") if step)
            for name in sorted(self.names)
            if "." in name.strip(".")
        )
        self.hides = Memory(self._hides)
        self.hides_param = Memory(self._hides_param)
        self.hides_bare = Memory(self._hides_bare)
        self.header_kinds = Memory(self._header_kind)
        self._mentions = Mentions(self.names | self._last_steps())

    def is_listed(self, name: str) -> bool:
        """Tell whether exactly this name is on the list in force."""
        return name.casefold() in self.names

    def occurs_in(self, text: str) -> bool:
        """Tell whether a listed name stands in free text, escaped or not."""
        return self._mentions.occur_in(text)

    def is_key_in(self, text: str) -> bool:
        """Tell whether a listed name stands between double quotes, as a key does."""
        return self._mentions.are_keys_in(text)

    def occurs_in_bytes(self, content: bytes) -> bool:
        """Tell whether a listed name stands in bytes, whatever they are."""
        return self._mentions.occur_in_bytes(content)

    def hides_name(self, name: str, value: str) -> bool:
        """Tell whether a parameter's name is a text that stays here itself."""
        return self.hides_bare[name] and (not value or self.hides_param[name])

    def is_path(self, steps: Sequence[str]) -> bool:
        """Tell whether these steps, and all of them, are a path that is listed."""
        folded = tuple(map(str.casefold, steps))
        return any(_is_along(path, folded) for path in self.paths)

    def covers(self, name: str) -> bool:
        """Tell whether a name, or the steps of a JSON member joined by dots, is listed.

        For explanations: it knows names and paths alike, and asks nothing of a place.
        """
        steps = tuple(step for step in _PARTS.split(name.casefold()) if step)
        listed = self.is_listed(name) or not self.names.isdisjoint(steps)
        return listed or any(_leads_into(path, steps) for path in self.paths)

    def _hides(self, name: str) -> bool:
        return self.is_set and (name.casefold() in self.names) != self.is_allowlist

    def _hides_param(self, name: str) -> bool:
        folded = unquote_plus(name, errors="replace").casefold().strip()
        listed = self._lists_param(folded)
        if not listed and not self.is_allowlist:
            # It may be decoded already, and have a plus or a percent sign of its own.
            listed = self._lists_param(name.casefold().strip())
            if not listed and not _SPACED_NAME.match(folded):
                listed = self.occurs_in(folded)
        return self.is_set and listed != self.is_allowlist

    def _lists_param(self, folded: str) -> bool:
        parts = tuple(_PARTS.split(folded))
        if folded in self.names or not self.names.isdisjoint(parts):
            return True
        steps = tuple(part for part in parts if part)
        return len(parts) > 1 and any(_leads_into(path, steps) for path in self.paths)

    def _hides_bare(self, name: str) -> bool:
        """Tell whether a name that has no value is a text that stays here."""
        folded = unquote_plus(name, errors="replace").casefold().strip()
        if not self.is_set or folded in self.names:
            return False
        if self.is_allowlist:
            return _NO_TEXT.match(folded) is None
        return _ONE_NAME.match(folded) is None and self.occurs_in(folded)

    def _header_kind(self, name: str) -> HeaderKind:
        word = name.lower()
        # An allowlist never hides what the URL is built from.
        if self._hides(name) and not (self.is_allowlist and word == "host"):
            return HeaderKind.HIDDEN
        # An allowlisted name keeps its whole value.
        return HeaderKind.PLAIN if self.is_allowlist else _COOKIES.get(word, _PLAIN)

    def _last_steps(self) -> frozenset[str]:
        return frozenset(map(last_name, self.paths))


def last_name(path: Path) -> str:
    """Return the last step of a path that is a name and not ``*`` or an index."""
    names = [step for step in path if step != "*" and not step.isdecimal()]
    return names[-1] if names else path[-1]


def _is_along(path: Path, steps: Path) -> bool:
    return len(path) == len(steps) and all(
        here in (step, "*") for here, step in zip(path, steps, strict=True)
    )


def _leads_into(path: Path, steps: Path) -> bool:
    """Tell whether a path names one of the steps, each from the root on.

    An index of an array is a step that a path may leave out.
    """
    # How far along the path the steps so far can be: each place once, for there are
    # as many ways to leave out indices as a hostile name has room for.
    places = {0}
    for step in steps:
        ahead = {place + 1 for place in places if path[place] in (step, "*")}
        if len(path) in ahead:
            return True
        places = ahead | places if step.isdecimal() else ahead
    return False


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.strip().casefold() for name in names if name.strip())
