"""The configuration: what it says, where it comes from, and every fault at once."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct

from shipper.config.schema import Key, keys, load_schema
from shipper.config.settings import Settings, SourceSettings
from shipper.errors import EXIT_CONFIG, ConfigError
from tests.support.certificates import CA_FILE, CLIENT_CERT
from tests.support.settings import KEY, SMALLEST, Desk

FULL = """\
state_dir = "/srv/state"
poll_interval = 2
watch = "poll"
on_state_error = "end"
shutdown_timeout = 1.5

[[source]]
paths = ["/logs/*.jsonl", "/logs/more.jsonl"]
format = "own"
read_from = "end"
[[source]]
paths = ["/other.jsonl"]

[readme]
endpoint = "https://relay.example.com/in"
development_mode = true
timeout = 10

[batch]
buffer_length = 1
flush_interval = 0
max_records = 7
max_bytes = 5000
max_in_flight = 2
background_worker_mode = false
workers = 3

[filter]
denylist = ["password"]
redaction = "remove"
allowlist = ["id"]
allowed_http_hosts = ["api.example.com"]
skip_methods = []
include_paths = ["/v1/**"]
exclude_paths = ["/healthz"]
include_statuses = ["2xx"]
exclude_statuses = ["204"]
include_content_types = ["text/*"]
exclude_content_types = ["image/*"]
sample_rate = 0.5
detectors = "redact"
detect = ["jwt"]

[identify]
unidentified = "drop"
lookup = "callers.json"
function_timeout = 0.5
mask = "hmac"
mask_key_file = "mask.key"
mask_short_keys = true
[[identify.rules]]
from = "header:X-Api-Key"
[[identify.rules]]
from = "bearer"

