"""Files named to those who only look: read as the shipper that follows them would."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.access_logs import BASE, AccessShop, combined, ids_of
from tests.support.commands import environment
from tests.support.exchanges import an_exchange, encoded

pytestmark = pytest.mark.e2e

NOWHERE = "http://127.0.0.1:9/v1/request"
CRI = b"2026-11-23T12:00:00.000000000Z stdout "
ONE = combined(1)


def shop_with(directory: Path, table: str) -> AccessShop:
    """Return a directory with a log of another program, still without lines."""
    shop = AccessShop(directory, table=table)
    shop.configure(NOWHERE)
    return shop


@pytest.mark.parametrize(
    ("table", "log"),
    [
        pytest.param(f'format = "combined"\n{BASE}', ONE + combined(2), id="base URL"),
        pytest.param(
            'format = "w3c"\nidentity = "client-ip"\n',
            b"#Fields: date time cs-method cs-uri-stem sc-status c-ip cs-host\n"
            b"2026-11-23 12:00:01 GET /a 200 203.0.113.9 api.example.com\n"
            b"#Fields: date time cs-method cs-uri-stem sc-status cs-host c-ip\n"
            b"2026-11-23 12:00:02 GET /b 200 api.example.com 203.0.113.9\n",
            id="header lines",
        ),
        pytest.param(
            f'format = "combined"\n{BASE}',
            CRI + b"P " + ONE[:30] + b"\n" + CRI + b"F " + ONE[30:],
            id="parts in a CRI log",
        ),
        pytest.param(
            f'format = "combined"\n{BASE}',
            json.dumps(
                {
                    "log": ONE.decode(),
                    "stream": "stdout",
                    "time": "2026-11-23T12:00:00.000000000Z",
                }
            ).encode()
            + b"\n",
            id="Docker",
        ),
        pytest.param(
            f'format = "combined"\ntimezone = "Europe/Berlin"\n{BASE}',
            ONE.replace(b" +0000]", b"]"),
            id="time zone",
        ),
        pytest.param(
            f'format = "nginx-json"\n{BASE}[source.fields]\ntarget = "where"\n',
            b'{"time":"2026-11-23T12:00:00Z","method":"GET","where":"/a",'
            b'"status":200,"remote_addr":"203.0.113.9"}\n',
            id="field map",
        ),
    ],
)
@pytest.mark.parametrize("name", ["access.log", "access.log.2.gz"])
def test_a_named_file_is_previewed_as_its_source_says(
    table: str, log: bytes, name: str, tmp_path: Path
) -> None:
    """The payloads are those of the lines that a shipper would read next."""
    shop = shop_with(tmp_path, table)
    path = shop.log.with_name(name)
    path.write_bytes(gzip.compress(log) if path.suffix == ".gz" else log)
    waiting = shop.shipper("preview", "--quiet")
    named = shop.shipper("preview", "--quiet", str(path))

    assert waiting.stdout
    assert (0, waiting.stdout) == (named.returncode, named.stdout), named.stderr
    assert not (tmp_path / "state").exists()


def test_a_named_file_has_the_callers_of_its_source(tmp_path: Path) -> None:
    """The rule of its own table is tried."""
    shop = shop_with(tmp_path, f'format = "combined"\n{BASE}')
    shop.append(ONE, b"\n", b"what is this\n")
    done = shop.shipper("identify", "--json", str(shop.log))

    seen = json.loads(done.stdout)
    (rule,) = [rule for rule in seen["rules"] if rule["rule"] == "client-ip"]
    assert (done.returncode, rule["records"], seen["unreadable"]) == (0, 1, 1)


def test_a_named_file_is_scanned_as_its_source_says(tmp_path: Path) -> None:
    """What a line of it would tell is found."""
    shop = shop_with(tmp_path, f'format = "combined"\n{BASE}')
    shop.append(ONE.replace(b"page=2", b"iban=DE89"))
    done = shop.shipper("scan", "--json", str(shop.log))

    seen = json.loads(done.stdout)
    assert (done.returncode, seen["records"], seen["unreadable"]) == (65, 1, 0)
    assert seen["denylist"] == ["request.query.iban"]


def test_a_last_line_without_its_newline_is_shown_with_the_id_it_will_have(
    tmp_path: Path,
) -> None:
    """Of a file that is named all of it is looked at."""
    shop = shop_with(tmp_path, f'format = "combined"\n{BASE}')
    shop.append(ONE[:-1])
    done = shop.shipper("preview", "--quiet", str(shop.log))

    assert [json.loads(line)["_id"] for line in done.stdout.splitlines()] == ids_of(ONE)


@pytest.mark.parametrize("name", ["copy.jsonl", "-"])
def test_what_no_source_names_is_a_log_of_our_own(name: str, tmp_path: Path) -> None:
    """A file elsewhere, and standard input."""
    shop = shop_with(tmp_path, f'format = "combined"\n{BASE}')
    own = encoded(an_exchange())
    (tmp_path / "copy.jsonl").write_bytes(own)
    words = ("preview", "--json", "--stage", "parsed", "--config", str(shop.config))
    done = subprocess.run(
        [sys.executable, "-m", "shipper", *words, name],
        input=own,
        capture_output=True,
        cwd=tmp_path,
        env=environment(),
        check=False,
    )

    (record,) = json.loads(done.stdout)["records"]
    assert (done.returncode, record["id"]) == (0, json.loads(own)["id"])
