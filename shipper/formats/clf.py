r"""Common and Combined, with or without a virtual host before them.

``host ident user [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 512``, then for
Combined ``"referer" "user agent"`` and perhaps more quoted fields. The columns before
``[`` are counted, a list of hops as one: three, or four if the second is an address,
and then the first is the virtual host, spelled as one. Quotes inside quoted fields
are escaped (``\"``, ``\x22``). Apache stamps the start of a request and nginx its end;
without a duration one cannot be made of the other, so the stamp is taken as it is. The
ingress of Kubernetes appends its own fields, the duration among them.
"""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Final

from shipper.foreign import Foreign, Hints
from shipper.formats.native import client_of, is_address, known_headers, unescaped
from shipper.formats.reader import Format
from shipper.formats.reasons import MAX_LINE_BYTES, refuse
from shipper.formats.request_line import PLAIN, RequestLine, read_request, read_status
from shipper.formats.stamps import read_common
from shipper.formats.texts import unescape
from shipper.model import BLANK, Reject, Skip

TWO_ADDRESSES: Final = (
    "two addresses stand before the user; if the first one is the virtual host, the "
    "format is vhost_combined"
)

QUOTED: Final = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
UNNAMED_QUOTED: Final = QUOTED.replace("(", "(?:", 1)
# The client, or all hops where `X-Forwarded-For` stands in its place.
_HOPS: Final = r"(?:[^ ]++(?<=,) )*+[^ ]++"
# Gunicorn writes nothing for a client without an address; the ingress of Kubernetes
# wrote the client a second time in brackets.
_COLUMNS: Final = (
    rf"({_HOPS}|(?= - ))(?: - \[[^\]\"]{{1,255}}\](?= - ))?+ ({_HOPS}) ([^ ]++)"
    rf"(?: ([^ ]++))? \[([^\]\"]{{1,64}})\] "
)
# Length of the request, duration, one or two names of services, and the upstream's.
_INGRESS: Final = (
    r" [0-9]{1,15} ([0-9]{1,9}\.[0-9]{3})(?: \[[^\]\"]{0,255}\](?= )){1,2}+"
    r" (?!\[[^\]\"]*+\]\Z)[^\" ][^\"]*+"
)
# What operators append without quotes, and no name tells what it counts: times (`%D`,
# `$request_time`), bytes, an upstream's address and status, more than one after a
# retry, and nginx's word for a pipelined request. HAProxy's timers may be -1.
_NUMBER: Final = r" (?:[+\-]?+[0-9][0-9.:/]{0,63}+,?+|[-.:p](?= |\Z))"
_NUMBERS: Final = rf"(?:{_NUMBER}| {UNNAMED_QUOTED})++"
# Fields with their names, as in the examples of nginx: `rt=0.250 uct="0.001"`. One of
# several upstreams has a value of each: `urt=0.001, 0.004 : 0.002`.
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_\-]{0,31}"
_VALUE: Final = (
    rf"(?:{UNNAMED_QUOTED}|[^ \"]*+(?:(?:(?<=,) | : )(?!{_NAME}=)[^ \"]++)*+)"
)
_NAMED: Final = rf"((?: {_NAME}={_VALUE})++)"
_NAMED_FIELD: Final = re.compile(rf" ({_NAME})=({_VALUE})", re.DOTALL)
_TAKEN: Final = re.compile(r"[0-9]{1,9}\.[0-9]{3}")  # nginx's seconds, always so
_LINE: Final = re.compile(
    _COLUMNS
    + QUOTED
    + r" ([0-9]{1,3}|-) ([0-9]{1,15}|-)"
    + rf"(?: {QUOTED} {QUOTED}(?: {UNNAMED_QUOTED})*+"
    + rf'(?:{_INGRESS}|{_NUMBERS}|{_NAMED}| kong_request_id: "[^"]*+")?+'
    + rf"|(?:{_NUMBER})++)?+",
    re.DOTALL,
)
_BEGINNING: Final = re.compile(_COLUMNS + '"')
_NO_TIME_YET: Final = re.compile(
    rf"{_HOPS} {_HOPS} [^ ]++(?: [^ ]++)? \[[^\]\" ]*+(?: [^\]\" ]*+)?"
)
_ONE_QUOTED: Final = re.compile(QUOTED, re.DOTALL)
# From a quote to the next or to the end, so that no quote is looked at twice.
_QUOTED_OR_CUT: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+("?)', re.DOTALL)

# With its port. `a, b` is a list of addresses and no host, and so is a stamp, as
# `docker logs --timestamps` puts it before each line.
_VHOST: Final = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|(?![0-9.]+\Z)[\w.*\x80-\xff-]+)(?::[0-9]{1,5})?"
)

_Match = re.Match[str]


