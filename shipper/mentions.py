r"""Whether a listed name is said anywhere in free text, or in bytes of unknown kind.

A text or bytes come in and a yes or no goes out. A name is said where it stands as a
word of its own, in any case, also in JSON escapes, in percent-encoding, and in UTF-16
read as UTF-8; what is escaped several times is unescaped several times.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

from shipper.disguises import are_plain, disguised_in
from shipper.needles import Needles, Span

MAX_UNQUOTINGS: Final = 3  # deeper percent-encoding than this is nobody's accident

_SPELLED_LENGTH: Final = len("%e2%84%aa")  # of a letter that folds to ASCII
# From the first backslash of a run, or a body of nothing else takes hours.
_ESCAPE = re.compile(r"(?<!\\)\\++(?:u([0-9a-fA-F]{4})|([\"/])|[nrtbf])")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_IN_WORDS: Final = f"{string.ascii_letters}{string.digits}_\\"
_CODE = re.compile(rb"\\u[0-9a-f]{4}")
_SHARP_S = re.compile(b"\xdf")
# No letter of a word and no beginning of an escape; or there is nothing.
_PARTING: Final = frozenset(
    {b"", *(bytes([byte]) for byte in range(128) if chr(byte) not in _IN_WORDS)}
)


class Mentions:
    """Looks for some words.

    Args:
        words: Case folded.
    """

    def __init__(self, words: Iterable[str]) -> None:
        ordered = sorted(words)
        self._is_plain = bool(ordered) and are_plain(ordered)
        self._reach = _SPELLED_LENGTH * (max(map(len, ordered), default=0) + 2)
        either = "|".join(map(re.escape, ordered))
        self._words = re.compile(rf"(?<!\w)(?:{either})(?!\w)") if either else None
        self._keys = re.compile(rf'"\s*+(?:{either})\s*+"') if either else None
        # The expression tries every word at every character; this finds the few texts
        # in which one of them stands at all.
        self._hints = Needles(word.encode("utf-8", "surrogatepass") for word in ordered)

    def occur_in(self, text: str) -> bool:
        """Tell whether one of them stands in free text, escaped or not."""
        is_quick = self._is_plain and "\0" not in text
        told = self._told_at_a_glance(text) if is_quick else None
        return self.said_in(text) if told is None else told

    def said_in(self, text: str) -> bool:
        """Tell the same without a glance beforehand."""
        if self._words is None:
            return False
        text = text.replace("\0", "")  # UTF-16 is ASCII with NULs
        for _ in range(MAX_UNQUOTINGS):
            if self._are_said_in(text):
                return True
            if "%" not in text:
                return False
            unquoted = _unquoted(text)
            if unquoted == text:
                return False
            text = unquoted
        return self._are_said_in(text)

    def are_keys_in(self, text: str) -> bool:
        """Tell whether one of them stands between double quotes, as a key does."""
        if self._keys is None or not self.occur_in(text):
            return False
        # JSON within a string has backslashes before its quotes.
        plain = _unescaped(text.replace("\0", "")).replace("\\", "")
        return self._keys.search(plain.casefold()) is not None

    def _told_at_a_glance(self, text: str) -> bool | None:
        """Tell whether a plain word stands in a text as it is, or nowhere in it.

        None stands for one that is disguised, or within a longer word.
        """
        low = text.encode("utf-8", "surrogatepass").lower()
        spans = self._hints.spans_in(low)
        for start, end in spans:
            if low[start - 1 : start] in _PARTING and low[end : end + 1] in _PARTING:
                return True
        if spans or _is_escaped(low) or disguised_in(low):
            return None
        return False

    def occur_in_bytes(self, content: bytes) -> bool:
        """Tell whether one of them stands in bytes, read as UTF-8 or as Latin-1.

        A byte beyond ASCII is no letter that a name could be the end of a word of.
        """
        if self._words is None or (self._is_plain and self._are_missed_by(content)):
            return False
        return self._are_read_in(content)

    def _are_missed_by(self, content: bytes) -> bool:
        """Tell whether no reading of some bytes can hold a plain word."""
        content = content.replace(b"\0", b"")  # UTF-16 is ASCII with NULs
        low = content.lower()
        if _is_escaped(low):
            return False
        # Pictures have a short word somewhere, or a percent sign and two digits, but no
        # name around.
        places = sorted((*self._hinted_in(low), *disguised_in(low)))
        return not any(map(self._are_read_in, self._around(content, places)))

    def _hinted_in(self, low: bytes) -> list[Span]:
        """Return where a word stands in Latin-1, as it is or with a sharp s.

        That one alone folds to letters, and to two of them.
        """
        spans = self._hints.spans_in(low.replace(b"\xdf", b"ss"))
        if not spans:
            return spans
        # Each has pushed on by one what stands behind it.
        pushing = [found.start() + n for n, found in enumerate(_SHARP_S.finditer(low))]
        return [
            (start - bisect_left(pushing, start), end - bisect_left(pushing, end))
            for start, end in spans
        ]

    def _around(self, content: bytes, spans: Iterable[Span]) -> Iterator[bytes]:
        """Yield the bytes around some places, as far as a word can reach."""
        start = end = 0
        for first, after in spans:
            if first - self._reach > end:
                if end:
                    yield content[start:end]
                start = max(0, first - self._reach)
            end = max(end, after + self._reach)
        if end:
            yield content[start:end]

    def _are_read_in(self, content: bytes) -> bool:
        shown = content.decode("utf-8", "replace"), content.decode("latin-1")
        return any(map(self.occur_in, shown))

    def _are_said_in(self, text: str) -> bool:
        assert self._words is not None  # asked only where there are words
        folded = _unescaped(text).casefold()
        if not self._hints.occur_in(folded.encode("utf-8", "surrogatepass")):
            return False
        return self._words.search(folded) is not None


def _is_escaped(low: bytes) -> bool:
    """Tell whether JSON's escapes stand in a text, or would after percent-encoding.

    Asked one by one: an expression of all three tries each of them at every byte.
    """
    return (
        b"%5c" in low
        or b"%25" in low
        or (b"\\u" in low and _CODE.search(low) is not None)
    )


def _unquoted(text: str) -> str:
    """Undo percent-encoding; bytes that are no UTF-8 become U+FFFD.

    `urllib.parse.unquote` does the same piece by piece between characters beyond
    ASCII, which takes milliseconds where nearly every character is one.
    """
    return unquote_to_bytes(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _unescaped(text: str) -> str:
    r"""Resolve JSON escapes at any level of nesting; ``\n`` and its kin part words."""
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_character, text)
    if _HALF_PAIR.search(text) is None:
        return text
    # The two halves of a pair are escaped one by one.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else escape[2] or " "
