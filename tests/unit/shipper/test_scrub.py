"""What the lists hide inside one text, and where its values end."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from shipper.redact import Redactor
from tests.support.records import a_record, header, redacted

SEARCHED = quote('{"password":"hunter2","a":1}')
HIDDEN = quote('{"password":"[REDACTED 7]","a":1}', safe="")


def denied(**record: Any) -> dict[str, Any]:
    """Return a record's entry under a denylist."""
    return redacted(Redactor(denylist=["password"]), a_record(**record))


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        (
            "<{}?a=1&password=x>; rel=next",
            "<{}?a=1&password=%5BREDACTED%201%5D>; rel=next",
        ),
        (f"<{{}}?f={SEARCHED}>; rel=next", f"<{{}}?f={HIDDEN}>; rel=next"),
        (
            f"<{{}}?f={SEARCHED}>; rel=prev, <{{}}?b=1&f={SEARCHED}>; rel=next",
            f"<{{}}?f={HIDDEN}>; rel=prev, <{{}}?b=1&f={HIDDEN}>; rel=next",
        ),
        ("<{}?a=1>; rel=next", "<{}?a=1>; rel=next"),
        ("<{}?password=x", "<{}?password=%5BREDACTED%201%5D"),
    ],
)
@pytest.mark.parametrize("url", ["/p", "https://h/p"])
def test_a_url_ends_at_its_bracket(url: str, link: str, shown: str) -> None:
    """What stands behind it in a Link (RFC 8288) is no part of a value."""
    entry = denied(response_headers=[("Link", link.replace("{}", url))])

    assert header(entry["response"], "Link") == shown.replace("{}", url)
