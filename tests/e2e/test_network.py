"""Networks that trust nothing, or break: held, told once, and nothing lost.

In each story the log waits with no position moved, one message names the cause and
the mend, and once that is done the same state delivers every record.
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from shipper.store.snapshot import open_snapshot
from tests.support.certificates import (
    CA_FILE,
    CLIENT_CERT,
    Authority,
    server_tls,
)
from tests.support.commands import KEY, Shop, running, stop
from tests.support.connect_proxy import ConnectProxy
from tests.support.loopback import LoopbackServer, Reply, Silence

pytestmark = pytest.mark.e2e

FAR = "https://receiver.example/v1/request"  # reached through a proxy only
TRUST = '[network]\nca_file = "ca.pem"\n'


@dataclass
class Story:
    """A log of two records, and the runs that try to deliver it."""

    shop: Shop
    ids: list[str] = field(default_factory=list)

    def held(
        self, url: str, more: str = "", environ: dict[str, str] | None = None
    ) -> str:
        """Run where it cannot work; return the one message, with all checked."""
        self._prepare(url, more)
        words = ("run", "--config", str(self.shop.config), "--verbose")
        environ = {"SHIPPER_SHUTDOWN_TIMEOUT": "0", **(environ or {})}
        said = ""
        with running(*words, environ=environ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                said += line
                # It has been tried again, or it never will be by itself.
                if " batch_deferred_again: " in line or " uploads_held: " in line:
                    break
            code, _, rest = stop(process, signal.SIGTERM)
        said += rest
        with open_snapshot(str(self.shop.directory / "state")) as snapshot:
            lines = snapshot.sums.lines
            moved = [file.offset_bytes for file in snapshot.sums.files]
        told = [
            line
            for line in said.splitlines()
            if " batch_deferred: " in line or " uploads_held: " in line
        ]

        assert (code, lines.delivered + lines.dead, moved) == (143, 0, [0]), said
        assert KEY not in said
        assert len(told) == 1, said
        return told[0]

    def delivered(
        self, url: str, more: str = "", environ: dict[str, str] | None = None
    ) -> str:
        """Run where it works; return what was said."""
        self._prepare(url, more)
        done = self.shop.shipper("run", "--once", environ=environ)

        assert done.returncode == 0, done.stderr
        return done.stderr

    def arrived_at(self, server: LoopbackServer) -> bool:
        """Return whether the server has got each record once."""
        sent = [json.loads(heard.body) for heard in server.heard]
        return [[log["_id"] for log in logs] for logs in sent] == [self.ids]

    def _prepare(self, url: str, more: str) -> None:
        self.shop.configure(url)
        self.shop.configure_more(more)
        if not self.ids:
            self.ids = self.shop.record(2)


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A directory with the files of certificates in it."""
    shutil.copy(CA_FILE, tmp_path / "ca.pem")
    shutil.copy(CLIENT_CERT, tmp_path / "client.pem")
    return Story(Shop(tmp_path))


def test_a_proxy_with_credentials_and_a_private_authority(story: Story) -> None:
    """Wrong ones hold everything, right ones let it through, no message has either."""
    with LoopbackServer(tls=server_tls()) as server:
        with ConnectProxy(server.port, credentials="owl:s3cr3t") as proxy:
            way = f'{TRUST}proxy = "http://owl:{{}}@127.0.0.1:{proxy.port}"\n'
            told = story.held(FAR, way.format("wr0ng"))
            said = story.delivered(FAR, way.format("s3cr3t"))
        is_whole = story.arrived_at(server)

    assert f"proxy: 127.0.0.1:{proxy.port}: 407" in told
    assert "network.proxy" in told
    assert not [word for word in ("s3cr3t", "wr0ng", "owl") if word in told + said]
    asked = {words.rpartition(" ")[0] for words in proxy.asked}  # Python 3.12: HTTP/1.1
    assert asked == {"CONNECT receiver.example:443"}
    assert is_whole
    # The proxy's credentials are not the server's business.
    assert "proxy-authorization" not in server.heard[0].headers


def test_the_environments_proxy_is_taken_unless_one_is_set(story: Story) -> None:
    """Explicit keys win, and what needs no proxy goes without."""
    with LoopbackServer(tls=server_tls()) as server:
        with ConnectProxy(server.port) as proxy:
            environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
            told = story.held(FAR, f'{TRUST}no_proxy = ["*"]\n', environ=environ)
            story.delivered(FAR, TRUST, environ)
        is_whole = story.arrived_at(server)

    assert "dns: receiver.example:443: " in told
    assert is_whole


@dataclass(frozen=True)
class Unfit:
    """How a server and our settings do not fit, and what is told of it."""

    tls: dict[str, Any]
    table: str
    words: tuple[str, ...]


UNFIT = {
    "an unknown authority": Unfit(
        {}, "", ("certificate not accepted", "network.ca_file")
    ),
    "an expired certificate": Unfit(
        {},
        '[network]\nca_file = "new-ca.pem"\n',
        ("certificate has expired", "renewed"),
    ),
    # In 1.3 the server's word on our certificate may be lost with the connection.
    "no certificate of ours": Unfit(
        {"asks_client": True, "newest": ssl.TLSVersion.TLSv1_2},
        TRUST,
        ("tls: ", "handshake failure", "network.client_cert"),
    ),
    "a stranger's certificate": Unfit(
        {"asks_client": True, "newest": ssl.TLSVersion.TLSv1_2},
        f'{TRUST}client_cert = "stranger.pem"\n',
        ("tls: ", "network.client_cert"),
    ),
    "TLS 1.1 alone": Unfit(  # left out where OpenSSL cannot even offer it
        {"is_ancient": True},
        TRUST,
        ("tls: ", "version", "no TLS 1.2 or newer", "network.min_tls"),
    ),
}


