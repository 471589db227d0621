"""What the operator's lists say, side by side and place by place.

The entries of the denylist or the allowlist come in as they are written; for every
place of a record the `Lists` that holds there goes out. An entry may begin with the
side and the place it is about, as in ``response.header.x-trace`` or ``body.user.pin``:

* ``request.`` and ``response.`` narrow it to one side,
* ``header.`` (cookies too), ``query.`` (parameters of every URL) and ``body.`` (JSON,
  forms, parts) to one kind of place.

What follows the prefix means what it means without one. A member that is itself called
``request`` at the root of a body is written ``body.request``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

from shipper.lists import Lists

Redaction = Literal["mark", "remove"]
SIDES: Final = ("request", "response")
PLACES: Final = ("header", "query", "body")

_ELEMENT = re.compile(r"\[[0-9]*\]\.")  # of an array, in the middle of a path


class Rule(Struct, frozen=True):
    """One entry of a list, taken apart.

    Attributes:
        entry: As the operator wrote it.
        side: ``request`` or ``response``, or empty for both.
        place: ``header``, ``query`` or ``body``, or empty for all.
        name: A name, or a dotted path.
    """

    entry: str
    side: str
    place: str
    name: str

    def holds(self, side: str, places: Iterable[str]) -> bool:
        """Tell whether it is about one of these places of a side."""
        return self.side in ("", side) and (not self.place or self.place in places)


class Side(Struct, frozen=True):
    """The lists of one side.

    Attributes:
        headers: Asked for the names of headers and cookies.
        header_values: For what stands inside a header's value: a URL, or JSON.
        query: For parameters of the URL.
        body: For forms, parts and JSON.
    """

    headers: Lists
    header_values: Lists
    query: Lists
    body: Lists


class Policy:
    """The list in force.

    Args:
        denylist: Names whose values are hidden; overrides the allowlist.
        allowlist: Names whose values are kept whole, all others being hidden.
        redaction: ``mark`` puts a mark in a value's place; ``remove`` takes name and
            value out. What has no name of its own is marked all the same.

    Attributes:
        anywhere: All entries as if none had a prefix: what it does not hide is
            hidden nowhere by a denylist.
        is_set: False when both lists are empty.
    """

    def __init__(
        self,
        *,
        denylist: Iterable[str] = (),
        allowlist: Iterable[str] = (),
        redaction: Redaction = "mark",
    ) -> None:
        denied = _rules(denylist)
        self.rules = denied or _rules(allowlist)
        self.is_set = bool(self.rules)
        self.is_allowlist = self.is_set and not denied
        self._removes = redaction == "remove"
        self._made: dict[frozenset[str], Lists] = {}
        self.anywhere = self._lists(rule.name for rule in self.rules)
        self.request = self._side("request")
        self.response = self._side("response")

    def _side(self, side: str) -> Side:
        return Side(
            headers=self._of(side, "header"),
            header_values=self._of(side, "header", "query"),
            query=self._of(side, "query"),
            body=self._of(side, "body"),
        )

    def _of(self, side: str, *places: str) -> Lists:
        return self._lists(rule.name for rule in self.rules if rule.holds(side, places))

    def _lists(self, names: Iterable[str]) -> Lists:
        """Return one object for equal sets of names: they share what they remember."""
        key = frozenset(names)
        if key not in self._made:
            self._made[key] = Lists(
                key,
                is_allowlist=self.is_allowlist,
                is_set=self.is_set,
                removes=self._removes,
            )
        return self._made[key]

    def entry_for(self, side: str, place: str, name: str) -> str | None:
        """Return the entry, as written, that hides or keeps a name in a place.

        Args:
            side: ``request`` or ``response``.
            place: ``header``, ``query`` or ``body``.
            name: A header, a cookie, a parameter, or the steps of a JSON member
                joined by dots.
        """
        for rule in self.rules:
            if rule.holds(side, (place,)) and _alone(rule.name).covers(name):
                return rule.entry
        return None


@lru_cache(maxsize=1024)
def _alone(name: str) -> Lists:
    """Return the list of one name; making one takes longer than asking it."""
    return Lists((name,))


def check_entry(entry: str) -> str | None:
    """Return what is wrong with an entry of a list, or None if it may be used."""
    rest = entry.strip().rstrip(".")
    words = [word for word in rest.lower().split(".") if word]
    narrowing = [*SIDES, *PLACES]
    if rest != entry.strip() and words and all(word in narrowing for word in words):
        return f"names nothing after the prefix, as {words[-1]}.NAME would"
    if not words:
        return "names nothing"
    name = _rule(entry).name
    steps = [step for step in name.split(".") if step]
    # As other programs write a path: what is not a step of ours would hide nothing.
    if steps[0] == "$" and len(steps) > 1:
        return "a path begins at the root of a body: leave out $."
    if _ELEMENT.search(name):
        return (
            "an element is a step, or none: items.0.pin, or items.pin for all of them"
        )
    if len(steps) <= name.count("."):
        return f"a step of it is empty: write {'.'.join(words)}"
    # Taken for a letter of a name, a star would hide nothing, and nobody would know.
    if any("*" in step and step != "*" for step in steps):
        return "* stands for a whole step of a path, and not for a part of a name"
    if steps == ["*"]:
        return "* needs a name beside it; an allowlist hides every name but those on it"
    return None


def _rules(entries: Iterable[str]) -> tuple[Rule, ...]:
    return tuple(_rule(entry) for entry in entries if entry.strip())


def _rule(entry: str) -> Rule:
    rest = entry.strip()
    side, rest = _prefix(rest, SIDES)
    place, rest = _prefix(rest, PLACES)
    return Rule(entry, side, place, rest)


def _prefix(text: str, words: tuple[str, ...]) -> tuple[str, str]:
    word, dot, rest = text.partition(".")
    if dot and rest and word.lower() in words:
        return word.lower(), rest
    return "", text