class ClfReader:
    """Reads the lines of one family member; no line depends on another.

    Args:
        has_vhost: True insists on a virtual host's column, False on none; None takes
            both.
        is_combined: False insists on lines without quotes after the size.
        zone: For stamps that name none.
    """

    def __init__(
        self, *, has_vhost: bool | None, is_combined: bool, zone: tzinfo | None
    ) -> None:
        self._zone = zone
        self._has_vhost = has_vhost
        self._is_combined = is_combined

    def fits(self, line: bytes) -> bool:
        """Tell whether the fields have the shape, whatever the request is."""
        text = line.decode("latin-1")
        found = _LINE.fullmatch(text.rstrip("\r\n\t "))
        # Two addresses tell of no format; who names this one knows what they are.
        return (
            found is not None
            and self._is_ours(found)
            and (found[4] is None or not is_address(found[1]))
        )

    def read(self, line: bytes) -> Foreign | Reject | Skip:
        """Read one line."""
        if len(line) > MAX_LINE_BYTES:
            return refuse("too-long")
        text = line.decode("latin-1")
        found = _LINE.fullmatch(text)
        if found is None:
            text = text.rstrip("\r\n\t ")
            found = _LINE.fullmatch(text) or _LINE.fullmatch(text.lstrip("\t "))
            if found is None:
                return why_no_line(text.lstrip("\t "))
        if not self._is_ours(found):
            are_two = found[4] is not None and all(map(is_address, found.group(1, 2)))
            return refuse("shape", TWO_ADDRESSES if are_two else None)
        return _exchange(found, self._zone)

    def _is_ours(self, found: _Match) -> bool:
        if not self._is_combined and found[9] is not None:
            return False
        if found[4] is None:
            return not self._has_vhost
        return (
            self._has_vhost is not False
            and is_address(_first(found[2]))
            and (
                # X-Forwarded-For may stand there, unless the operator says otherwise.
                self._has_vhost is True
                if is_address(found[1])
                else _VHOST.fullmatch(found[1]) is not None
            )
        )


def why_no_line(text: str) -> Reject | Skip:
    """Say what is wrong with a line that has not the shape of this family."""
    if not text:
        return Skip(BLANK)
    found = _BEGINNING.match(text)
    if found is None:
        return refuse("half-line" if _NO_TIME_YET.fullmatch(text) else "shape")
    request = _ONE_QUOTED.match(text, found.end() - 1)
    if request is None:
        return refuse("half-line")
    rest = text[request.end() :]
    if re.fullmatch(r"(?: (?:[0-9]{1,3}|-)?+ ?)?", rest):
        return refuse("half-line")
    if not re.match(r" (?:[0-9]{1,3}|-)(?: |\Z)", rest):
        return refuse("quotes" if '"' in rest else "shape")
    if not all(found[1] for found in _QUOTED_OR_CUT.finditer(rest)):
        return refuse("half-line")
    return refuse("shape")


def request_of(field: str) -> RequestLine | Reject:
    """Read the request between the quotes, escapes and all."""
    plain = PLAIN.fullmatch(field)
    if plain is not None:
        return RequestLine(*plain.groups())
    return read_request(unescape(field.encode("latin-1")))


def _exchange(found: _Match, zone: tzinfo | None) -> Foreign | Reject:
    vhost, client, _, user, stamp, asked, status_text, size, *quoted = found.groups()
    referer, agent, taken, named = quoted
    if user is None:
        vhost, client, user = None, vhost, found[3]
    request = request_of(asked)
    if isinstance(request, Reject):
        return request
    status = read_status(status_text)
    if isinstance(status, Reject):
        return status
    start = read_common(stamp, zone)
    if isinstance(start, Reject):
        return start
    if named is not None:
        taken = _taken_in(named)
    duration_ms = None
    started_ns = start.ns
    if taken is not None:
        duration_ms = int(taken.replace(".", ""))
        started_ns = max(started_ns - duration_ms * 1_000_000, 0)
    return Foreign(
        started_ns=started_ns,
        method=request.method,
        target=request.target,
        status=status,
        duration_ms=duration_ms,
        http_version=request.http_version,
        host=None if vhost == "-" else vhost,
        client=client_of(_first(client)),
        user=None if user == '""' else unescaped(user),
        request_headers=known_headers(unescaped(referer), unescaped(agent)),
        # The format says "-" where no byte was sent (Apache, mod_log_config).
        response_size_bytes=0 if size == "-" else int(size),
        remarks=start.remarks,
    )


def _first(hops: str) -> str:
    """Return the client, without quotes; the proxies behind it are none."""
    return hops.partition(",")[0].strip('"')


def _taken_in(named: str) -> str | None:
    """Return the time taken that one of the fields with names tells."""
    for name, value in _NAMED_FIELD.findall(named):
        if name in ("rt", "request_time") and _TAKEN.fullmatch(value.strip('"')):
            told: str = value.strip('"')
            return told
    return None


def _open_common(hints: Hints) -> ClfReader:
    return ClfReader(has_vhost=False, is_combined=False, zone=hints.zone)


def _open_combined(hints: Hints) -> ClfReader:
    return ClfReader(has_vhost=None, is_combined=True, zone=hints.zone)


def _open_vhost_combined(hints: Hints) -> ClfReader:
    return ClfReader(has_vhost=True, is_combined=True, zone=hints.zone)


COMMON: Final = Format(
    "common", _open_common, "Apache, nginx and many others, without referer"
)
COMBINED: Final = Format(
    "combined",
    _open_combined,
    "Apache, nginx, gunicorn; also Common, also with a virtual host",
    contains=frozenset({"common", "vhost_combined"}),
)
VHOST_COMBINED: Final = Format(
    "vhost_combined", _open_vhost_combined, "Apache's other_vhosts_access.log"
)