[network]
proxy = "http://me:pass@proxy.example:3128"
no_proxy = ["10.0.0.0/8"]
ca_file = "ca.pem"
client_cert = "client.pem"
client_key = "client.pem"
min_tls = "1.3"
source_address = "127.0.0.1"
allow_plain_http = true
[dead_letters]
max_bytes = 5
max_age_days = 2
keep_bytes = 100
[egress_log]
file = "egress.jsonl"
required = true
[heartbeat]
url = "https://monitor.example/ping/1?state=up"
interval = 90
[limits]
rate = "50/s"
bwlimit = "512k"
quiet_hours = ["22:00-06:00"]
timezone = "Europe/Berlin"
max_duration = 60
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A directory that stands for /etc/shipper, with the files that FULL names."""
    desk = Desk(tmp_path)
    desk.write("{}", "callers.json")
    desk.write("sixteen bytes!!!", "mask.key")
    desk.write(Path(CA_FILE).read_text(), "ca.pem")
    desk.write(Path(CLIENT_CERT).read_text(), "client.pem")
    return desk


def _default_at(path: tuple[str, ...], desk: Desk) -> Any:
    """Return what the settings hold for a key that nobody has set."""
    value: Any = desk.settings(SMALLEST)
    if path[0] == "source":
        value, path = value.sources[0], path[1:]
    for name in path:
        value = getattr(value, name)
    return list(value) if isinstance(value, tuple) else value


def test_paths_are_the_only_thing_that_must_be_said(desk: Desk) -> None:
    """Three lines and a key are a configuration."""
    settings = desk.settings(SMALLEST)

    assert settings.sources == (SourceSettings(("/var/log/myapi/exchanges.jsonl",)),)
    assert settings.readme.api_key == "rdme_test"


@pytest.mark.parametrize(
    "key",
    [
        key
        for key in keys(load_schema())
        if "default" in key.schema and key.dotted != "readme.api_key_file"
    ],
    ids=lambda key: key.dotted,
)
def test_the_schema_names_the_defaults_that_hold(key: Key, desk: Desk) -> None:
    """A reader of the schema is told the truth about every default."""
    assert _default_at(key.path, desk) == key.schema["default"]


def test_every_key_is_described() -> None:
    """No key joins the schema without a description and a unit."""
    bare = [
        key.dotted
        for key in keys(load_schema())
        if not key.schema.get("description") or not key.schema.get("unit")
    ]

    assert bare == []


def test_the_schema_is_a_schema() -> None:
    """The published file is valid draft 2020-12."""
    Draft202012Validator.check_schema(load_schema())


def test_every_setting_can_be_written(desk: Desk) -> None:
    """A file that sets everything away from its default changes every setting."""
    settings = desk.settings(FULL)
    unchanged = _unchanged(settings, desk.settings(SMALLEST))

    assert unchanged == {"api_key", "api_key_origin", "origin"}
    assert settings.identify.rules == ("header:X-Api-Key", "bearer")
    assert [source.read_from for source in settings.sources] == ["end", "beginning"]


def _unchanged(one: Any, other: Any) -> set[str]:
    """Return the names of the fields that are equal in two settings."""
    names: set[str] = set()
    for name in one.__struct_fields__:
        here, there = getattr(one, name), getattr(other, name)
        if isinstance(here, Struct):
            names |= _unchanged(here, there)
        elif here == there:
            names.add(name)
    return names


def test_numbers_come_in_the_type_that_is_promised(desk: Desk) -> None:
    """Seconds are floats and counts are ints, however TOML wrote them."""
    settings = desk.settings(
        "poll_interval = 2\n" + SMALLEST + "[batch]\nmax_records = 50.0\n"
    )

    assert isinstance(settings.poll_interval, float)
    assert isinstance(settings.batch.max_records, int)


def test_three_faults_are_told_at_once(desk: Desk) -> None:
    """A tired operator edits the file once, not three times."""
    faults = desk.faults(
        'state_dri = "/x"\n'
        "[[source]]\n"
        'paths = ["/logs/a.jsonl"]\n'
        "[batch]\n"
        'max_records = "many"\n'
        "[readme]\n"
        "timeout = 0\n"
    )

    assert faults == [
        'FILE:1: state_dri: there is no such key (did you mean "state_dir"?)',
        "FILE:5: batch.max_records: expected a whole number of records "
        'from 1 to 10000, found "many"',
        "FILE:7: readme.timeout: expected a number of seconds from 0.1 to 300, found 0",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "max_records = 5\n" + SMALLEST,
            "FILE:1: max_records: there is no such key "
            "(did you mean batch.max_records? check the [table] above this line)",
        ),
        (
            SMALLEST + "[Batch]\nmax_records = 5\n",
            'FILE:3: Batch: there is no such key (did you mean "batch"? '
            "keys are written in lower case)",
        ),
        (
            SMALLEST + '[readme]\napi_key = "rdme_secret"\n',
            "FILE:4: readme.api_key: there is no such key (the project key never "
            "stands in this file: put it into a file of its own and name that with "
            "readme.api_key_file)",
        ),
        (
            SMALLEST + "[readme]\nzzz = 1\n",
            "FILE:4: readme.zzz: there is no such key",
        ),
        (
            "[batch]\nmax_recrods = 5\n" + SMALLEST,
            "FILE:2: batch.max_recrods: there is no such key "
            '(did you mean "max_records"?)',
        ),
        (
            '[source]\npaths = ["/x"]\n',
            "FILE:1: source: expected a list of tables, found a table "
            "(write [[source]] with two brackets; in a variable, "
            '[{paths = ["/var/log/myapi/exchanges.jsonl"]}])',
        ),
        (
            '[[source]]\nformat = "own"\n',
            "FILE:1: source[0].paths: is missing: expected a list such as "
            '["/var/log/myapi/exchanges.jsonl"]',
        ),
        (
            "[[source]]\npaths = []\n",
            "FILE:2: source[0].paths: is empty: expected at least one",
        ),
        (
            '[[source]]\npaths = "/x"\n',
            "FILE:2: source[0].paths: expected a list such as "
            '["/var/log/myapi/exchanges.jsonl"], found "/x"',
        ),
        (
            '[[source]]\npaths = [\n  "/x",\n  7,\n]\n',
            "FILE:4: source[0].paths[1]: expected text, found 7",
        ),
        (
            'watch = "event"\n' + SMALLEST,
            'FILE:1: watch: expected "auto" or "events" or "poll", found "event" '
            '(did you mean "events"?)',
        ),
        (
            'state_dir = ""\n' + SMALLEST,
            "FILE:1: state_dir: is empty: expected text",
        ),
        (
            SMALLEST + '[readme]\nendpoint = ""\n',
            "FILE:4: readme.endpoint: is empty: expected text",
        ),
        (
            "poll_interval = nan\n" + SMALLEST,
            "FILE:1: poll_interval: expected a number, found nan",
        ),
        (
            "poll_interval = inf\n" + SMALLEST,
            "FILE:1: poll_interval: expected a number of seconds from 0.01 to 3600, "
            "found inf",
        ),
        (
            SMALLEST + "[batch]\nbackground_worker_mode = 1\n",
            "FILE:4: batch.background_worker_mode: expected true or false, found 1",
        ),
        (
            SMALLEST + "[batch]\nmax_bytes = true\n",
            "FILE:4: batch.max_bytes: expected a whole number of bytes from 1 to "
            "100000000, found true",
        ),
        (
            SMALLEST + "[readme]\ntimeout = 2026-11-23\n",
            "FILE:4: readme.timeout: expected a number of seconds from 0.1 to 300, "
            "found a date or time",
        ),
        (
            SMALLEST + f'[filter]\ndenylist = ["ssn", "{"x" * 1001}"]\n',
            "FILE:4: filter.denylist[1]: expected 1000 characters at most, found 1001",
        ),
        (
            SMALLEST + '[filter]\ndenylist = ["rdme_x", {}]\n',
            "FILE:4: filter.denylist[1]: expected text, found a table",
        ),
        (
            SMALLEST + '[filter]\nallowlist = ["a", "response.header."]\n',
            "FILE:4: filter.allowlist[1]: names nothing after the prefix, as "
            "header.NAME would",
        ),
        (
            SMALLEST + '[heartbeat]\nurl = "http://monitor.example/1"\n',
            "FILE:4: heartbeat.url: is http://, which would send the URL in clear "
            "(write https://, or allow it with network.allow_plain_http = true)",
        ),
        (
            SMALLEST + '[heartbeat]\nurl = "monitor.example"\n',
            "FILE:4: heartbeat.url: expected a URL such as "
            "https://monitor.example/ping/1234",
        ),
        (
            SMALLEST + "[network]\nverify = false\n",
            "FILE:4: network.verify: there is no such key",
        ),
        (
            SMALLEST + "[limits]\nrate = 0\n",
            "FILE:4: limits.rate: '0' is no rate such as 50/s or 3000/m",
        ),
        (
            SMALLEST + "[limits]\nrate = 2.5\n",
            'FILE:4: limits.rate: expected text such as "50/s" or a whole number, '
            "found 2.5",
        ),
        (
            SMALLEST + "[batch]\nmax_records = nan\n",
            "FILE:4: batch.max_records: expected a whole number of records from 1 to "
            "10000, found nan",
        ),
        (
            SMALLEST + '[limits]\nbwlimit = "08:00,512k 8:00,off"\n',
            "FILE:4: limits.bwlimit: '8:00,off' names a time that is named before",
        ),
        (
            SMALLEST + '[limits]\nquiet_hours = ["00:00-12:00", "12:00-24:00"]\n',
            "FILE:4: limits.quiet_hours: they leave no time to send",
        ),
        (
            SMALLEST + "[egress_log]\nrequired = true\n",
            "FILE:4: egress_log.required: no file is named that could be required "
            "(name it with egress_log.file)",
        ),
        (
            SMALLEST + '[filter]\nexclude_statuses = ["500-400"]\n',
            'FILE:4: filter.exclude_statuses[0]: "500-400": the range ends before it '
            "begins: 500 is more than 400",
        ),
        (
            SMALLEST + '[filter]\ninclude_statuses = ["2xx", "20x"]\n',
            'FILE:4: filter.include_statuses[1]: "20x": expected a status such as '
            '"404", "4xx" or "400-499"',
        ),
        (
            SMALLEST + '[filter]\nexclude_paths = ["admin/**"]\n',
            'FILE:4: filter.exclude_paths[0]: "admin/**": a path begins with / or '
            "with *",
        ),
        (
            SMALLEST + '[readme]\nMETRICS_API = "https://relay.example"\n',
            "FILE:4: readme.METRICS_API: there is no such key (it is called "
            "readme.endpoint; README_METRICS_SERVER holds too)",
        ),
        (
            SMALLEST + '[readme]\nLOGGER = "x"\n',
            "FILE:4: readme.LOGGER: there is no such key (the log goes to stderr: see "
            "shipper run --log-format)",
        ),
        (
            SMALLEST + '[filter]\nallowed_http_hosts = ["https://api.example.com"]\n',
            'FILE:4: filter.allowed_http_hosts[0]: "https://api.example.com": expected '
            'a host as it stands in a Host header, such as "api.example.com" or '
            '"localhost:8000"',
        ),
        (
            SMALLEST + '[filter]\nskip_methods = ["HEAD", "GET /"]\n',
            'FILE:4: filter.skip_methods[1]: "GET /": expected a method such as '
            '"OPTIONS"',
        ),
        (
            SMALLEST + '[filter]\nexclude_content_types = ["image"]\n',
            'FILE:4: filter.exclude_content_types[0]: "image": expected a content type '
            'such as "image/*" or "application/json"',
        ),
        (
            SMALLEST + "[filter]\nsample_rate = 10\n",
            "FILE:4: filter.sample_rate: expected a number of parts of the whole "
            "from 0 to 1, found 10",
        ),
        (
            SMALLEST + '[readme]\ntimeout = "rdme_secret"\n',
            "FILE:4: readme.timeout: expected a number of seconds from 0.1 to 300, "
            "found what looks like a project key (not shown)",
        ),
        (
            SMALLEST + '[readme]\nendpoint = "http://metrics.readme.io/v1/request"\n',
            "FILE:4: readme.endpoint: is http://, which would send records and key in "
            "clear (write https://, or allow it with network.allow_plain_http = true)",
        ),
        (
            SMALLEST + '[readme]\napi_key_file = "/nowhere/key"\n',
            "FILE:4: readme.api_key_file: /nowhere/key cannot be read: "
            "No such file or directory (write the key alone; ReadMe shows it under "
            "Configuration > API Keys)",
        ),
        (
            SMALLEST + "[batch]\ndevelopment = true\n",
            "FILE:4: batch.development: there is no such key "
            "(did you mean readme.development_mode?)",
        ),
        (
            "poll_interval = 1\n",
            "FILE: source: is missing: expected a list of tables (begin with "
            '[[source]] and paths = ["/var/log/myapi/exchanges.jsonl"])',
        ),
        (
            SMALLEST + '[identify]\nrules = "bearer"\n',
            "FILE:4: identify.rules: expected a list of tables, "
            'found "bearer" (write [[identify.rules]] with two brackets; in a '
            'variable, [{from = "bearer"}])',
        ),
        (
            SMALLEST + '[readme]\ntimeout = "' + "x" * 50 + '"\n',
            "FILE:4: readme.timeout: expected a number of seconds from 0.1 to 300, "
            'found "' + "x" * 40 + '..."',
        ),
        (
            "state_dir = []\n" + SMALLEST,
            "FILE:1: state_dir: expected text, found a list",
        ),
        (
            "batch = 3\n" + SMALLEST,
            "FILE:1: batch: expected a table, found 3",
        ),
    ],
)
def test_a_fault_says_where_what_and_how_to_mend_it(
    text: str, fault: str, desk: Desk
) -> None:
    """Each message has the line, the key, what was expected, and a way out."""
    assert desk.faults(text) == [fault]


def test_a_bad_rule_is_named(desk: Desk) -> None:
    """A rule that identification would not know is refused with its line."""
    (fault,) = desk.faults(SMALLEST + '[[identify.rules]]\nfrom = "headers:X"\n')

    assert fault.startswith("FILE:4: identify.rules[0].from: ")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            'mask = "hmac"\n',
            "FILE:5: identify.mask: hmac needs a key (name its file with "
            "identify.mask_key_file, the same as the writer's)",
        ),
        (
            'mask_key_file = "mask.key"\n',
            'FILE:5: identify.mask_key_file: the key is for mask = "hmac", and that is '
            'not set (set identify.mask = "hmac", or leave the key out)',
        ),
        (
            'lookup = "bad.csv"\n',
            "FILE:5: identify.lookup: DIRECTORY/bad.csv: the first line names no "
            "column key (expected the columns key, label, email and, if wanted, id)",
        ),
        (
            'mask = "hmac"\nmask_key_file = "short.key"\n',
            "FILE:6: identify.mask_key_file: DIRECTORY/short.key: it holds 1 bytes, "
            "expected at least 16 (make one with: head -c 32 /dev/urandom | base64)",
        ),
        (
            'rules = [{from = "bearer"}, {from = "no_owl:f"}]\n',
            "FILE:5: identify.rules[1].from: there is no module no_owl (it is looked "
            "for where Python looks, then beside the configuration file; the other "
            "kinds of rule are in docs/identity.md)",
        ),
    ],
)
def test_what_identify_names_has_to_be_usable(
    text: str, fault: str, desk: Desk
) -> None:
    """A table, a key and a function are looked at before the first record is."""
    desk.write("k\n", "short.key")
    desk.write("nothing\n", "bad.csv")

    (told,) = desk.faults(SMALLEST + f"\n[identify]\n{text}")

    assert told.replace(str(desk.directory), "DIRECTORY") == fault


def test_what_depends_on_the_machine_can_be_left_out(desk: Desk) -> None:
    """A check on another machine opens no table or map and imports no module."""
    path = desk.write(
        SMALLEST + '[identify]\nlookup = "none.csv"\nrules = [{from = "no_owl:f"}]\n'
        '[[source]]\npaths = ["/b"]\nformat = "nginx-json"\nmap = "none.toml"\n'
    )

    settings = desk.load(path, checks="file")

    assert settings.identify.lookup == str(desk.directory / "none.csv")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a = 1\nb = \n", r"FILE:2: is not TOML: invalid value \(.*\)"),
        (b"a = b\n", r"FILE:1: is not TOML: invalid value \(text is written .*"),
        (b"a = 1\na = 2\n", r"FILE:2: is not TOML: cannot overwrite a value"),
        (b"[a]\n[b]\n[a]\n", r"FILE:3: is not TOML: cannot declare \[a\] twice"),
        (b"[a.b]\n[a.b]\n", r"FILE:2: is not TOML: cannot declare \[a\.b\] twice"),
        (b'a = "', r"FILE:1: is not TOML: .*"),
        (b"a = 1\nb = '\xff'\n", r"FILE:2: is not UTF-8, and TOML must be"),
        (b"#" * 1_048_577, r"FILE: is over 1 MiB: not a configuration"),
    ],
)
def test_a_file_that_is_not_toml_is_told_with_its_line(
    content: bytes, fault: str, desk: Desk
) -> None:
    """Syntax is one fault: nothing after it could be trusted."""
    path = desk.directory / "config.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        desk.load(path)

    (found,) = caught.value.faults
    assert re.fullmatch(fault, str(found).replace(str(path), "FILE"))


def test_a_byte_order_mark_and_dos_line_ends_are_no_fault(desk: Desk) -> None:
    """A file from a Windows editor reads like any other, lines included."""
    path = desk.directory / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode())

    assert desk.load(path).sources[0].paths == ("/var/log/myapi/exchanges.jsonl",)


def test_a_missing_file_is_named(desk: Desk) -> None:
    """The path that was asked for stands in the message."""
    with pytest.raises(ConfigError) as caught:
        desk.load(desk.directory / "none.toml")

    assert str(caught.value) == (
        f"{desk.directory}/none.toml: cannot be read: No such file or directory "
        "(name the file itself with --config FILE or SHIPPER_CONFIG)"
    )
    assert caught.value.exit_code == EXIT_CONFIG


def test_without_any_file_the_places_are_named(desk: Desk) -> None:
    """An operator learns where a file would have been found."""
    with pytest.raises(ConfigError) as caught:
        desk.load(None, {"XDG_CONFIG_HOME": "/home/owl/.config"}, is_root=False)

    assert "/home/owl/.config/shipper/config.toml" in str(caught.value)
    assert f"{desk.directory}/config.toml" in str(caught.value)
    assert "--config FILE or SHIPPER_CONFIG" in str(caught.value)


def _file_with(desk: Desk, name: str) -> Path:
    """Write a configuration that can be told from others by its state_dir."""
    path = desk.directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'state_dir = "/{name}"\n{SMALLEST}')
    return path


def test_one_file_wins_and_none_are_merged(desk: Desk) -> None:
    """The flag wins over SHIPPER_CONFIG, that over XDG, that over the system's."""
    _file_with(desk, "config.toml")
    home = {**KEY, "XDG_CONFIG_HOME": str(desk.directory / "home")}
    _file_with(desk, "home/shipper/config.toml")
    named = {**home, "SHIPPER_CONFIG": str(_file_with(desk, "named.toml"))}
    given = _file_with(desk, "given.toml")

    assert desk.load(given, named, is_root=False).state_dir == "/given.toml"
    assert desk.load(None, named, is_root=False).state_dir == "/named.toml"
    assert desk.load(None, home, is_root=False).state_dir == "/home/shipper/config.toml"
    assert desk.load(None, home, is_root=True).state_dir == "/config.toml"


