"""What an Authorization or Cookie header says about the caller, without its secret.

One header value comes in; the text that stands in its place goes out, together with
what may be known of the caller: the scheme, a mask, a user name, a few JWT claims,
the masks of the cookies that were asked for. Nothing derived from a password of
Basic authentication is ever kept.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from json.encoder import encode_basestring as quoted

from wsgi_writer.mask import (
    REMEMBERED_LENGTH,
    REMEMBERED_VALUES,
    Masks,
    redacted,
)

MAX_CLAIM_BYTES = 256
MAX_USER_BYTES = 256
MAX_JWT_LENGTH = 16384  # servers refuse longer headers; decoding more is not ours
MAX_SAFE_INTEGER = 2**53 - 1  # RFC 7493 section 2.2

# The first word of any other value may be the secret itself.
SCHEMES = frozenset(
    {
        "api-key", "apikey", "aws4-hmac-sha256", "basic", "bearer", "digest", "dpop",
        "gnap", "hawk", "hmac", "hoba", "jwt", "key", "mac", "mutual", "negotiate",
        "ntlm", "oauth", "privatetoken", "scram-sha-1", "scram-sha-256", "signature",
        "token", "vapid",
    }
)  # fmt: skip
COOKIE_ATTRIBUTES = frozenset(
    {
        "comment", "domain", "expires", "httponly", "max-age", "partitioned", "path",
        "priority", "samesite", "secure", "version",
    }
)  # fmt: skip

# Servers join repeated headers with a comma, so Basic may also come second; and some
# clients put quotes around it.
_BASIC = re.compile(r"(?<![^\s,;=(\"'])basic(?![A-Za-z0-9\-])[\s:]*", re.IGNORECASE)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9\-]*):?\s+(.*)\Z", re.DOTALL)
_JWT = re.compile(r"[\w\-]+\.([\w\-]+)\.[\w\-]*\Z", re.ASCII)
# Nothing but attributes, as nearly every Set-Cookie header ends.
_ATTRIBUTES = re.compile(
    rf"(?:\s*+(?:{'|'.join(sorted(COOKIE_ATTRIBUTES))})\s*+(?:=[^;]*+)?(?:;(?!\Z)|\Z))+",
    re.IGNORECASE | re.ASCII,
)
# A comma before a name and its value; there is another one in a date.
_NEXT_COOKIE = re.compile(r",(?=\s*[^\s=;,]+=)")

Claim = str | int


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential header: its text on disk, and what is known of the caller.

    `auth` holds scheme, id, user and claims as the members of a JSON object; `id` is
    the mask of the secret alone, and None if none could be taken. `masks` is what
    the header adds to the masks by name, and `record` the whole `,"auth":{…}` of a
    request that shows no other credential.
    """

    shown: str
    id: str | None = None
    auth: str = ""
    masks: Mapping[str, str] = field(default_factory=dict)
    record: str = ""


@dataclass(frozen=True, slots=True)
class Cookies:
    """A Cookie header without its values, and the masks of identity cookies."""

    shown: str
    known: dict[str, str]


def read_credential(value: str, masks: Masks) -> Credential:
    """Mask the value of Authorization, or of any other header that holds a key."""
    value = value.strip()
    if not value:
        return Credential(value)
    basic = _BASIC.search(value)
    if basic is not None:
        if basic.start() > 0:
            return Credential(redacted(value))
        secret = value[basic.end() :]
        auth = _members({"scheme": "basic"} | _who(secret, masks))
        shown = f"Basic {redacted(secret)}"
        return Credential(shown, auth=auth, record=f',"auth":{{{auth}}}')
    found = _SCHEME.match(value)
    scheme, token = "", value
    if found and found[1].lower() in SCHEMES:
        scheme, token = found[1].lower(), found[2]
    mark = masks.key(token)
    known: dict[str, object] = {"scheme": scheme} if scheme else {}
    known["id"] = mark
    claims = _read_claims(token, masks.jwt_claims)
    if claims:
        known["claims"] = claims
    auth = _members(known)
    shown = masks.credential(value, token)
    own = {"authorization": shown}
    record = f',"auth":{{{auth},"headers":{masks_by_name(own)}}}'
    return Credential(shown, mark, auth, own, record)


