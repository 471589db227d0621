"""Tokens and keys that tell by their looks what they are.

The table of what is known: for each kind the pieces of ASCII that each of its tokens
stands beside, its shape, and who says of a match whether it is one after all. `detect`
looks for them; the numbers of payment cards are the business of `cards`.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct

Judge = Callable[[re.Match[str]], bool]


class Kind(Struct, frozen=True):
    """One kind of token.

    Attributes:
        word: Its name in settings, counters and reports.
        signs: Pieces of ASCII; each token of the kind stands in a text with one.
        shape: What it looks like; the group `secret`, if there is one, is the token.
        judge: Says of a match whether it is one after all.
    """

    word: str
    signs: tuple[str, ...]
    shape: re.Pattern[str]
    judge: Judge | None = None


def _is_jwt(found: re.Match[str]) -> bool:
    """Tell whether the first part is a JOSE header (RFC 7515 section 4.1.1)."""
    header = found[0].partition(".")[0]
    try:
        fields = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and "alg" in fields


def _is_packed_key(found: re.Match[str]) -> bool:
    """Tell whether Base64 that begins like a PEM block holds a private key."""
    packed = found[0][: len(found[0]) // 4 * 4]
    try:
        return b"PRIVATE KEY" in base64.b64decode(packed)
    except binascii.Error:  # pragma: no cover - the shape lets nothing else through
        return False


def _has_digit(found: re.Match[str]) -> bool:
    return any(character.isdigit() for character in found["secret"])


def _is_sas(found: re.Match[str]) -> bool:
    """Tell whether a signature has the version and expiry of a SAS beside it."""
    return all(name in found.string for name in ("sv=", "se="))


_WORD: Final = r"(?<![A-Za-z0-9_-])"  # no part of a longer word
_END: Final = r"(?![A-Za-z0-9_-])"

TOKENS: Final = (
    # A private key of RFC 7468 or OpenPGP, to its end or as far as it goes.
    Kind(
        "private-key",
        ("-----BEGIN",),
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?!-----)[A-Za-z0-9+/=\s:,.()\\-]){0,20000}"
            r"(?:-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----)?"
        ),
    ),
    Kind(
        "private-key",
        ("LS0tLS1CRUdJTi",),  # the Base64 of "-----BEGIN "
        re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]{40,}"),
        _is_packed_key,
    ),
    Kind(
        "jwt",
        # The Base64 of '{"', and of a header laid out with blanks or in lines.
        ("eyJ", "eyAg", "eyAi", "ewog", "ewoi", "ewoJ", "ew0K"),
        re.compile(
            _WORD + r"(?:eyJ|eyA[gi]|ewo[giJ]|ew0K)"
            r"[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){2,4}" + _END,
        ),
        _is_jwt,
    ),
    Kind(
        "aws-key",
        ("AKIA", "ASIA"),
        re.compile(r"(?<![A-Za-z0-9+])A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9+])"),
    ),
    Kind(
        "aws-key",
        ("ecretAccessKey", "ecret_access_key", "SECRET_ACCESS_KEY"),
        re.compile(
            r"(?:ecret(?:AccessKey|_access_key)|SECRET_ACCESS_KEY)"
            r"[\"'\\ :=>]{1,8}(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])"
        ),
    ),
    Kind(
        "google-key",
        ("AIza", "GOCSPX-"),
        re.compile(
            _WORD + r"(?:AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{28})" + _END
        ),
    ),
    Kind(
        "azure-key",
        ("AccountKey", "SharedAccessKey"),
        re.compile(
            r"(?:Account|SharedAccess)Key\s*=\s*"
            r"(?P<secret>[A-Za-z0-9+/]{42,86}={1,2})(?![A-Za-z0-9+/=])"
        ),
    ),
    Kind(
        "azure-key",
        ("sig=",),
        re.compile(
            r"(?<![A-Za-z0-9])sig=(?P<secret>[A-Za-z0-9+/%]{40,}=?)(?![A-Za-z0-9+/%=])"
        ),
        _is_sas,
    ),
    Kind(
        "github-token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(
            _WORD + r"(?:gh[pousr]_[A-Za-z0-9]{36,251}"
            r"|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})" + _END
        ),
    ),
    Kind(
        "gitlab-token",
        ("glpat-",),
        re.compile(_WORD + r"glpat-[A-Za-z0-9_-]{20,}(?:\.[a-z0-9.]+)?"),
    ),
    Kind(
        "slack-token",
        ("xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-1-A",
         "hooks.slack"),
        re.compile(
            _WORD + r"(?:xox[abeoprs]-[A-Za-z0-9-]{10,}"
            r"|xapp-1-A[A-Za-z0-9-]{20,})" + _END
            + r"|hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/"
            r"(?P<secret>[A-Za-z0-9/_-]{20,})"
        ),
    ),
    Kind(
        "stripe-key",
        ("k_live_", "k_test_", "whsec_"),
        re.compile(
            _WORD + r"(?:[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{24,})"
        ),
    ),
    Kind(
        "service-token",
        ("npm_", "pypi-AgE", "SG.", "dop_v1_", "shpat_", "shpca_", "shppa_", "shpss_",
         "sk-ant-", "sk-proj-", "rdme_"),
        re.compile(
            _WORD + r"(?:npm_[A-Za-z0-9]{36}|pypi-AgE[A-Za-z0-9_-]{50,}"
            r"|SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}|dop_v1_[0-9a-f]{64}"
            r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|sk-ant-[A-Za-z0-9_-]{24,}"
            r"|sk-proj-[A-Za-z0-9_-]{24,}|rdme_[A-Za-z0-9]{24,})" + _END
        ),
    ),
    # After the tokens that say what they are: of two findings in one place, the
    # earlier kind is told.
    Kind(
        "bearer-token",
        ("Bearer", "bearer", "BEARER"),
        re.compile(
            r"(?:[Bb]earer|BEARER)[ \t]+(?P<secret>[A-Za-z0-9._~+/-]{16,}=*)"
            r"(?![A-Za-z0-9._~+/=-])"
        ),
        _has_digit,
    ),
)  # fmt: skip