def test_variables_are_laid_over_the_file(desk: Desk) -> None:
    """A variable wins over the file, in TOML's types, at any level."""
    settings = desk.settings(
        FULL,
        {
            **KEY,
            "SHIPPER_STATE_DIR": "/from/env",
            "SHIPPER_POLL_INTERVAL": "0.5",
            "SHIPPER_BATCH__MAX_RECORDS": "200",
            "SHIPPER_BATCH__BACKGROUND_WORKER_MODE": "true",
            "SHIPPER_FILTER__DENYLIST": '["a", "b"]',
            "SHIPPER_IDENTIFY__RULES": '[{from = "basic-user"}]',
            "SHIPPER_SOURCE": '[{paths = ["/env.jsonl"]}]',
        },
    )

    assert settings.state_dir == "/from/env"
    assert settings.poll_interval == 0.5
    assert settings.batch.max_records == 200
    assert settings.batch.background_worker_mode is True
    assert settings.filter.denylist == ("a", "b")
    assert settings.identify.rules == ("basic-user",)
    assert settings.sources == (SourceSettings(("/env.jsonl",)),)


def test_variables_alone_are_a_configuration(desk: Desk) -> None:
    """A container needs no file."""
    settings = desk.load(None, {**KEY, "SHIPPER_SOURCE": '[{paths = ["/a.jsonl"]}]'})

    assert settings.sources[0].paths == ("/a.jsonl",)
    assert settings.origin is None


