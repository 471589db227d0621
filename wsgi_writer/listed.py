"""The search for listed field names in a text nobody has parsed.

A body comes in; whether a listed name may occur in it goes out. The search is
one-sided: it may suspect a body that holds no listed field, never the other way
round, whatever JSON escapes or UTF-16 hide the name. It runs over every body of
every request, so it must cost next to nothing.
"""

from __future__ import annotations

import re

# Letters from rare to frequent in English and in JSON. Looking for a name's rarest
# letters first costs a tenth of looking for the name.
_RARE_FIRST = "zqxjkvwbpygfmhucldronsaite"
SHARED_LENGTH = 5
_PLAIN_NAME = re.compile(r"[a-z0-9_\-]+\Z")
# JSON escapes that can hide a letter, a digit, "-" or "_" of a name (RFC 8259 §7);
# with more backslashes, in a document inside a string of another one.
# The match begins at the first of them: tried at each, a body of nothing but
# backslashes would hold up the application for seconds.
_HIDDEN = re.compile(
    r"(?<!\\)\\++u00(2d|5f|3[0-9]|[46][1-9a-f]|[57][0-9a])", re.IGNORECASE
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)


class ListedNames:
    """The names of the fields to mask, in every spelling, ready to be looked for."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        plain = {name for name in names if _PLAIN_NAME.match(name)}
        # Per text that all the spellings behind it hold: its three rarest letters,
        # itself, and those spellings.
        self._rows = tuple(
            (*_rarest(text), text, tuple(found))
            for text, found in _grouped(plain).items()
        )
        # Names in other scripts or with punctuation, looked for the slow way.
        self.odd = tuple(sorted(names - plain))

    def __contains__(self, name: str) -> bool:
        """Tell whether a decoded JSON key is listed."""
        return name.lower() in self._names

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
        if self.odd:
            plain = unescape(text).lower()
            return any(name in plain for name in self.odd)
        return False

    def quoted_in(self, text: str) -> bool:
        """Tell whether a name stands between double quotes, as a key would."""
        # It may be the key of a document inside a string of another one.
        plain = unescape(unescape(text.replace("\0", ""))).replace("\\", "").lower()
        return any(f'"{name}"' in plain for name in self._names)

    def texts_in(self, low: str) -> list[str]:
        """Return the texts, one of which every listed name in `low` must hold."""
        return [
            text
            for rare, second, third, text, _ in self._rows
            if rare in low and second in low and third in low and text in low
        ]

    def _spelled_in(self, low: str) -> bool:
        for rare, second, third, text, spellings in self._rows:
            if rare in low and second in low and third in low and text in low:
                for spelling in spellings:
                    if spelling in low:
                        return True
        return False


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


def _grouped(names: set[str]) -> dict[str, list[str]]:
    """Group names under the fewest texts that all their spellings hold."""
    words = {max(re.split(r"[_\-]", name), key=_length_first) for name in names}
    # `password` and `passwd` are found by looking for `passw`.
    shared = {word[:SHARED_LENGTH] for word in words if len(word) > SHARED_LENGTH}
    words |= {start for start in shared if _begins_several(start, words)}
    grouped: dict[str, list[str]] = {}
    for name in sorted(names):
        held = min((word for word in words if word in name), key=_length_first)
        grouped.setdefault(held, []).append(name)
    return grouped


def _begins_several(start: str, words: set[str]) -> bool:
    return sum(word.startswith(start) for word in words) > 1


def _length_first(text: str) -> tuple[int, str]:
    return len(text), text


def _rarest(text: str) -> tuple[str, str, str]:
    """Return the three rarest letters of a text, the last one repeated if need be."""
    ranked = sorted(set(text), key=_RARE_FIRST.find)
    first, second, third = (*ranked, ranked[-1], ranked[-1])[:3]
    return first, second, third
