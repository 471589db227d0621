"""A look at the way: which layer fails, and what is seen of the others."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

import pytest

from shipper.network import NetworkSettings, route_to
from shipper.probe import Layer, Sight, addresses_of, knock, look, nearest_host
from tests.support.certificates import CA_FILE, server_tls
from tests.support.connect_proxy import ConnectProxy
from tests.support.loopback import LoopbackServer, Move, Raw, Reply, Silence

FAR = "https://receiver.example/v1/request"


def seen(url: str, **network: Any) -> Sight:
    """Return what can be seen of the way to an URL."""
    route = route_to(url, NetworkSettings(environ={}, **network))
    return look(route, user_agent="x", connect_seconds=20.0, answer_seconds=20.0)


def test_an_answer_tells_time_version_and_names() -> None:
    """A GET is all that is sent: no key and no content."""
    date = ("Date", "Mon, 23 Nov 2026 12:00:00 GMT")
    with LoopbackServer([Reply(404, headers=(date,))], tls=server_tls()) as server:
        sight = seen(server.url, ca_file=CA_FILE)
    (heard,) = server.heard

    assert (sight.failed, sight.status, sight.tls) == (None, 404, "TLSv1.3")
    assert sight.date == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert sight.names is not None
    assert sight.names.issuer.startswith("CN=Private Test Authority")
    assert (heard.line, heard.body) == ("GET /v1/request HTTP/1.1", b"")
    assert "authorization" not in heard.headers


@pytest.mark.parametrize("text", ["", "yesterday", "Mon, 99 Nov 2026 12:00:00 GMT"])
def test_a_date_that_is_none_is_none(text: str) -> None:
    """Servers answer with anything."""
    with LoopbackServer([Reply(headers=(("Date", text),))]) as server:
        sight = seen(server.url)

    assert (sight.failed, sight.date) == (None, None)


def test_an_unknown_authority_is_named_and_told_nothing() -> None:
    """The issuer comes from a handshake on which nothing is sent."""
    with LoopbackServer(tls=server_tls()) as server:
        sight = seen(server.url)

    assert sight.failed is Layer.TLS
    assert sight.is_unknown_authority
    assert sight.names is not None
    assert "Private Test Authority" in sight.names.issuer
    assert server.heard == []


def test_another_name_is_no_unknown_authority() -> None:
    """The certificate's subject says whose it is."""
    with LoopbackServer(tls=server_tls(certificate="other-name.pem")) as server:
        sight = seen(server.url, ca_file=CA_FILE)

    assert (sight.failed, sight.is_unknown_authority) == (Layer.TLS, False)
    assert sight.names is not None
    assert "elsewhere.example" in sight.names.subject


def test_one_can_knock_without_a_word() -> None:
    """The way is seen, and the other side hears nothing; or what failed is told."""
    with LoopbackServer(tls=server_tls()) as server:
        way = NetworkSettings(environ={}, ca_file=CA_FILE)
        sight = knock(route_to(server.url, way), connect_seconds=20.0)
    after = knock(route_to(server.url, way), connect_seconds=20.0)

    assert (sight.failed, sight.tls, server.heard) == (None, "TLSv1.3", [])
    assert after.failed is Layer.TCP


def test_a_version_too_old_has_no_names_to_show() -> None:
    """A handshake that cannot be made at all shows nobody."""
    tls = server_tls(newest=ssl.TLSVersion.TLSv1_2)
    tls.set_ciphers("PSK-AES128-GCM-SHA256")
    with LoopbackServer(tls=tls) as server:
        sight = seen(server.url, ca_file=CA_FILE, min_tls="1.3")

    assert (sight.failed, sight.names) == (Layer.TLS, None)


def test_a_connection_that_is_closed_is_told_apart() -> None:
    """The layers before it were good: it was closed over TLS, before an answer."""
    with LoopbackServer([Raw()], tls=server_tls()) as server:
        sight = seen(server.url, ca_file=CA_FILE)

    assert (sight.failed, sight.tls) == (Layer.HTTP, "TLSv1.3")
    assert "closed before an answer" in sight.why


def test_the_proxy_is_what_is_reached_first() -> None:
    """Its name is resolved here; the endpoint's by it."""
    with ConnectProxy(1, status=403) as proxy:
        way = NetworkSettings(environ={}, proxy=f"http://127.0.0.1:{proxy.port}")
        sight = seen(FAR, proxy=way.proxy)

    assert nearest_host(route_to(FAR, way)) == "127.0.0.1"
    assert (sight.failed, "403" in sight.why) == (Layer.PROXY, True)


@pytest.mark.parametrize("move", [Silence(), Raw(), Raw(b"SSH-2.0-OpenSSH_9\r\n")])
def test_a_proxy_that_says_nothing_useful_was_reached(move: Move) -> None:
    """It is not the way to it that has to be opened, but the one behind it."""
    with LoopbackServer([move]) as server:
        proxy = f"http://127.0.0.1:{server.port}"
        way = NetworkSettings(environ={}, proxy=proxy)
        sight = look(
            route_to(FAR, way), user_agent="x", connect_seconds=0.2, answer_seconds=20.0
        )
        server.await_heard(1)

    (heard,) = server.heard
    assert heard.line.startswith("CONNECT receiver.example:443 ")
    assert sight.failed is Layer.PROXY


@pytest.mark.parametrize("is_proxy", [False, True])
def test_an_answer_that_drips_has_an_end(is_proxy: bool) -> None:
    """Whoever asks what is wrong is told so, rather than left waiting."""
    with LoopbackServer([Reply(200, b" " * 10_000, drip="head")]) as server:
        way = NetworkSettings(
            environ={}, proxy=f"http://127.0.0.1:{server.port}" if is_proxy else None
        )
        sight = look(
            route_to(FAR if is_proxy else server.url, way),
            user_agent="x",
            connect_seconds=0.2,
            answer_seconds=0.2,
        )

    assert sight.failed is (Layer.PROXY if is_proxy else Layer.HTTP)
    assert "within 0.2 s" in sight.why


def test_a_proxy_that_is_gone_was_not_reached() -> None:
    """Nobody can say that the connection to it was made."""
    with ConnectProxy(1) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"

    assert seen(FAR, proxy=address).failed is Layer.TCP


def test_a_proxy_that_forwards_may_want_credentials_too() -> None:
    """Its 407 is an answer, and not the endpoint's."""
    with LoopbackServer([Reply(407)]) as server:
        proxy = f"http://127.0.0.1:{server.port}"
        sight = seen("http://relay.example/v1", proxy=proxy, allow_plain_http=True)

    assert sight.failed is Layer.PROXY


def test_a_proxy_over_tls_is_never_shown_credentials_unverified() -> None:
    """There is no unverified way through it, nor one without TLS."""
    way = NetworkSettings(environ={}, proxy="https://owl:s@127.0.0.1:1")

    assert route_to(FAR, way).unverified() is None
    assert route_to("http://127.0.0.1:1/", way).unverified() is None


def test_addresses_need_no_resolver() -> None:
    """An address is its own, and what cannot be a name is an error like any other."""
    assert addresses_of("::1") == ["::1"]
    assert "127.0.0.1" in addresses_of("localhost")
    with pytest.raises(OSError, match="no name"):
        addresses_of("a" * 300 + ".example")
