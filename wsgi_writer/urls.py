"""Secrets in query strings and URLs, and the legal form of a request target.

A request target or a header value that holds a URL comes in as a latin-1 string;
the same text with the values of listed parameters replaced goes out, everything else
as it was received. Of paths only parameters are searched, and nothing here raises.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from wsgi_writer.mask import Masks, Remembered, redacted
from wsgi_writer.params import (
    Param,
    ParamNames,
    Replace,
    decode,
    mask_param,
    mask_within,
    quoted_mark,
    read_params,
)

# Headers whose values are authorities, or hold one (RFC 7239).
HOST_HEADERS = frozenset(
    {
        "forwarded", "host", "x-forwarded-host", "x-forwarded-server", "x-host",
        "x-http-host-override", "x-original-host", "x-real-host",
    }
)  # fmt: skip
UNKNOWN_HOST = "unknown.invalid"  # RFC 2606: a name no allowed_http_hosts can hold

# RFC 3986 section 2: what may not stand in a path or query as it is. "#" is left
# to the end, because a parameter may begin behind it.
_LEGAL = re.compile(r"(?:[A-Za-z0-9\-._~:/?#@!$&'()*+,;=]++|%[0-9A-Fa-f]{2})*+")
_ILLEGAL = re.compile(r"[^A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]|%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9\-._~]+)(:[0-9]{0,5})?\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*\Z")
_ABSOLUTE = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#]*)")
# Not the mark that takes its place; that of a URL in a query ends at its parameter.
_MARKED = r"(?<=//)(?!%5BREDACTED%20[0-9]+%5D@)"
_USERINFO = re.compile(_MARKED + r"[^/?#\s<>]*@")
_NESTED_USERINFO = re.compile(_MARKED + r"[^/?#&\s<>]*@")
# A parameter of a path's segment (RFC 3986 section 3.3).
_PATH_PARAM = re.compile(r"(?<=;)([^;=/?#&\s]*)=([^;/?#&\s>]+)")
_LINK_PARTS = re.compile(r"<[^>]*>?|[^<]+")
_LEADING_USERINFO = re.compile(r"\A[^/?#]+@")
_SEPARATORS = re.compile(r"([&#])")


@dataclass(slots=True)
class Target:
    """A request target laid out: a legal URL, its query in order, and its keys.

    Built once per request, hence not frozen.
    """

    url: str
    query: tuple[tuple[str, str], ...]
    keys: Mapping[str, str]


class UrlMask:
    """Replaces the secrets of targets and of headers that hold URLs.

    Args:
        masks: The lists.
        mask_value: Replaces what is listed in the value of a parameter that is JSON,
            and returns the very same object for any other.
    """

    def __init__(self, masks: Masks, mask_value: Replace = str) -> None:
        listed: dict[str, Replace] = dict.fromkeys(masks.redacted_query, redacted)
        listed |= dict.fromkeys(masks.key_query, masks.key)
        self._names = ParamNames(listed, _read_native)
        self._unlisted = ParamNames({})
        self._keys = masks.key_query
        self._mask_value = mask_value
        self._origins = Remembered(_origin)

    def target(self, scheme: str, host: str, target: str) -> Target:
        """Lay out a request target as an absolute, legal URL (RFC 3986).

        An absolute target names its own authority (RFC 9112 section 3.2.2); any
        other one is put behind `scheme` and `host`, with a leading slash. The
        userinfo of an authority is dropped.
        """
        absolute = _ABSOLUTE.match(target) if "://" in target else None
        if absolute:
            scheme, host = absolute[1], absolute[2]
            target = target[absolute.end() :]
        if not target.startswith("/"):
            # With userinfo it is what CONNECT takes (RFC 9112 section 3.2.3).
            target = "/" + _LEADING_USERINFO.sub(_redact_userinfo, target)
        target = make_legal(target)
        origin = self._origins[f"{scheme}://{host}"]
        start = _first_mark(target)
        lead, rest = (target[:start], target[start:]) if start >= 0 else (target, "")
        lead, rest = self._path(lead), _hide_nested_userinfo(rest)
        if start < 0:
            return Target(origin + lead, (), {})
        params = list(read_params(rest, self._names))
        if _may_hold_json(rest):
            params = [
                param if param.masked else mask_within(param, self._mask_value)
                for param in params
            ]
        keys: dict[str, str] = {}
        for param in params:
            if param.masked and param.name.lower() in self._keys:
                keys.setdefault(param.name.lower(), param.value)
        url = origin + lead + "&".join(param.raw for param in params)
        if "#" in url:
            # No fragment is ever part of a target (RFC 9112 section 3.2), so this
            # belongs to the path or to a value, and the query has to be read again.
            url = url.replace("#", "%23")
            params = list(read_params(url.partition("?")[2], self._unlisted))
        query = tuple((param.name, param.value) for param in params if param.raw)
        return Target(url, query, keys)

    def header(self, value: str) -> str:
        """Mask the URL, or a list of URLs between angle brackets, of a header value."""
        if (
            "?" not in value
            and "#" not in value
            and "@" not in value
            and ";" not in value
        ):
            return value
        if value.lstrip().startswith("<"):  # Link (RFC 8288)
            return _LINK_PARTS.sub(lambda found: self._url(found[0]), value)
        return self._url(value)

    def _url(self, url: str) -> str:
        start = _first_mark(url)
        if start < 0:
            return self._path(url)
        end = len(url) - url[start:].endswith(">")
        pieces = _SEPARATORS.split(_hide_nested_userinfo(url[start:end]))
        may_hold_json = _may_hold_json(url)
        for index in range(0, len(pieces), 2):
            piece = pieces[index]
            pieces[index] = mask_param(piece, self._names)
            if may_hold_json and pieces[index] is piece:
                pieces[index] = self._within(piece)
        return self._path(url[:start]) + "".join(pieces) + url[end:]

    def _within(self, piece: str) -> str:
        """Mask what the name or the value of a parameter holds."""
        name, _, value = map(_read_native, piece.partition("="))
        return mask_within(
            Param(piece, name, value, masked=False), self._mask_value
        ).raw

    def _path(self, lead: str) -> str:
        """Mask what stands before the query: userinfo, and parameters of segments."""
        if "@" in lead:
            lead = _USERINFO.sub(_redact_userinfo, lead)
        return _PATH_PARAM.sub(self._mask_param, lead) if ";" in lead else lead

    def _mask_param(self, found: re.Match[str]) -> str:
        replace = self._names.replacement(found[1])
        if replace is None:
            return found[0]
        return f"{found[1]}={quoted_mark(replace(decode(found[2])))}"


def without_userinfo(word: str, value: str) -> str:
    """Replace the `user:password@` of every URL or authority in a header's value."""
    if "@" not in value:
        return value
    if word not in HOST_HEADERS:
        lead, mark, query = value.partition("?")
        lead = _USERINFO.sub(_redact_userinfo, lead)
        return f"{lead}{mark}{_hide_nested_userinfo(query)}"
    userinfo, _, host = value.rpartition("@")
    return f"{quoted_mark(redacted(userinfo))}@{host}"