def test_what_cannot_be_trusted_gets_nothing(story: Story) -> None:
    """Scenario 37: no byte of a record and no key, until certificate or key fits."""
    authority = Authority()
    authority.write(story.shop.directory / "new-ca.pem")
    authority.write_client(story.shop.directory / "stranger.pem")
    cases = dict(UNFIT)
    if not ssl.HAS_TLSv1_1:
        del cases["TLS 1.1 alone"]
    contexts = {case: server_tls(**unfit.tls) for case, unfit in cases.items()}
    contexts["an expired certificate"] = authority.expired_server()
    untold = {}
    for case, unfit in cases.items():
        with LoopbackServer(tls=contexts[case]) as server:
            told = story.held(server.url, unfit.table)
            assert server.heard == [], case
        untold[case] = [word for word in unfit.words if word not in told]
    with LoopbackServer(tls=server_tls(asks_client=True)) as server:
        mended = (
            f'{TRUST}client_cert = "client.pem"\nmin_tls = "1.3"\n'
            'source_address = "127.0.0.2"\n'
        )
        story.delivered(server.url, mended)
        is_whole = story.arrived_at(server)

    assert [case for case, words in untold.items() if words] == []
    assert is_whole


def test_verification_cannot_be_turned_off(story: Story) -> None:
    """No variable that other programs honour does it."""
    off = {
        "REQUESTS_CA_BUNDLE": "",
        "CURL_CA_BUNDLE": "",
        "PYTHONHTTPSVERIFY": "0",
        "GIT_SSL_NO_VERIFY": "1",
        "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    }
    with LoopbackServer(tls=server_tls()) as server:
        told = story.held(server.url, environ=off)
        heard = server.heard

    assert "certificate not accepted" in told
    assert heard == []


@pytest.mark.parametrize("status", [302, 307, 308])
def test_a_redirect_is_not_followed(status: int, story: Story) -> None:
    """No other host gets key or record; the same run goes on when it is mended."""
    with LoopbackServer() as elsewhere:
        location = ("Location", f"{elsewhere.url}?token=t0ken")
        script = [Reply(status, headers=(location,))]
        with LoopbackServer(script) as server:
            said = story.delivered(server.url)
            heard = server.heard
        strangers = elsewhere.heard

    assert strangers == []
    assert len(heard) == 2
    assert heard[0].body == heard[1].body
    assert said.count("uploads_held") == said.count("uploads_resumed") == 1
    assert f"{status}: redirected to http://127.0.0.1, which is never followed" in said
    assert "readme.endpoint" in said
    assert "t0ken" not in said


@contextmanager
def full_port() -> Iterator[int]:
    """Yield a port that takes no further connection: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port: int = server.getsockname()[1]
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            waiting.append(one)
        yield port
        for one in waiting:
            one.close()


def test_a_network_that_breaks_loses_nothing(story: Story) -> None:
    """Scenario 37: each way of failing is told apart; the same state gets over all."""
    page = b"<!DOCTYPE html><title>Airport Wi-Fi</title>"
    with LoopbackServer([Reply(200, page, "text/html")]) as server:
        portal = story.held(server.url)
    with LoopbackServer([Silence()] * 9) as server:
        hole = story.held(server.url, "timeout = 0.1\n")
        hole_port = server.port
    with full_port() as port:
        url = f"http://127.0.0.1:{port}/v1/request"
        full = story.held(url, "timeout = 0.2\n")
    # Names under .invalid do not exist (RFC 6761).
    nameless = story.held("https://receiver.invalid/v1/request")
    with LoopbackServer() as server:
        story.delivered(server.url)
        is_whole = story.arrived_at(server)

    assert "captive portal" in portal
    assert "Airport Wi-Fi" in portal
    assert "log in to this network" in portal
    assert f"http: 127.0.0.1:{hole_port}: no whole answer within 1 s" in hole
    assert "readme.timeout" in hole
    assert f"tcp: 127.0.0.1:{port}: no connection within 0.2 s" in full
    assert "firewall" in full
    assert "dns: receiver.invalid:443: " in nameless
    assert "resolver" in nameless
    assert is_whole


def test_plain_http_is_refused_until_somebody_allows_it(story: Story) -> None:
    """Records and key in clear need a decision; then they go, here by a proxy."""
    far = "http://receiver.example/v1/request"
    story.ids = story.shop.record(2)
    story.shop.configure(far)
    refused = story.shop.shipper("run", "--once")
    with LoopbackServer() as forwarding:
        way = f'proxy = "http://127.0.0.1:{forwarding.port}"\nallow_plain_http = true\n'
        story.delivered(far, f"[network]\n{way}")
        is_whole = story.arrived_at(forwarding)

    assert refused.returncode == 78
    assert "in clear" in refused.stderr
    assert "network.allow_plain_http" in refused.stderr
    assert forwarding.heard[0].line == f"POST {far} HTTP/1.1"
    assert is_whole


def test_a_file_of_authorities_that_is_none_stops_the_start(story: Story) -> None:
    """Exit 78, naming the line."""
    (story.shop.directory / "bad.pem").write_text("no certificate")
    story.shop.configure(FAR)
    story.shop.configure_more('[network]\nca_file = "bad.pem"\n')
    done = story.shop.shipper("run", "--once")

    assert done.returncode == 78
    assert "config.toml:" in done.stderr
    assert "network.ca_file" in done.stderr