def test_text_stays_text_in_a_variable(desk: Desk) -> None:
    """A directory called 2026 is no number, and a second line is no second key."""
    year = desk.settings(SMALLEST, {**KEY, "SHIPPER_STATE_DIR": "2026"})
    quoted = desk.settings(SMALLEST, {**KEY, "SHIPPER_STATE_DIR": '"/quoted"'})
    smuggled = desk.faults(SMALLEST, {**KEY, "SHIPPER_POLL_INTERVAL": "1\nwatch = 'x'"})

    assert year.state_dir == os.path.abspath("2026")
    assert quoted.state_dir == "/quoted"
    assert len(smuggled) == 1


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        (
            "SHIPPER_BATCH__MAX_RECORDS",
            "lots",
            "SHIPPER_BATCH__MAX_RECORDS: batch.max_records: expected a whole number "
            'of records from 1 to 10000, found "lots"',
        ),
        (
            "SHIPPER_BATCH__MAX_RECORD",
            "5",
            "SHIPPER_BATCH__MAX_RECORD: there is no such variable "
            "(did you mean SHIPPER_BATCH__MAX_RECORDS?)",
        ),
        (
            "SHIPPER_STATEDIR",
            "/x",
            "SHIPPER_STATEDIR: there is no such variable "
            "(did you mean SHIPPER_STATE_DIR?)",
        ),
        (
            "SHIPPER_SOURCE",
            '[{paths = ["/a.jsonl"], form = "own"}]',
            "SHIPPER_SOURCE: source[0].form: there is no such key "
            '(did you mean "format"?)',
        ),
        (
            "SHIPPER_README__X",
            "5",
            "SHIPPER_README__X: there is no such variable",
        ),
        (
            "SHIPPER_NETWRK__CA",
            "5",
            "SHIPPER_NETWRK__CA: there is no such variable",
        ),
        (
            "SHIPPER_BACH__MAX_RECRD",
            "5",
            "SHIPPER_BACH__MAX_RECRD: there is no such variable "
            "(did you mean SHIPPER_BATCH__MAX_RECORDS?)",
        ),
        (
            "README_METRICS_SERVER",
            "http://elsewhere.example.com",
            "README_METRICS_SERVER: readme.endpoint: is http://, which would send "
            "records and key in clear (write https://, or allow it with "
            "network.allow_plain_http = true)",
        ),
        (
            "README_METRICS_SERVER",
            "localhost:8000",
            "README_METRICS_SERVER: readme.endpoint: expected a URL such as "
            "https://metrics.readme.io/v1/request",
        ),
    ],
)
def test_a_fault_in_a_variable_names_the_variable(
    name: str, value: str, fault: str, desk: Desk
) -> None:
    """The place of a fault is where somebody wrote it."""
    assert desk.faults(SMALLEST, {**KEY, name: value}) == [fault]