def _hide_nested_userinfo(query: str) -> str:
    """Replace the userinfo of the URLs in a query, which end at the next parameter."""
    if "@" not in query or "//" not in query:
        return query
    return _NESTED_USERINFO.sub(_redact_userinfo, query)


def _may_hold_json(text: str) -> bool:
    """Tell whether an object may stand in a text, percent-encoded or not."""
    return "%7B" in text or "{" in text or "%7b" in text


def make_legal(text: str) -> str:
    """Percent-encode what RFC 3986 does not allow; what is encoded stays as it is."""
    return text if _LEGAL.fullmatch(text) else _ILLEGAL.sub(_percent, text)


def _first_mark(url: str) -> int:
    """Return where the first parameter may begin, behind `?` or `#`; -1: nowhere."""
    query, fragment = url.find("?"), url.find("#")
    if fragment < 0 or 0 <= query < fragment:
        return query + 1 if query >= 0 else -1
    return fragment + 1


def _percent(found: re.Match[str]) -> str:
    raw = found[0].encode("latin-1", "replace") if found[0] < "\u0100" else None
    if raw is None:
        raw = found[0].encode("utf-8", "replace")
    return "".join(f"%{byte:02X}" for byte in raw)


def _read_native(name: str) -> str:
    """Decode a name in which each character stands for a byte (PEP 3333)."""
    return decode(make_legal(name))


def _redact_userinfo(found: re.Match[str]) -> str:
    return quoted_mark(redacted(found[0][:-1])) + "@"


def _origin(given: str) -> str:
    scheme, _, authority = given.partition("://")
    host = authority.rpartition("@")[2].strip()
    if not _SCHEME.match(scheme):
        scheme = "http"
    if not _HOST.match(host):
        host = quote(host, safe="-._~", errors="replace") or UNKNOWN_HOST
    return f"{scheme}://{host}"
