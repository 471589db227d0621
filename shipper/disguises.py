"""What a name may be disguised by: letters that fold to ASCII, and percent-encoding.

Bytes come in, lower case, and places in them go out: where something can be read as a
letter of a plain name that does not stand there as such. JSON's escapes are left to
those who know where they are one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from shipper.needles import Needles, Span

# Every character beyond ASCII that case folding turns into ASCII letters, or into
# ASCII and something else (Unicode CaseFolding.txt; a test computes them anew).
FOLDING: Final = (
    "\u00df\u0130\u0149\u017f\u01f0\u1e96\u1e97\u1e98\u1e99\u1e9a\u1e9e\u212a"
    "\ufb00\ufb01\ufb02\ufb03\ufb04\ufb05\ufb06"
)

# A name whose letters stand for nothing else, and nothing else for them when folded.
_PLAIN_NAME = re.compile(r"[a-z0-9_.\-]+\Z")

# Of an ASCII name character, a quote, a percent sign, a backslash, or NUL.
SPELLING_BYTE: Final = b"00|2[25de]|3[0-9]|[46][1-9a-f]|[57][0-9a]|5[cf]"
_FOLDED: Final = tuple(map(str.encode, FOLDING))
DISGUISES: Final = (
    *_FOLDED,
    *(b"%" + letter.encode().hex("%").encode() for letter in FOLDING),
    *(
        b"%" + code
        for code in (f"{byte:02x}".encode() for byte in range(256))
        if re.match(SPELLING_BYTE, code)
    ),
)
_DISGUISES: Final = Needles(DISGUISES)
_FOLDING: Final = Needles(_FOLDED)


def are_plain(names: Iterable[str]) -> bool:
    """Tell whether what is told here holds for all these names, in lower case.

    One with other characters may be disguised in ways that are not known here.
    """
    return all(map(_PLAIN_NAME.match, names))


def disguised_in(low: bytes) -> list[Span]:
    """Return where in UTF-8 something stands that may be read as a letter of a name.

    Percent-encoding or a letter that folds to ASCII, first to last.
    """
    return _DISGUISES.spans_in(low)


def may_fold(low: bytes) -> bool:
    """Tell whether a letter that folds to ASCII stands in UTF-8."""
    return not low.isascii() and _FOLDING.occur_in(low)
