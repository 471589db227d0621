"""A network that trusts nothing: proxies, private authorities, relays that ask back."""

from __future__ import annotations

import os
import shutil
import ssl
from pathlib import Path

import pytest

from tests.support.certificates import CA_FILE, CLIENT_CERT, server_tls
from tests.support.commands import Shop
from tests.support.connect_proxy import ConnectProxy
from tests.support.loopback import LoopbackServer

pytestmark = pytest.mark.e2e

FAR = "https://receiver.example/v1/request"  # reached through a proxy only


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory with the files of certificates in it."""
    shutil.copy(CA_FILE, tmp_path / "ca.pem")
    shutil.copy(CLIENT_CERT, tmp_path / "client.pem")
    return Shop(tmp_path)


def shipped(shop: Shop, url: str, table: str, **environ: str) -> tuple[int, str]:
    """Ship one record over a way; return the exit code and what was said."""
    shop.configure(url)
    shop.configure_more(f"[network]\n{table}")
    shop.record(1)
    words = ("run", "--once", "--max-duration", "2s")
    done = shop.shipper(*words, environ=environ)
    return done.returncode, done.stdout + done.stderr


def test_a_proxy_with_credentials_and_a_private_authority(shop: Shop) -> None:
    """Both come from the file; the password stands in no message."""
    with LoopbackServer(tls=server_tls()) as server:
        with ConnectProxy(server.port, credentials="owl:s3cr3t") as proxy:
            table = (
                f'proxy = "http://owl:s3cr3t@127.0.0.1:{proxy.port}"\n'
                'ca_file = "ca.pem"\n'
            )
            code, said = shipped(shop, FAR, table)
        heard = server.heard

    assert (code, len(heard)) == (0, 1), said
    assert proxy.asked == ["CONNECT receiver.example:443 HTTP/1.0"]
    assert "s3cr3t" not in said


def test_a_proxy_that_wants_other_credentials_holds(shop: Shop) -> None:
    """Nothing is lost, the reason is told, and no secret is in it."""
    with LoopbackServer(tls=server_tls()) as server:
        with ConnectProxy(server.port, credentials="owl:right") as proxy:
            table = f'proxy = "http://owl:wr0ng@127.0.0.1:{proxy.port}"\n'
            code, said = shipped(shop, FAR, table + 'ca_file = "ca.pem"\n')
        heard = server.heard

    assert (code, heard) == (75, [])
    assert "407" in said
    assert "wr0ng" not in said
    assert shop.sums()["pending"] == 1


def test_the_environments_proxy_is_taken_unless_one_is_set(shop: Shop) -> None:
    """Explicit keys win, and what needs no proxy goes without."""
    with LoopbackServer(tls=server_tls()) as server:
        with ConnectProxy(server.port) as proxy:
            environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
            code, said = shipped(shop, FAR, 'ca_file = "ca.pem"\n', **environ)
            table = 'ca_file = "ca.pem"\nno_proxy = ["*"]\n'
            without, _ = shipped(shop, FAR, table, **environ)
        heard = server.heard

    assert (code, without, len(heard)) == (0, 75, 1), said


def test_a_relay_that_asks_who_we_are(shop: Shop) -> None:
    """Mutual TLS, at the newest version only."""
    with LoopbackServer(tls=server_tls(asks_client=True)) as server:
        table = (
            'ca_file = "ca.pem"\nclient_cert = "client.pem"\nmin_tls = "1.3"\n'
            'source_address = "127.0.0.2"\n'
        )
        code, said = shipped(shop, server.url, table)
        heard = server.heard

    assert (code, len(heard)) == (0, 1), said


@pytest.mark.parametrize(
    ("tls", "table", "told"),
    [
        ({}, "", "network.ca_file"),
        (
            {"newest": ssl.TLSVersion.TLSv1_2},
            'ca_file = "ca.pem"\nmin_tls = "1.3"\n',
            "version",
        ),
        ({"certificate": "other-name.pem"}, 'ca_file = "ca.pem"\n', "mismatch"),
        ({"asks_client": True}, 'ca_file = "ca.pem"\n', "tls"),
    ],
    ids=["unknown authority", "old version", "other name", "no certificate"],
)
def test_what_cannot_be_trusted_gets_nothing(
    shop: Shop, tls: dict[str, object], table: str, told: str
) -> None:
    """No byte of a record, and no key; the record waits."""
    with LoopbackServer(tls=server_tls(**tls)) as server:  # type: ignore[arg-type]
        code, said = shipped(shop, server.url, table)
        heard = server.heard

    assert (code, heard) == (75, [])
    assert told in said
    assert shop.sums()["pending"] == 1


def test_a_file_of_authorities_that_is_none_stops_the_start(shop: Shop) -> None:
    """Exit 78, naming the line."""
    (shop.directory / "bad.pem").write_text("no certificate")
    code, said = shipped(shop, FAR, 'ca_file = "bad.pem"\n')

    assert code == 78
    assert "config.toml:" in said
    assert "network.ca_file" in said
    assert os.path.isdir(shop.directory)
