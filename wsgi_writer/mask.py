"""What may not reach the disk in clear, and what stands in its place.

Names of headers, query parameters and body fields come in, with the values they
carry; ReadMe's mask, the keyed mask or a `[REDACTED n]` marker goes out. This room
holds the lists and the marks; the rooms above it find the values in headers, URLs
and bodies. It must never do I/O, and never let a list be shortened by accident.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeVar

T = TypeVar("T")

REMEMBERED_VALUES = 1024  # entries of one memory; a busy service has fewer live keys
REMEMBERED_LENGTH = 4096  # longer texts are worked out again rather than kept
SHORT_LENGTH = 8  # below this, four shown characters would be half of the secret

# Their values are credentials a caller can be known by, so they keep an identity:
# ReadMe's mask takes their place.
KEY_HEADERS = frozenset(
    {
        "access-token", "api-key", "api-token", "apikey", "auth-token", "authorization",
        "cf-access-jwt-assertion", "dd-api-key", "dd-application-key", "jwt",
        "ocp-apim-subscription-key", "private-token", "proxy-authorization", "token",
        "x-access-key", "x-access-token", "x-amz-security-token",
        "x-amzn-oidc-accesstoken", "x-amzn-oidc-data", "x-api-key", "x-api-token",
        "x-apikey", "x-app-key", "x-app-token", "x-auth", "x-auth-access-token",
        "x-auth-key", "x-auth-request-access-token", "x-auth-token",
        "x-authentication-token", "x-authorization", "x-bearer-token", "x-client-token",
        "x-consumer-key", "x-csrf-token", "x-csrftoken", "x-forwarded-access-token",
        "x-forwarded-authorization", "x-functions-key", "x-github-token",
        "x-gitlab-token", "x-goog-api-key", "x-goog-iap-jwt-assertion", "x-id-token",
        "x-jwt", "x-jwt-assertion", "x-jwt-token", "x-ms-token-aad-access-token",
        "x-ms-token-aad-id-token", "x-ms-token-aad-refresh-token",
        "x-original-authorization", "x-parse-session-token", "x-plex-token",
        "x-pomerium-jwt-assertion", "x-rapidapi-key", "x-refresh-token",
        "x-serverless-authorization", "x-service-token", "x-session-token",
        "x-shopify-access-token", "x-token", "x-user-token", "x-vault-token",
        "x-xsrf-token",
    }
)  # fmt: skip
# Secrets nobody is known by: nothing derived from them may be written.
REDACTED_HEADERS = frozenset(
    {
        "cf-access-client-secret", "client-secret", "password", "x-admin-secret",
        "x-api-secret", "x-app-secret", "x-client-secret", "x-hasura-admin-secret",
        "x-password", "x-secret", "x-secret-key", "x-shared-secret", "x-webhook-secret",
    }
)  # fmt: skip
KEY_WORDS = frozenset({"apikey", "authorization", "key", "token"})
KEY_QUERY = ("api_key", "apikey", "key", "token", "access_token", "id_token")
REDACTED_QUERY = (
    "refresh_token", "code", "client_secret", "password", "sig", "signature",
    # Whoever has one of these presigned URLs may fetch what it names.
    "x-amz-signature", "x-amz-security-token", "x-goog-signature",
)  # fmt: skip
FIELDS = (
    "password", "passwd", "secret", "client_secret", "access_token", "refresh_token",
    "id_token", "api_key", "private_key", "card_number", "cvv",
)  # fmt: skip


# RFC 7493 section 2.1: what an I-JSON text may not hold, escaped or not.
NONCHARACTERS = re.compile(
    "[\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
    + "]"
)


_CAMEL = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_FDD0 = re.compile(rb"\xef\xb7")
_FFFE = re.compile(rb"\xbf[\xbe\xbf]")


class Remembered(dict[str, T]):
    """A bounded memory in front of a pure function of one string.

    A hit costs one dictionary look-up. When it is full it is emptied rather than
    sorted: the values in use come back at once, and nothing has to be locked.

    Args:
        work: The function.
        limit: How many values are kept.
        is_small: Whether a value may be kept, where it can be far longer than the
            string it was made of.
    """

    def __init__(
        self,
        work: Callable[[str], T],
        limit: int = REMEMBERED_VALUES,
        *,
        is_small: Callable[[T], bool] | None = None,
    ) -> None:
        super().__init__()
        self._work = work
        self._limit = limit
        self._is_small = is_small

    def __missing__(self, text: str) -> T:
        found = self._work(text)
        if len(text) <= REMEMBERED_LENGTH and (
            self._is_small is None or self._is_small(found)
        ):
            if len(self) >= self._limit:
                self.clear()
            self[text] = found
        return found


class Masks:
    """The lists of one writer, and the marks its secrets are replaced by.

    Args:
        headers: Header names to mask besides the built-in ones.
        query: Query parameters to mask besides the built-in ones.
        fields: JSON and form fields to mask besides the built-in ones; None masks
            no field at all. The two other lists cannot be switched off.
        mask: `"sha512"` is ReadMe's mask; `"hmac"` a keyed one, with which callers
            no longer keep the identity they have with ReadMe's own SDK.
        mask_key: The key of `"hmac"`.
        mask_short_keys: Show the last four characters of values under 8 too.
        jwt_claims: Claims of a bearer JWT that are kept.
        identity_cookies: Cookies whose mask is kept, to know a caller by.

    Raises:
        TypeError: A list is one string, or holds something other than strings.
        ValueError: An empty name, or a key without the mask that uses it.
    """

    def __init__(
        self,
        *,
        headers: Iterable[str] = (),
        query: Iterable[str] = (),
        fields: Iterable[str] | None = (),
        mask: Literal["sha512", "hmac"] = "sha512",
        mask_key: bytes | None = None,
        mask_short_keys: bool = False,
        jwt_claims: Sequence[str] = ("sub", "iss", "azp", "client_id", "org_id"),
        identity_cookies: Iterable[str] = (),
    ) -> None:
        # Mutable state: `_marks` and `_derived`, memories of pure functions. Any
        # thread may fill them; each operation on them is one atomic dict operation.
        if mask not in ("sha512", "hmac"):
            raise ValueError(f"mask must be 'sha512' or 'hmac', not {mask!r}")
        if (mask == "hmac") != bool(mask_key):
            raise ValueError("mask='hmac' and a mask key need each other")
        more = [header_word(name) for name in _names("mask_headers", headers)]
        keyed = {name for name in more if name.rpartition("-")[2] in KEY_WORDS}
        self.redacted_headers = (REDACTED_HEADERS | set(more) - keyed) - KEY_HEADERS
        self.key_headers = KEY_HEADERS | keyed
        self.key_query = _all_spellings(KEY_QUERY)
        self.redacted_query = (
            _all_spellings((*REDACTED_QUERY, *_names("mask_query", query)))
            - self.key_query
        )
        self.fields: frozenset[str] | None = None
        if fields is not None:
            self.fields = _all_spellings((*FIELDS, *_names("mask_fields", fields)))
        self.jwt_claims = _names("jwt_claims", jwt_claims)
        self.identity_cookies = frozenset(
            name.lower() for name in _names("identity_cookies", identity_cookies)
        )
        self.mask_short_keys = mask_short_keys
        self._hmac_key = mask_key
        self._marks = Remembered(self._mark)
        self._derived: dict[object, object] = {}

    def key(self, value: str) -> str:
        """Mask a credential so that the same one always gives the same text."""
        return self._marks[value]

    def credential(self, value: str, secret: str) -> str:
        """Mask a header value whose secret part may be shorter than the whole.

        `Bearer abc` has ten characters, and its last four would show the secret.
        """
        mark = self._marks[value]
        if len(secret) < SHORT_LENGTH and not self.mask_short_keys:
            return mark.partition("?")[0]
        return mark

    def derived(self, build: Callable[[Masks], T]) -> T:
        """Return what `build` makes of these lists, built once."""
        found = self._derived.get(build)
        if found is None:
            found = self._derived[build] = build(self)
        return found  # type: ignore[return-value]  # stored under its own builder

    def _mark(self, value: str) -> str:
        if self._hmac_key is None:
            return mask_key(value, mask_short_keys=self.mask_short_keys)
        digest = hmac.digest(self._hmac_key, _hashed_bytes(value), "sha512")
        return _mark("hmac-sha512-", digest, value, self.mask_short_keys)


def mask_key(value: str, *, mask_short_keys: bool = False) -> str:
    """Return ReadMe's mask of a whole value.

    The shape is `sha512-<SHA-512 of the UTF-8 bytes, padded base64>?<last 4>`.
    Values under 8 characters get no `?last4`, which would show half of them or all,
    unless `mask_short_keys` asks for the very text ReadMe's SDKs send.
    """
    digest = hashlib.sha512(_hashed_bytes(value)).digest()
    return _mark("sha512-", digest, value, mask_short_keys)


def redacted(value: str) -> str:
    """Return the mark of a string from which nothing may be derived."""
    return f"[REDACTED {len(value)}]"


def spellings(name: str) -> frozenset[str]:
    """Return the ways a listed name is written: `api_key`, `api-key`, `apikey`.

    Names are compared in lower case, so the last one covers `apiKey` too; given like
    that, a name is parted where its case changes.
    """
    low = name.lower()
    parts = _CAMEL.sub("_", name).lower().replace("-", "_").split("_")
    return frozenset({low, "_".join(parts), "-".join(parts), "".join(parts) or low})


def header_word(name: str) -> str:
    """Return a header's name as it is compared: `X_Api_Key` is `x-api-key`."""
    return name.strip().lower().replace("_", "-")