def test_variables_of_other_programs_are_left_alone(desk: Desk) -> None:
    """Kubernetes' variables for a service called shipper are no fault."""
    strange = {"SHIPPER_SERVICE_HOST": "10.0.0.1", "SHIPPER_PORT": "tcp://10.0.0.1:80"}

    assert desk.faults(SMALLEST, {**KEY, **strange}) == []


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({}, "https://relay.example.com/in"),
        (
            {"README_METRICS_SERVER": "https://m.example.com:8443/prefix?x=1"},
            "https://m.example.com:8443/v1/request",
        ),
        (
            {
                "README_METRICS_SERVER": "https://m.example.com",
                "SHIPPER_README__ENDPOINT": "https://ours.example.com",
            },
            "https://ours.example.com/v1/request",
        ),
        ({"README_METRICS_SERVER": " "}, "https://relay.example.com/in"),
    ],
)
def test_the_vendor_variable_gives_the_server_and_keeps_the_path(
    environ: dict[str, str], endpoint: str, desk: Desk
) -> None:
    """README_METRICS_SERVER wins over the file, and our own variable over both."""
    text = SMALLEST + '[readme]\nendpoint = "https://relay.example.com/in"\n'

    assert desk.settings(text, {**KEY, **environ}).readme.endpoint == endpoint


def test_relative_paths_start_at_the_file(desk: Desk) -> None:
    """Under cron and systemd the current directory is a surprise."""
    settings = desk.settings('state_dir = "st"\n[[source]]\npaths = ["logs/*.jsonl"]\n')

    assert settings.state_dir == f"{desk.directory}/st"
    assert settings.sources[0].paths == (f"{desk.directory}/logs/*.jsonl",)


