"""What a `[[source]]` may say of another program's log, and what it must."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.config.field_map import MAX_MAP_BYTES, read_field_map
from shipper.config.schema import keys, load_schema
from shipper.config.settings import SourceSettings
from shipper.errors import ConfigError
from shipper.formats import FORMATS
from shipper.ways import ways_of
from tests.support.settings import SMALLEST, Desk

COMBINED = '[[source]]\npaths = ["/a.log"]\nformat = "combined"\n'
BY_ADDRESS = 'identity = "client-ip"\n'
NGINX = '[[source]]\npaths = ["/b.log"]\nformat = "nginx-json"\n' + BY_ADDRESS
MORE_NGINX = NGINX.replace("/b.log", "/more.log")
HAPROXY = '[[source]]\npaths = ["/c.log"]\nformat = "haproxy"\n' + BY_ADDRESS


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A directory that stands for /etc/shipper."""
    return Desk(tmp_path)


def test_the_formats_are_those_of_the_table() -> None:
    """All that read lines, in its order; a document cannot be followed."""
    (key,) = [key for key in keys(load_schema()) if key.dotted == "source.format"]

    assert key.schema["enum"] == [
        format_.name for format_ in FORMATS.values() if not format_.is_document
    ]


def test_all_that_is_said_is_kept(desk: Desk) -> None:
    """Paths start at the file's directory."""
    (tmp := desk.directory).joinpath("map.toml").write_text('user = "who"\n')
    settings = desk.settings(
        COMBINED
        + BY_ADDRESS
        + 'base_url = "https://api.example.com:8443"\ntimezone = "Europe/Berlin"\n'
        + 'wrapper = "docker"\n'
        + NGINX
        + 'fields = {start_time_us = "t", "request_header.X-Api-Key" = "key"}\n'
        + MORE_NGINX
        + 'map = "map.toml"\n'
    )

    assert settings.sources == (
        SourceSettings(
            ("/a.log",),
            "combined",
            base_url="https://api.example.com:8443",
            identity="client-ip",
            timezone="Europe/Berlin",
            wrapper="docker",
        ),
        SourceSettings(
            ("/b.log",),
            "nginx-json",
            identity="client-ip",
            fields={"start_time_us": "t", "request_header.X-Api-Key": "key"},
        ),
        SourceSettings(
            ("/more.log",),
            "nginx-json",
            identity="client-ip",
            map=str(tmp / "map.toml"),
        ),
    )


@pytest.mark.parametrize(
    "more",
    [
        '[[identify.rules]]\nfrom = "basic-user"\n',
        '[identify]\nlookup = "callers.csv"\n',
    ],
)
def test_a_general_rule_is_a_rule(desk: Desk, more: str) -> None:
    """The source needs none of its own then."""
    desk.write("key,label\nowl,Owl\n", "callers.csv")

    assert desk.settings(COMBINED + more).sources[0].identity == ""


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            COMBINED.replace("combined", "har") + BY_ADDRESS,
            ["a HAR file is one document and not lines: shipper backfill sends it)"],
        ),
        (
            COMBINED.replace("combined", "auto") + BY_ADDRESS,
            ["shipper backfill --dry-run FILE says which format it is"],
        ),
        (
            COMBINED.replace("combined", "combine") + BY_ADDRESS,
            ['found "combine" (did you mean "combined"?)'],
        ),
        (
            COMBINED.replace("combined", "combine")
            + 'base_url = "api"\nidentity = "nobody"\ntimezone = "Mars"\n',
            [
                "FILE:3: source[0].format: expected ",
                "FILE:4: source[0].base_url: expected http:// or https:// and a host",
                "FILE:5: source[0].identity: expected one of ",
                'FILE:6: source[0].timezone: there is no time zone "Mars"',
            ],
        ),
        (
            COMBINED,
            [
                "FILE:1: source[0].identity: is missing: a log of another program "
                "names no caller, and there is no rule for callers (give it one, as "
                'in identity = "client-ip", or [[identify.rules]])'
            ],
        ),
        (
            COMBINED + 'identity = "client_ip"\n',
            ["FILE:4: source[0].identity: expected one of "],
        ),
        (
            COMBINED + BY_ADDRESS + 'base_url = "https://api.example.com/v1"\n',
            [
                "FILE:5: source[0].base_url: expected http:// or https:// and a host, "
                "perhaps with a port, and no path"
            ],
        ),
        (
            COMBINED + BY_ADDRESS + 'timezone = "Europe/Berlim"\n',
            ['FILE:5: source[0].timezone: there is no time zone "Europe/Berlim"'],
        ),
        (
            COMBINED + BY_ADDRESS + 'timezone = "../etc"\n',
            ['FILE:5: source[0].timezone: there is no time zone "../etc"'],
        ),
        (
            COMBINED + BY_ADDRESS + 'timezone = "Europe"\n',
            ['FILE:5: source[0].timezone: there is no time zone "Europe"'],
        ),
        (
            HAPROXY,
            [
                "FILE:1: source[0].timezone: is missing: the stamps of haproxy name "
                "no time zone"
            ],
        ),
        (
            COMBINED + BY_ADDRESS + 'map = "m.toml"\nfields = {user = "u"}\n',
            [
                "FILE:5: source[0].map: the format combined has no field map",
                "FILE:6: source[0].fields: the format combined has no field map",
            ],
        ),
        (
            NGINX + "fields = 7\n",
            ["FILE:5: source[0].fields: expected a table, found 7"],
        ),
        (
            NGINX + '[source.fields]\nstart_tim = "t"\nuser = 7\n',
            [
                "FILE:6: source[0].fields.start_tim: there is no such field (did you "
                "mean start_time?)",
                "FILE:7: source[0].fields.user: it is no text",
            ],
        ),
        (
            NGINX + 'map = "map.toml"\n',
            ["map.toml:2: start_tim: there is no such field"],
        ),
        (
            NGINX + 'map = "none.toml"\n',
            ["FILE:5: source[0].map: "],
        ),
        (
            NGINX + 'fields = {user = "u"}\nmap = "good.toml"\n',
            ["FILE:6: source[0].map: there are fields already (keep one of the two)"],
        ),
        (
            COMBINED.replace("combined", "w3c") + BY_ADDRESS + 'wrapper = "cri"\n',
            ["FILE:5: source[0].wrapper: w3c logs are files of their own"],
        ),
        (
            SMALLEST + 'wrapper = "none"\nbase_url = "https://a.example"\n',
            [
                "FILE:3: source[0].wrapper: is for logs of other programs, and this "
                'one is our own (say whose it is, as in format = "combined")',
                "FILE:4: source[0].base_url: is for logs of other programs",
            ],
        ),
        (
            COMBINED + 'identity = "no_such_module_of_owls:owl"\n',
            ["FILE:4: source[0].identity: "],
        ),
    ],
)
def test_what_cannot_be_followed_is_told(
    desk: Desk, text: str, faults: list[str]
) -> None:
    """With the line it stands on, all of it at once."""
    desk.write('user = "who"\nstart_tim = "t"\n', "map.toml")
    desk.write('user = "who"\n', "good.toml")
    told = desk.faults(text)

    assert len(told) == len(faults)
    assert [
        part for part, whole in zip(faults, told, strict=True) if part in whole
    ] == (faults)