def holds_noncharacter(encoded: bytes, text: str) -> bool:
    """Tell whether a text, given as UTF-8 too, holds what I-JSON forbids.

    In UTF-8 (RFC 3629 section 3) all noncharacters begin with one of six bytes, which
    most scripts lack, and begin or end in one of three pairs of bytes. One byte is
    found a hundred times faster than a pair, and that faster than any character; as a
    number it is found four times faster than as bytes.
    """
    if text.isascii() or not (
        0xEF in encoded
        or 0xF0 in encoded
        or 0xF1 in encoded
        or 0xF2 in encoded
        or 0xF3 in encoded
        or 0xF4 in encoded
    ):
        return False
    if not (_FDD0.search(encoded) or _FFFE.search(encoded)):
        return False
    return NONCHARACTERS.search(text) is not None


def _mark(prefix: str, digest: bytes, value: str, mask_short_keys: bool) -> str:
    text = prefix + base64.b64encode(digest).decode("ascii")
    if len(value) < SHORT_LENGTH and not mask_short_keys:
        return text
    return f"{text}?{value[-4:]}"


def _hashed_bytes(value: str) -> bytes:
    # A lone surrogate has no UTF-8; hashing its three bytes keeps callers apart.
    return value.encode("utf-8", "surrogatepass")


def _names(option: str, given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, (str, bytes)):
        raise TypeError(f"{option} must be a list of names, not one string: {given!r}")
    if not isinstance(given, Iterable):
        raise TypeError(f"{option} must be a list of names, not {type(given).__name__}")
    names = tuple(given)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{option} must hold strings, not {name!r}")
        if not name.strip("-_ \t"):
            raise ValueError(f"{option} holds an empty name: {name!r}")
    return names


def _all_spellings(names: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*map(spellings, names))