def test_the_key_is_read_from_the_file_that_is_named(desk: Desk) -> None:
    """A named file wins over the environment; its path starts at the configuration."""
    desk.write("rdme_from_file\n", "my-key")

    settings = desk.settings(SMALLEST + '[readme]\napi_key_file = "my-key"\n')

    assert settings.readme.api_key == "rdme_from_file"
    assert settings.readme.api_key_origin == f"{desk.directory}/my-key"


def test_the_key_is_not_looked_for_when_only_the_file_is_judged(desk: Desk) -> None:
    """A configuration can be checked on a machine that has no key."""
    settings = desk.load(desk.write(SMALLEST), {}, checks="file")

    assert settings.readme.api_key == ""


def test_a_missing_key_is_a_fault_beside_the_others(desk: Desk) -> None:
    """The fault says where a key may be put."""
    faults = desk.faults("wacht = 1\n" + SMALLEST, {})

    assert len(faults) == 2
    assert f"write it into {desk.directory}/readme-api-key" in faults[1]
    assert "README_API_KEY" in faults[1]


def test_the_key_is_not_shown_by_accident(desk: Desk) -> None:
    """Settings in a traceback or a log do not hold the key."""
    settings: Settings = desk.settings(SMALLEST)

    assert "rdme_test" not in repr(settings)


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (".", "is no plain file"),
        ("missing/egress.jsonl", "has no directory to stand in"),
        ("sealed/egress.jsonl", None),
        ("egress.jsonl", None),
    ],
)
def test_an_egress_log_that_cannot_be_written_is_told(
    file: str, problem: str | None, desk: Desk
) -> None:
    """Before the first record is sent without it, or held because of it."""
    (desk.directory / "sealed").mkdir()
    text = f'state_dir = "st"\n{SMALLEST}[egress_log]\nfile = "{file}"\n'

    told = []
    try:
        desk.load(desk.write(text), checks="machine")
    except ConfigError as error:
        told = [
            (fault.key, fault.problem.rpartition(": ")[2]) for fault in error.faults
        ]

    assert told == ([] if problem is None else [("egress_log.file", problem)])


def test_a_machine_that_cannot_do_it_is_told(desk: Desk) -> None:
    """`validate` finds a state directory and a source that cannot be what they are."""
    desk.write("", "plain-file")
    text = (
        f'state_dir = "{desk.directory}/plain-file/state"\n[[source]]\npaths = ["."]\n'
    )

    with pytest.raises(ConfigError) as caught:
        desk.load(desk.write(text), checks="machine")

    state, source = caught.value.faults
    assert (state.key, source.key) == ("state_dir", "source[0].paths[0]")
    assert "plain-file is not a directory" in state.problem
    assert "is a directory, expected a file" in source.problem


def test_a_log_that_is_the_output_of_its_program_is_told(desk: Desk) -> None:
    """Images link the log to /dev/stdout, from which nothing can ever be read."""
    (desk.directory / "access.log").symlink_to("/dev/null")
    text = 'state_dir = "state"\n[[source]]\npaths = ["access.log"]\n'

    with pytest.raises(ConfigError) as caught:
        desk.load(desk.write(text), KEY, checks="machine")

    (fault,) = caught.value.faults
    assert fault.key == "source[0].paths[0]"
    assert "is no plain file" in fault.problem


def test_a_path_with_a_nul_is_told_beside_the_other_faults(desk: Desk) -> None:
    """No system call takes one, so none is made."""
    path = desk.write(
        'state_dir = "a\\u0000"\nwatch = "x"\n[[source]]\npaths = ["b\\u0000"]\n'
        '[egress_log]\nfile = "c\\u0000"\n[identify]\nlookup = "d\\u0000"\n'
        '[network]\nca_file = "e\\u0000"\n[readme]\napi_key_file = "f\\u0000"\n'
    )

    with pytest.raises(ConfigError) as caught:
        desk.load(path, checks="machine")

    faults = caught.value.faults
    assert [fault.key for fault in faults] == [
        "state_dir",
        "watch",
        "source[0].paths[0]",
        "egress_log.file",
        "identify.lookup",
        "network.ca_file",
        "readme.api_key_file",
    ]
    assert {fault.problem for fault in faults if fault.key != "watch"} == {
        "holds a NUL, which no path and no name can"
    }


def test_an_address_of_another_machine_is_told(desk: Desk) -> None:
    """No connection could start from it; elsewhere it may be the right one."""
    text = SMALLEST + '[network]\nsource_address = "192.0.2.7"\n'
    path = desk.write(text)

    with pytest.raises(ConfigError) as caught:
        desk.load(path, checks="machine")

    (fault,) = (one for one in caught.value.faults if one.key != "state_dir")
    assert fault.key == "network.source_address"
    assert fault.problem == "192.0.2.7 is no address of this machine"
    assert desk.settings(text).network.source_address == "192.0.2.7"


def test_a_log_in_a_closed_directory_is_told(desk: Desk) -> None:
    """Nothing is seen of it, and that is another thing than not there yet."""
    closed = desk.directory / "closed"
    (closed / "logs").mkdir(parents=True)
    text = (
        '[[source]]\npaths = ["closed/a.jsonl", "closed/*.jsonl",\n'
        '"closed/logs/a.jsonl", "open/*.jsonl"]\n'
    )
    path = desk.write(text)
    closed.chmod(0)
    if os.access(closed, os.R_OK):
        pytest.skip("this user may read everything")

    with pytest.raises(ConfigError) as caught:
        desk.load(path, checks="machine")

    closed.chmod(0o700)
    assert [(fault.key, fault.problem) for fault in caught.value.faults] == [
        ("source[0].paths[0]", f"{closed} is closed to this user"),
        ("source[0].paths[1]", f"{closed} is closed to this user"),
        ("source[0].paths[2]", f"{closed} is closed to this user"),
    ]


