"""Field maps: what operators may say, and what it does to a preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shipper.formats.fields import NAMES, FieldMap, MapFault, faults_in, with_fields
from shipper.formats.nginx_json import PRESET as NGINX

DOCUMENT = (Path(__file__).parents[3] / "docs" / "formats.md").read_text("utf-8")
PRESET = FieldMap(
    members={"end_time": ("time",), "duration_s": ("took",), "method": ("m", "verb")},
    request_headers={"User-Agent": ("agent",), "Referer": ("from",)},
    response_headers={"Location": ("to",)},
)


def test_every_name_is_good() -> None:
    """Each may point at a member, or at a member of a member."""
    fields = dict.fromkeys(NAMES, "a.b")
    headers = {"request_header.X-Key": "k", "response_header.Via": "v"}

    assert faults_in({**fields, **headers}) == ()


def test_every_fault_is_told_at_once() -> None:
    """In the order of the map, with what to do about it."""
    faults = faults_in(
        {"httpversion": "m", "request_header.": "h", "xyz": "x", "status": 5}
    )

    assert [
        ("httpversion", "did you mean http_version?"),
        ("request_header.", "did you mean request_line?"),
        ("xyz", f"known are {', '.join(NAMES)}"),
        ("status", "give the name of a member of the log, or a path with dots"),
    ] == [(fault.name, fault.hint) for fault in faults]


@pytest.mark.parametrize("member", ["", ".", "a.", ".a", "a..b", None, 5, ["a"]])
def test_a_member_has_to_be_named(member: Any) -> None:
    """Neither nothing nor anything but text will do."""
    [fault] = faults_in({"method": member})

    assert isinstance(fault, MapFault)


def test_without_fields_the_preset_stands() -> None:
    """Nothing said, nothing changed."""
    assert (with_fields(PRESET, None), with_fields(PRESET, {})) == (PRESET, PRESET)


def test_a_named_field_replaces_the_presets_choice() -> None:
    """The rest of the preset stays."""
    found = with_fields(PRESET, {"method": "http.method", "status": "code"})

    assert found.members == {
        "end_time": ("time",),
        "duration_s": ("took",),
        "method": ("http.method",),
        "status": ("code",),
    }


def test_a_time_replaces_every_time_and_a_duration_every_duration() -> None:
    """Two of a kind would contradict each other."""
    found = with_fields(PRESET, {"start_time_ms": "t", "duration_us": "d"})

    assert found.members == {
        "method": ("m", "verb"),
        "start_time_ms": ("t",),
        "duration_us": ("d",),
    }


def test_headers_are_replaced_by_name_without_regard_to_case() -> None:
    """Names of headers have no case."""
    found = with_fields(
        PRESET, {"request_header.user-agent": "ua", "response_header.Via": "v"}
    )

    assert (found.request_headers, found.response_headers) == (
        {"Referer": ("from",), "user-agent": ("ua",)},
        {"Location": ("to",), "Via": ("v",)},
    )


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_is_in_the_document(name: str) -> None:
    """Operators learn the names there."""
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize("name", sorted(NGINX.members))
def test_what_nginxs_preset_looks_for_is_in_the_document(name: str) -> None:
    """In the same order, because the first that has a value counts."""
    listed = ", ".join(f"`{path}`" for path in NGINX.members[name])

    assert f"| `{name}` | {listed}" in DOCUMENT


@pytest.mark.parametrize("name", sorted(NGINX.request_headers))
def test_headers_of_nginxs_preset_are_in_the_document(name: str) -> None:
    """Those whose members have other names than nginx's own."""
    listed = ", ".join(f"`{path}`" for path in NGINX.request_headers[name])

    assert f"| `request_header.{name}` | {listed} |" in DOCUMENT
