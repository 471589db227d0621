"""Exchanges of real JSON logs and HAR files become records, without their secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import pytest

from shipper.adopt import Adopter
from shipper.foreign import Foreign
from shipper.formats.har import read_har
from shipper.model import Reject
from shipper.parse import parse
from shipper.record import Record
from tests.support.json_logs import (
    DATA,
    a_caddy_line,
    a_har,
    a_har_entry,
    a_kong_line,
    a_traefik_line,
    an_apigateway_line,
    an_envoy_line,
    an_nginx_line,
    read_foreign,
    sample,
)
from wsgi_writer.mask import Masks

ADOPTER = Adopter(masks=Masks(), base_url="https://base.example.com")
ID = str(UUID(int=0, version=4))
HARS = sorted((DATA / "har").glob("*.har"))


def adopted(foreign: Foreign) -> bytes:
    """Make a record that must be one."""
    line = ADOPTER.adopt(foreign, ID)
    assert not isinstance(line, Reject), line
    return line


def record(foreign: Foreign) -> Record:
    """Make a record and read it again."""
    found = parse(adopted(foreign))
    assert isinstance(found, Record), found
    return found


def exchanges(content: bytes) -> Iterator[Foreign]:
    """Return the exchanges of a HAR."""
    entries = read_har(content)
    assert not isinstance(entries, Reject)
    return (entry.found for entry in entries if isinstance(entry.found, Foreign))


def credentials_in(content: bytes) -> set[str]:
    """Return the values of cookies and Authorization headers of a HAR.

    Those that the page itself has put into URLs as well are left out: a cookie that
    goes along as a parameter is no secret of the header any more.
    """
    found = set()
    document: Any = json.loads(content.decode("utf-8-sig"))
    for entry in document["log"]["entries"]:
        for side in (entry["request"], entry["response"]):
            side["cookies"] = []
            for header in side["headers"]:
                if header["name"].lower() in CREDENTIALS:
                    found |= set(pieces_of(header.pop("value")))
    rest = unquote(json.dumps(document, ensure_ascii=False))
    # Short ones occur anywhere by chance.
    return {value for value in found if len(value) >= 8 and value not in rest}


CREDENTIALS = ("cookie", "set-cookie", "authorization")


def pieces_of(value: str) -> Iterator[str]:
    """Return the values of one or several cookies, or the whole of it."""
    yield value
    for line in value.split("\n"):
        for piece in line.split(";"):
            name, _, given = piece.strip().partition("=")
            if name.lower() not in ("path", "domain", "expires", "max-age"):
                yield given


@pytest.mark.parametrize("har", HARS, ids=lambda path: path.stem)
def test_every_exchange_of_a_real_har_becomes_a_record(har: Any) -> None:
    """None is lost between the format and our own record."""
    for foreign in exchanges(har.read_bytes()):
        assert record(foreign).status == foreign.status


@pytest.mark.parametrize(
    ("name", "log"),
    [
        ("traefik-json", "traefik-json-crowdsec.log"),
        ("caddy", "caddy-json-lnav.log"),
    ],
)
def test_every_exchange_of_a_real_log_becomes_a_record(name: str, log: str) -> None:
    """With its status and its host."""
    for line in sample(log):
        if not line.startswith(b"DEBUG"):
            foreign = read_foreign(name, line)

            assert (foreign.status, True) == (
                record(foreign).status,
                f"//{foreign.host}/" in record(foreign).url,
            )


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("nginx-json", an_nginx_line()),
        ("caddy", a_caddy_line()),
        ("traefik-json", a_traefik_line()),
        ("envoy", an_envoy_line()),
        ("apigateway", an_apigateway_line()),
        ("kong", a_kong_line()),
    ],
)
def test_every_format_gives_exchanges_that_become_records(
    name: str, line: dict[str, Any]
) -> None:
    """Whatever else a log says."""
    foreign = read_foreign(name, line)

    assert record(foreign).method == foreign.method


def test_the_bbcs_har_has_credentials_to_lose() -> None:
    """Otherwise the test below would prove nothing."""
    content = (DATA / "har" / "chrome-bbc-perfcascade.har").read_bytes()

    assert len(credentials_in(content)) > 20


@pytest.mark.parametrize("har", HARS, ids=lambda path: path.stem)
def test_no_credential_of_a_real_har_is_in_a_record(har: Any) -> None:
    """Cookies of 2015 are secrets like those of today."""
    content = har.read_bytes()
    lines = b"\n".join(map(adopted, exchanges(content))).decode()

    assert [value for value in credentials_in(content) if value in lines] == []


@pytest.mark.parametrize(
    ("name", "line", "secret"),
    [
        ("nginx-json", an_nginx_line(), "s3cret-s3cret"),
        ("kong", a_kong_line(), "s3cret-s3cret"),
        (
            "nginx-json",
            an_nginx_line({"request_body": '{"password":"hunter2-hunter2"}'}),
            "hunter2-hunter2",
        ),
        (
            "nginx-json",
            an_nginx_line({"request_uri": "/owls?token=t0ken-t0ken"}),
            "t0ken-t0ken",
        ),
        (
            "caddy",
            a_caddy_line({"request/headers": {"Cookie": ["sid=c00kie-c00kie"]}}),
            "c00kie-c00kie",
        ),
        (
            "traefik-json",
            a_traefik_line({"request_Authorization": "Bearer b3arer-b3arer"}),
            "b3arer-b3arer",
        ),
    ],
)
def test_what_the_writer_masks_is_masked(
    name: str, line: dict[str, Any], secret: str
) -> None:
    """Foreign exchanges pass the same lists."""
    assert secret not in adopted(read_foreign(name, line)).decode()


def test_a_body_that_a_har_holds_unpacked_reaches_the_record() -> None:
    """Its Content-Encoding would have everybody try to unpack it."""
    [foreign] = exchanges(
        a_har(
            a_har_entry(
                {
                    "response/headers": [
                        {"name": "Content-Encoding", "value": "gzip"},
                        {"name": "Content-Type", "value": "application/json"},
                    ],
                    "response/content": {
                        "text": base64.b64encode(b'{"owl":"hoot"}').decode(),
                        "encoding": "base64",
                    },
                }
            )
        )
    )
    found = record(foreign)

    assert (
        found.har.response.content.text,
        found.is_open,
    ) == ('{"owl":"hoot"}', False)


def test_a_form_of_a_har_is_masked_by_its_fields() -> None:
    """It comes as params, and is one all the same."""
    [foreign] = exchanges(
        a_har(
            a_har_entry(
                {
                    "request/method": "POST",
                    "request/postData": {
                        "mimeType": "application/x-www-form-urlencoded",
                        "params": [
                            {"name": "password", "value": "hunter2-hunter2"},
                            {"name": "owl", "value": "hoot"},
                        ],
                    },
                }
            )
        )
    )
    line = adopted(foreign).decode()

    assert ("hunter2" in line, "hoot" in line) == (False, True)


@pytest.mark.parametrize("text", ["caf\u00e9", "\u20ac", "\u732b"])
def test_text_beyond_ascii_arrives_as_it_was(text: str) -> None:
    """In a header, in the target and in a body."""
    line = an_nginx_line(
        {"http_user_agent": text, "request_uri": f"/{text}", "request_body": text}
    )
    found = record(read_foreign("nginx-json", line)).har.request
    assert found.post_data and found.post_data.text

    assert (text, True, True) == (
        next(one.value for one in found.headers if one.name == "User-Agent"),
        found.url.isascii(),
        text in found.post_data.text,
    )
