"""The search for listed field names in a text nobody has parsed.

A body comes in; whether a listed name may occur in it goes out. The search is
one-sided: it may suspect a body that holds no listed field, never the other way
round, whatever JSON escapes or UTF-16 hide the name. It runs over every body of
every request, so it must cost next to nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

# Letters from rare to frequent in English and in JSON. Looking for a name's rarest
# letters first costs a tenth of looking for the name.
_RARE_FIRST = "zqxjkvwbpygfmhucldronsaite"
# In characters. Longer texts are first asked for all the letters of a name: what is
# long often repeats itself, and a search takes a hundred times as long as a letter.
_LONG = 4096
_PLAIN_NAME = re.compile(r"[a-z0-9_\-]+\Z")
# JSON escapes that can hide a letter, a digit, "-" or "_" of a name (RFC 8259 §7);
# with more backslashes, in a document inside a string of another one.
# The match begins at the first of them: tried at each, a body of nothing but
# backslashes would hold up the application for seconds.
_MOST_ESCAPED = 8  # JSON in JSON in …; more of it is nobody's accident
_HIDDEN = re.compile(
    r"(?<!\\)\\++u00(2d|5f|3[0-9]|[46][1-9a-f]|[57][0-9a])", re.IGNORECASE
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)


_Search = Callable[..., re.Match[str] | None]


class _Pass(NamedTuple):
    """One search through a text, for all the names that hold one rare letter.

    It can find something only in a text that holds `letter` and all the letters of
    one of the `others`, the two rarest of which are given apart.
    """

    letter: str
    others: tuple[tuple[str, str, str], ...]
    search: _Search


class ListedNames:
    """The names of the fields to mask, in every spelling, ready to be looked for.

    `lower` holds them as they are compared.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.lower = names
        plain = {name for name in names if _PLAIN_NAME.match(name)}
        self._passes = tuple(_passes(plain))
        # Names in other scripts or with punctuation, looked for the slow way.
        self.odd = tuple(sorted(names - plain))

    def __contains__(self, name: str) -> bool:
        """Tell whether a decoded JSON key is listed."""
        return name.lower() in self.lower

    def occur_in(self, text: str) -> bool:
        """Tell whether a name may occur in a text, escaped or not.

        Args:
            text: A body, decoded as UTF-8 or, if it is none, as Latin-1.
        """
        low = text.lower() if text.isascii() else _lower_ascii(text)
        if "\0" in low:
            low = low.replace("\0", "")  # UTF-16 and UTF-32 are ASCII with NULs
        if self._spelled_in(low):
            return True
        # One character is found ten times faster than four.
        if "\\" in low and "\\u00" in low and _HIDDEN.search(low):
            shown = _HIDDEN.sub(lambda found: chr(int(found[1], 16)).lower(), low)
            if self._spelled_in(shown):
                return True
        return bool(self.odd) and self._are_odd_in(text.replace("\0", ""))

    def _are_odd_in(self, text: str) -> bool:
        for _ in range(_MOST_ESCAPED):
            low = text.lower()
            if any(name in low for name in self.odd):
                return True
            shown = unescape(text)
            if shown == text:
                return False
            text = shown
        return True  # nobody can tell

    def may_hide_in(self, text: str) -> bool:
        """Tell whether a text has characters that nobody could read, and names too.

        Args:
            text: A body, decoded as UTF-8; what is none has become U+FFFD.
        """
        return bool(self.odd) and ("\ufffd" in text or "\0" in text)

    def quoted_in(self, text: str) -> bool:
        """Tell whether a name stands between double quotes, as a key would."""
        plain = text.replace("\0", "")
        # It may be the key of a document inside a string of another one.
        for _ in range(_MOST_ESCAPED):
            plain = unescape(plain)
        plain = plain.replace("\\", "").lower()
        return any(f'"{name}"' in plain for name in self.lower)

    def places_in(self, low: str) -> list[int]:
        """Return places inside of every plain listed name in `low`, in their order.

        Args:
            low: A text in lower case.
        """
        places = []
        for search in self._searches(low):
            found = search(low)
            while found is not None:
                places.append(found.start())
                found = search(low, found.end())
        places.sort()
        return places

    def _spelled_in(self, low: str) -> bool:
        for search in self._searches(low):  # noqa: SIM110 - any() costs as much as it
            if search(low):
                return True
        return False

    def _searches(self, low: str) -> list[_Search]:
        """Return those that may find something in a text, by the letters it holds."""
        is_short = len(low) < _LONG
        searches = []
        for letter, others, search in self._passes:
            if letter in low:
                for second, third, more in others:
                    if (
                        second in low
                        and third in low
                        and (is_short or all(map(low.__contains__, more)))
                    ):
                        searches.append(search)
                        break
        return searches


def unescape(text: str) -> str:
    """Undo every JSON escape, wherever it stands."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else found[2], text
    )
    # Two escapes may have made one character outside the basic plane.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _lower_ascii(text: str) -> str:
    # str.lower() of other scripts costs more than the whole search.
    return text.encode("utf-8", "replace").lower().decode("latin-1")


def _passes(names: set[str]) -> Iterator[_Pass]:
    """Return the searches that together find every name.

    A search runs to the next place of one letter a whole vector of bytes at a time,
    and there compares what follows before it looks back at the rest of the name.
    """
    # A name that holds another listed one is found with it.
    least = [
        name for name in names if not any(o in name for o in names if o is not name)
    ]
    for letter, held in _by_letter(least).items():
        ends: dict[str, list[str]] = {}
        for name in sorted(held):
            ends.setdefault(name[name.rindex(letter) + 1 :], []).append(name)
        choices = [
            f"{end}(?:{'|'.join(f'(?<={name})' for name in found)})"
            for end, found in ends.items()
        ]
        others = {_rarest(letter, found) for found in ends.values()}
        pattern = re.compile(f"{letter}(?:{'|'.join(choices)})")
        yield _Pass(letter, tuple(sorted(others)), pattern.search)


def _by_letter(names: Iterable[str]) -> dict[str, list[str]]:
    """Group names by a rare letter of theirs."""
    rarest = {name: min(name, key=_frequency) for name in names}
    own = list(rarest.values())
    grouped: dict[str, list[str]] = {}
    for name, letter in rarest.items():
        others = set(own) & set(name) - {letter}
        # What would be searched for alone can go along with others.
        is_alone = own.count(letter) == 1 and bool(others)
        chosen = min(others, key=_frequency) if is_alone else letter
        grouped.setdefault(chosen, []).append(name)
    return grouped


def _rarest(letter: str, names: list[str]) -> tuple[str, str, str]:
    """Return what all the names hold besides `letter`: two rare letters, and more."""
    common = set.intersection(*map(set, names)) - {letter}
    ranked = sorted(common, key=_frequency)
    first, second = (*ranked, letter, letter)[:2]
    return first, second, "".join(ranked[2:])


def _frequency(letter: str) -> tuple[int, str]:
    found = _RARE_FIRST.find(letter)
    # Digits, "-" and "_" are everywhere in numbers, dates, ids and keys.
    return (found if found >= 0 else len(_RARE_FIRST)), letter