def test_faults_of_one_line_are_told_in_the_order_of_the_line(desk: Desk) -> None:
    """The tenth element comes after the second, as it is read."""
    names = ["a"] * 2 + ["*"] + ["a"] * 7 + ["*"]
    faults = desk.faults(f"{SMALLEST}[filter]\ndenylist = {json.dumps(names)}\n")

    assert [fault.split(": ")[1] for fault in faults] == [
        "filter.denylist[2]",
        "filter.denylist[10]",
    ]


def test_what_the_schema_refuses_is_not_looked_for(desk: Desk) -> None:
    """A state_dir that is no text is one fault, not two."""
    with pytest.raises(ConfigError) as caught:
        desk.load(desk.write("state_dir = 5\n" + SMALLEST), checks="machine")

    assert [fault.key for fault in caught.value.faults] == ["state_dir"]


def test_a_variable_for_a_table_that_is_none_is_no_second_fault(desk: Desk) -> None:
    """Where the file has no table, the variable has nothing to replace."""
    faults = desk.faults(
        "batch = 3\n" + SMALLEST, {**KEY, "SHIPPER_BATCH__MAX_BYTES": "9"}
    )

    assert faults == ["FILE:1: batch: expected a table, found 3"]


def test_a_file_that_breaks_the_parser_is_a_fault(desk: Desk) -> None:
    """Whatever is wrong with a file, the message names the file."""
    (fault,) = desk.faults("a = " + "[" * 5000)

    assert fault.startswith("FILE")
    assert "is not TOML" in fault


def test_files_that_are_not_there_yet_are_no_fault(desk: Desk) -> None:
    """The shipper may be started before the app has written anything."""
    text = 'state_dir = "new/state"\n[[source]]\npaths = ["log/a.jsonl", "b*.jsonl"]\n'

    assert desk.load(desk.write(text), checks="machine").state_dir.endswith("new/state")


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (
            'proxy = "socks5://me:secret@proxy.example:1080"',
            "FILE:4: network.proxy: socks5:// proxies are not supported",
        ),
        (
            'proxy = "http://me:sec/ret@proxy.example"',
            "FILE:4: network.proxy: is not the URL of a proxy (in user and password, "
            "write # as %23, / as %2F, ? as %3F, [ as %5B)",
        ),
        (
            'proxy = "http://pro xy.example:3128"',
            "FILE:4: network.proxy: is not the URL of a proxy",
        ),
        (
            'proxy = "http://proxy.example\\n:3128"',
            "FILE:4: network.proxy: is not the URL of a proxy",
        ),
        (
            'no_proxy = [" "]',
            'FILE:4: network.no_proxy[0]: " " is no name, address or range, alone or '
            "with :PORT",
        ),
        (
            'ca_file = "missing.pem"',
            "FILE:4: network.ca_file: DIRECTORY/missing.pem cannot be used: No such "
            "file or directory",
        ),
        (
            'client_cert = "mask.key"',
            "FILE:4: network.client_cert: DIRECTORY/mask.key cannot be used: does not "
            "hold what it should (it takes PEM: BEGIN CERTIFICATE, and a PRIVATE KEY "
            "without passphrase)",
        ),
        (
            'client_key = "client.pem"',
            "FILE:4: network.client_key: the key is of a certificate, and none is "
            "given (name it with network.client_cert)",
        ),
        (
            'source_address = "eth0"',
            "FILE:4: network.source_address: 'eth0' is no address of this machine "
            "(expected an IP address such as 192.0.2.7)",
        ),
        (
            'min_tls = "1.1"',
            'FILE:4: network.min_tls: expected "1.2" or "1.3", found "1.1" '
            '(did you mean "1.3"?)',
        ),
    ],
)
def test_a_way_that_cannot_be_gone_is_told(table: str, fault: str, desk: Desk) -> None:
    """Line, reason and mend, and never the password of a proxy."""
    faults = desk.faults(f"{SMALLEST}[network]\n{table}\n", KEY)

    assert [one.replace(str(desk.directory), "DIRECTORY") for one in faults] == [fault]
    assert "secret" not in str(faults)


def test_limits_that_cannot_be_read_are_named_together(desk: Desk) -> None:
    """Each with its line and what was expected; nothing is sent without a limit."""
    text = SMALLEST + (
        '[limits]\nrate = "fast"\nbwlimit = "08:00,512k 25:00,off"\n'
        'quiet_hours = ["22-6", "00:00-24:00"]\ntimezone = "Mars"\n'
    )

    assert desk.faults(text) == [
        "FILE:4: limits.rate: 'fast' is no rate such as 50/s or 3000/m",
        "FILE:5: limits.bwlimit: '25:00' is no time of the day such as 08:00",
        "FILE:6: limits.quiet_hours[0]: '22-6' is no span of hours such as 22:00-06:00",
        "FILE:6: limits.quiet_hours[1]: '00:00-24:00' leaves no time to send",
        'FILE:7: limits.timezone: there is no time zone "Mars" '
        "(Debian: apt install tzdata, if the name is right)",
    ]