def masks_by_name(masks: Mapping[str, str]) -> str:
    """Return masks as a JSON object."""
    pairs = [f"{quoted(name)}:{quoted(mark)}" for name, mark in masks.items()]
    return f"{{{','.join(pairs)}}}"


def _members(known: Mapping[str, object]) -> str:
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"))[1:-1]


def read_cookies(value: str, masks: Masks) -> Cookies:
    """Keep the names of a Cookie header (RFC 6265 section 4.2)."""
    known: dict[str, str] = {}
    pairs = []
    for pair in value.split(";"):
        name, equals, secret = pair.partition("=")
        if not equals:
            pairs.append(_redact_padded(pair))
            continue
        word = name.strip().lower()
        secret = secret.strip()
        if secret and word in masks.identity_cookies:
            known.setdefault(word, masks.key(secret))
        pairs.append(f"{name}={redacted(secret)}" if secret else pair)
    return Cookies(";".join(pairs), known)


class SetCookies:
    """Redacts Set-Cookie headers, whose attributes come again with other values.

    Only what is nothing but attributes is remembered: anything else may be a secret.
    """

    def __init__(self) -> None:
        # Mutable state: the memory of a pure function, which any thread may fill.
        self._attributes: set[str] = set()

    def redact(self, value: str) -> str:
        """Keep the name and the attributes (RFC 6265 section 4.1)."""
        if "," in value and len(several := _NEXT_COOKIE.split(value)) > 1:
            # As proxies join them that know one value a name.
            return ",".join(map(self.redact, several))
        first, semicolon, rest = value.partition(";")
        name, equals, secret = first.partition("=")
        kept = f"{name}={redacted(secret.strip())}" if equals else _redact_padded(first)
        if not semicolon or rest in self._attributes or self._are_attributes(rest):
            return f"{kept}{semicolon}{rest}"
        shown = [kept]
        for attribute in rest.split(";"):
            word = attribute.partition("=")[0].strip().lower()
            shown.append(
                attribute if word in COOKIE_ATTRIBUTES else _redact_padded(attribute)
            )
        return ";".join(shown)

    def _are_attributes(self, rest: str) -> bool:
        if _ATTRIBUTES.fullmatch(rest) is None:
            return False
        if len(rest) <= REMEMBERED_LENGTH:
            if len(self._attributes) >= REMEMBERED_VALUES:
                self._attributes.clear()
            self._attributes.add(rest)
        return True


def _redact_padded(text: str) -> str:
    stripped = text.strip()
    return text.replace(stripped, redacted(stripped)) if stripped else text


def _who(secret: str, masks: Masks) -> dict[str, str]:
    """Return what may be known of who sent RFC 7617 credentials, nothing if unclear.

    Many APIs take their key as the user name, with no password: it is masked then.
    """
    try:
        decoded = base64.b64decode(secret.strip() + "==", validate=False)
    except ValueError:
        return {}
    name, colon, password = decoded.partition(b":")
    # Without a colon all of it may be the password.
    if not colon or not name or len(name) > MAX_USER_BYTES:
        return {}
    try:
        user = name.decode("utf-8")
    except UnicodeDecodeError:
        user = name.decode("latin-1")
    return {"user": user} if password else {"id": masks.key(user)}


def _read_claims(token: str, names: tuple[str, ...]) -> dict[str, Claim]:
    """Return the listed claims of a JWT (RFC 7519), unverified, each ≤ 256 bytes."""
    found = _JWT.match(token) if len(token) <= MAX_JWT_LENGTH else None
    if found is None or not names:
        return {}
    try:
        payload = json.loads(base64.urlsafe_b64decode(found[1] + "=="))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(payload, dict):
        return {}
    return {name: payload[name] for name in names if _is_claim(payload.get(name))}


def _is_claim(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int):
        return abs(value) <= MAX_SAFE_INTEGER
    if not isinstance(value, str):
        return False
    return len(value.encode("utf-8", "surrogatepass")) <= MAX_CLAIM_BYTES
