"""Access logs of API Gateway that are no JSON: CLF, CSV, XML, and names with values.

``203.0.113.9 - - [31/Jul/2026:12:00:00 +0000]"GET /owls/{id} HTTP/1.1" 200 42 id``,
the same values with commas between them, or as elements of ``<request id="…">``. HTTP
APIs have the route (``GET /owls/{id}``) in place of the path, and no caller in CSV.
The Serverless Framework writes ``requestId: id, ip: 203.0.113.9, …``. One line comes
in; the object that the JSON form would have goes out, or None.
"""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import unescape

from shipper.formats.objects import LogObject

_ID: Final = (
    r"(?P<requestId>[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    r"|[\w+/\-]{11,64}={1,2})"
)
_STAMP: Final = (
    r"(?P<requestTime>[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:]{8} [+\-][0-9]{4})"
)
_CLF: Final = re.compile(
    r"(?P<ip>[0-9A-Fa-f.:]{2,45}+) (?P<caller>[^ ]++) (?P<user>[^ ]++) "
    rf'\[{_STAMP}\] ?"(?P<httpMethod>[^ "]++) (?P<resourcePath>[^"]*) '
    r'(?P<protocol>[^ "]++)" (?P<status>[0-9]{3}|-) (?P<responseLength>[0-9]{1,15}|-) '
    rf"{_ID}(?: .*+)?"
)
_CSV: Final = re.compile(
    r"(?P<ip>[0-9A-Fa-f.:]{2,45}+),(?:(?P<caller>[^,]*+),(?P<user>[^,]*+),)?"
    rf"{_STAMP},(?P<httpMethod>[^,]*+),(?P<resourcePath>[^\"]*),(?P<protocol>[^,]*),"
    rf"(?P<status>[0-9]{{3}}|-),(?P<responseLength>[0-9]{{1,15}}|-),{_ID}(?:,[^,]++)?"
)
_XML: Final = re.compile(
    r'\s*<request id="(?P<requestId>[^"<>]{1,128})">(.*)</request>\s*'
)
_ROUTE: Final = re.compile(r"[A-Z]{3,10} /.*|\$default")
_ELEMENT: Final = re.compile(r"<([A-Za-z]{1,64})>([^<>]*+)</\1>")
_PAIR: Final = re.compile(r"([A-Za-z]{1,64}): ([^,]*+)(?:, |\Z)")


def read_text_form(line: bytes) -> LogObject | None:
    """Read one line as what its values would be in JSON."""
    text = line.decode("latin-1").strip("\r\n\t ")
    if text.startswith("<"):
        return _read_elements(text)
    if text.startswith("requestId: "):
        return LogObject(dict(_PAIR.findall(text)), is_native=True)
    found = _CLF.fullmatch(text) or _CSV.fullmatch(text)
    if found is None:
        return None
    members = found.groupdict()
    if _ROUTE.fullmatch(members["resourcePath"]):
        members["routeKey"] = members.pop("resourcePath")
    return LogObject(members, is_native=True)


def _read_elements(text: str) -> LogObject | None:
    found = _XML.fullmatch(text)
    if found is None:
        return None
    members = {
        name: unescape(value, {"&quot;": '"', "&apos;": "'"})
        for name, value in _ELEMENT.findall(found[2])
    }
    return LogObject({"requestId": found["requestId"], **members}, is_native=True)