@pytest.mark.parametrize("number", ["0", "0.0", "-1.0"])
def test_a_limit_that_is_nothing_is_told_however_it_is_written(
    number: str, desk: Desk
) -> None:
    """To TOML 0.0 is another number than 0, and to a schema the same."""
    faults = desk.faults(f"{SMALLEST}[limits]\nrate = {number}\nbwlimit = {number}\n")

    assert [fault.split(": ")[1] for fault in faults] == [
        "limits.rate",
        "limits.bwlimit",
    ]


def test_nothing_hides_what_is_wrong_with_the_way(desk: Desk) -> None:
    """An endpoint, a proxy and three files: whoever mends one finds no other after."""
    faults = desk.faults(
        SMALLEST + '[readme]\nendpoint = "http://u:sekret@h.example/"\n[network]\n'
        'proxy = "http://proxy.example/a"\nno_proxy = ["1.2.3.4/99", "10.0.0.0/8"]\n'
        'ca_file = "none.pem"\nclient_cert = "none.pem"\nclient_key = "none.key"\n'
        "min_tls = []\n"
    )
    missing = "cannot be used: No such file or directory"
    directory = desk.directory

    assert faults == [
        "FILE:4: readme.endpoint: must not hold a user name or password",
        "FILE:6: network.proxy: expected a URL such as http://proxy.example:3128",
        'FILE:7: network.no_proxy[0]: "1.2.3.4/99" is no range of addresses such as '
        "10.0.0.0/8",
        f"FILE:8: network.ca_file: {directory}/none.pem {missing}",
        f"FILE:9: network.client_cert: {directory}/none.pem {missing}",
        f"FILE:10: network.client_key: {directory}/none.key {missing}",
        'FILE:11: network.min_tls: expected "1.2" or "1.3", found a list',
    ]


def test_how_a_proxy_is_written_is_judged_on_any_machine(desk: Desk) -> None:
    """A check on another machine finds what no machine could use."""
    path = desk.write(
        SMALLEST + '[network]\nproxy = "http://user:sekret@"\n'
        'no_proxy = ["a.example, b.example", "http://c.example", "d.example:"]\n'
        '[limits]\ntimezone = ""\n'
    )
    with pytest.raises(ConfigError) as caught:
        desk.load(path, {}, checks="file")

    assert [fault.key for fault in caught.value.faults] == [
        "network.proxy",
        "network.no_proxy[0]",
        "network.no_proxy[1]",
        "network.no_proxy[2]",
    ]
    assert "sekret" not in str(caught.value)


@pytest.mark.parametrize("written", ["7", "[]", '""'])
def test_a_key_file_that_is_no_text_is_one_fault(written: str, desk: Desk) -> None:
    """That no key was found follows from it, and mends nothing."""
    (fault,) = desk.faults(f"{SMALLEST}[readme]\napi_key_file = {written}\n", {})

    assert fault.startswith("FILE:4: readme.api_key_file: ")


def test_a_log_that_is_named_twice_is_told(desk: Desk) -> None:
    """It could be read in one way only; patterns that overlap are not compared."""
    faults = desk.faults(
        '[[source]]\npaths = ["/log/a.jsonl", "/log/*.jsonl", "b.jsonl"]\n'
        f'[[source]]\npaths = [\n"/log/c*.jsonl",\n"/log/../log/a.jsonl",\n'
        f'"{desk.directory}/b.jsonl",\n"/log/*.jsonl"]\n'
    )
    hint = "(name a log in one [[source]] only: it is read in one way)"

    assert faults == [
        f"FILE:6: source[1].paths[1]: source[0] has this path already {hint}",
        f"FILE:7: source[1].paths[2]: source[0] has this path already {hint}",
        f"FILE:8: source[1].paths[3]: source[0] has this path already {hint}",
    ]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("/log/*.jsonl", "/log/egress.jsonl"),
        ("/log/egress.jsonl", "/log/egress.jsonl"),
        ("/**/*.jsonl", "/log/egress.jsonl"),
        ("/log/*.1", "/log/egress.jsonl.1"),
        ("/log/*-2*[0-9]", "/log/egress.jsonl-20260101"),
        ("/srv/state/*", "/srv/state/state.sqlite3"),
        ("/srv/*/lock", "/srv/state/lock"),
        ("/log/other.jsonl", None),
        ("/log/a*.jsonl", None),
        ("/srv/*", None),
    ],
)
def test_what_the_shipper_itself_writes_is_not_followed(
    pattern: str, matched: str | None, desk: Desk
) -> None:
    """Neither the egress log, under any of its names, nor the state."""
    text = f'''state_dir = "/srv/state"
[egress_log]
file = "/log/egress.jsonl"
[[source]]
paths = ["/app.jsonl", "{pattern}"]
'''
    if matched is None:
        assert desk.settings(text, KEY).sources[0].paths[1] == pattern
        return
    what = "egress log" if "egress" in matched else "state"
    place = "egress_log.file" if "egress" in matched else "state_dir"

    assert desk.faults(text) == [
        f"FILE:5: source[0].paths[1]: it matches {matched}, the shipper's own {what}: "
        "it would read what it writes "
        f"(make the pattern narrower, or name another place with {place})"
    ]


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ("[limits]\nrate = 50\nbwlimit = 1000\n", {}),
        ("", {"SHIPPER_LIMITS__RATE": "50", "SHIPPER_LIMITS__BWLIMIT": "1000"}),
    ],
)
def test_a_limit_may_be_a_bare_number(
    text: str, environ: dict[str, str], desk: Desk
) -> None:
    """Records or bytes a second, and no quotes around them."""
    limits = desk.settings(SMALLEST + text, {**KEY, **environ}).limits

    assert (limits.rate, limits.bwlimit) == ("50", "1000")