def test_defaults_that_are_written_out_are_no_fault(desk: Desk) -> None:
    """A table with every key in it, as configuration.md lists them, is our own log."""
    written = (
        'base_url = ""\nidentity = ""\ntimezone = ""\nfields = {}\nmap = ""\n'
        'wrapper = "auto"\n'
    )

    assert desk.faults(SMALLEST + written) == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"user", "is not TOML: "),
        (b'user = "\xff"', "is not UTF-8"),
        (b"#" * (MAX_MAP_BYTES + 1), "is over 64 KiB: not a field map"),
        (b'user = ""', ":1: user: it is empty"),
    ],
)
def test_a_file_that_is_no_field_map_is_told(
    tmp_path: Path, content: bytes, fault: str
) -> None:
    """With its name, and the line where there is one."""
    path = tmp_path / "map.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        read_field_map(str(path))
    assert fault in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_field_map_may_be_json(tmp_path: Path) -> None:
    """If its name says so."""
    path = tmp_path / "map.json"
    path.write_text('{"user": "who"}')
    assert read_field_map(str(path)) == {"user": "who"}
    for text, fault in (
        ("user", "is not JSON: "),
        ("[]", "expected names and members"),
        ('{"user": 7}', "map.json: user: it is no text"),
    ):
        path.write_text(text)

        with pytest.raises(ConfigError, match=fault):
            read_field_map(str(path))


def test_a_field_map_may_come_from_windows(tmp_path: Path) -> None:
    """A byte order mark and carriage returns are no part of it."""
    path = tmp_path / "map.toml"
    path.write_bytes(b'\xef\xbb\xbfuser = "who"\r\n"request_header.A" = "a"\r\n')

    assert read_field_map(str(path)) == {"user": "who", "request_header.A": "a"}


def test_every_foreign_source_has_a_way(desk: Desk) -> None:
    """Its zone, its fields and its wrapper; our own format has none."""
    desk.write('user = "who"\n', "map.toml")
    ways = ways_of(
        desk.settings(
            SMALLEST
            + HAPROXY
            + 'timezone = "Europe/Berlin"\nwrapper = "none"\n'
            + NGINX
            + 'map = "map.toml"\n'
            + MORE_NGINX
        )
    )

    assert ways[0] is None
    found = [way for way in ways if way is not None]
    assert [way.format.name for way in found] == ["haproxy", "nginx-json", "nginx-json"]
    assert str(found[0].hints.zone) == "Europe/Berlin"
    assert [way.hints.fields for way in found] == [None, {"user": "who"}, None]
    assert [way.wrapper for way in found] == ["none", "auto", "auto"]


def test_without_a_foreign_source_there_is_nothing_to_build(desk: Desk) -> None:
    """Not even the key of the masks is read."""
    assert ways_of(desk.settings(SMALLEST)) == (None,)


def test_a_key_of_the_masks_that_cannot_be_read_is_told(desk: Desk) -> None:
    """It may be gone since the configuration was checked."""
    key = desk.write("sixteen bytes!!!", "mask.key")
    settings = desk.settings(
        COMBINED
        + BY_ADDRESS
        + '[identify]\nmask = "hmac"\nmask_key_file = "mask.key"\n'
    )
    key.unlink()

    with pytest.raises(ConfigError, match="mask_key_file"):
        ways_of(settings)
