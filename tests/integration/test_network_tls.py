"""TLS and proxies with real sockets: what is trusted, and that nothing leaks."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest
import requests

from shipper.network import NetworkSettings, route_to
from shipper.probe import Layer, look
from shipper.receipt import Cause, Deferred, Delivered, Receipt
from tests.support.answering import KEY, RingingClock, an_uploader, receipt_of
from tests.support.certificates import CA_FILE, CLIENT_CERT, server_tls
from tests.support.connect_proxy import ConnectProxy
from tests.support.loopback import LoopbackServer

FAR_URL = "https://receiver.example/v1/request"  # reached through a proxy only


def why_not(receipt: Receipt) -> str:
    """Return the reason of a request that the network has failed."""
    assert isinstance(receipt, Deferred)
    assert receipt.cause == Cause.NETWORK
    return receipt.reason


def through(proxy: ConnectProxy, user: str = "") -> NetworkSettings:
    """Return settings that trust the tests' authority and use the proxy."""
    return NetworkSettings(
        ca_file=CA_FILE, proxy=f"http://{user}127.0.0.1:{proxy.port}", environ={}
    )


def test_an_authority_we_were_told_of_is_trusted() -> None:
    """A receiver with a certificate of a private authority works with `ca_file`."""
    with LoopbackServer(tls=server_tls()) as server:
        settings = NetworkSettings(ca_file=CA_FILE, environ={})

        assert Delivered(202) == receipt_of(server.url, settings=settings)


def test_tls_connections_are_kept_alive() -> None:
    """One handshake serves many POSTs."""
    clock = RingingClock()
    settings = NetworkSettings(ca_file=CA_FILE, environ={})
    with (
        LoopbackServer(tls=server_tls()) as server,
        an_uploader(server.url, clock, settings=settings) as uploader,
    ):
        for ticket in range(3):
            uploader.post(ticket, [b"{}"])
            clock.await_rings(ticket + 1)

    assert [heard.connection for heard in server.heard] == [1, 1, 1]


def test_what_is_overdue_before_it_could_be_sent_is_not_sent() -> None:
    """Its answer would not count, and the receiver would get the records twice."""
    clock = RingingClock()
    settings = NetworkSettings(ca_file=CA_FILE, environ={})
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        an_uploader(
            f"https://127.0.0.1:{server.getsockname()[1]}/", clock, settings=settings
        ) as uploader,
    ):
        uploader.post(1, [b"{}"])
        connection, _ = server.accept()
        # The first words of the handshake: it has been begun.
        assert connection.recv(1, socket.MSG_PEEK)
        clock.advance(1e6)
        uploader.answered()
        with server_tls().wrap_socket(connection, server_side=True) as peer:
            sent = peer.recv(1000)
            clock.await_rings(1)
        (answered,) = uploader.answered()

    assert sent == b""
    assert "no connection within" in why_not(answered.receipt)


def test_an_unknown_authority_fails_closed() -> None:
    """Scenario 37: an unknown certificate gets no byte of a record, and no key."""
    with LoopbackServer(tls=server_tls()) as server:
        why = why_not(receipt_of(server.url))
        heard = server.heard

    assert why.startswith(f"tls: 127.0.0.1:{server.port}: certificate not accepted: ")
    assert "proxy re-signs" in why
    assert heard == []


def test_the_wrong_name_fails_closed() -> None:
    """A certificate of somebody else is refused, though its authority is trusted."""
    with LoopbackServer(tls=server_tls(certificate="other-name.pem")) as server:
        settings = NetworkSettings(ca_file=CA_FILE, environ={})
        why = why_not(receipt_of(server.url, settings=settings))
        heard = server.heard

    assert "certificate not accepted: IP address mismatch" in why
    assert heard == []


def test_an_old_tls_is_not_spoken() -> None:
    """A server below `min_tls` is not talked to."""
    with LoopbackServer(tls=server_tls(newest=ssl.TLSVersion.TLSv1_2)) as server:
        settings = NetworkSettings(ca_file=CA_FILE, min_tls="1.3", environ={})
        why = why_not(receipt_of(server.url, settings=settings))

    assert why.startswith("tls: ")
    assert "version" in why


def test_a_server_without_tls_is_told_as_such() -> None:
    """https:// to a port that speaks plain HTTP fails in the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(65536)

        threading.Thread(target=refuse, daemon=True).start()
        why = why_not(receipt_of(f"https://127.0.0.1:{port}/v1/request"))

    assert why == f"tls: 127.0.0.1:{port}: wrong version number"


def test_a_handshake_that_hangs_is_told_as_such() -> None:
    """A port that takes connections and says nothing is late, not lost."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        url = f"https://127.0.0.1:{port}/v1/request"
        why = why_not(receipt_of(url, timeout_seconds=0.2))

    assert why == f"tls: 127.0.0.1:{port}: no handshake within 0.2 s"


def test_mutual_tls() -> None:
    """Scenario 37: a relay that asks who we are is shown our certificate."""
    with LoopbackServer(tls=server_tls(asks_client=True)) as server:
        known = NetworkSettings(ca_file=CA_FILE, client_cert=CLIENT_CERT, environ={})
        unknown = NetworkSettings(ca_file=CA_FILE, environ={})

        assert Delivered(202) == receipt_of(server.url, settings=known)
        why_not(receipt_of(server.url, settings=unknown))
        assert len(server.heard) == 1


def test_the_system_decides_whom_we_trust_not_a_bundle_of_a_library() -> None:
    """No connection adds an authority to our settings: requests would add its own."""
    settings = NetworkSettings(environ={"REQUESTS_CA_BUNDLE": CA_FILE})
    with LoopbackServer(tls=server_tls()) as server:
        route = route_to(server.url, settings)
        with route.session() as session:
            status = session.post(server.url, data=b"[]", timeout=20).status_code
        channel = route.channel({}, connect_seconds=20)
        channel.post(b"[]", answer_seconds=20)
        channel.close()

    assert route.context is not None
    assert (status, len(route.context.get_ca_certs())) == (202, 1)


def test_verification_cannot_be_turned_off() -> None:
    """Not even by a caller who asks requests for it."""
    with LoopbackServer(tls=server_tls()) as server:
        session = route_to(server.url, NetworkSettings(environ={})).session()
        with session, pytest.raises(requests.exceptions.SSLError):
            session.post(server.url, data=b"[]", timeout=20, verify=False)

    assert server.heard == []


def test_our_tls_settings_hold_through_a_proxy() -> None:
    """A tunnel ends in the same verification: with our authority, it works."""
    with (
        LoopbackServer(tls=server_tls()) as server,
        ConnectProxy(server.port) as proxy,
    ):
        receipt = receipt_of(FAR_URL, settings=through(proxy))

    assert Delivered(202) == receipt
    assert [line.replace("HTTP/1.1", "HTTP/1.0") for line in proxy.asked] == [
        "CONNECT receiver.example:443 HTTP/1.0"
    ]


def test_a_proxy_cannot_change_whom_we_trust() -> None:
    """The minimum of TLS and the authorities are ours, proxy or not."""
    old = server_tls(newest=ssl.TLSVersion.TLSv1_2)
    with LoopbackServer(tls=old) as server, ConnectProxy(server.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        strict = NetworkSettings(ca_file=CA_FILE, proxy=url, min_tls="1.3", environ={})
        stranger = NetworkSettings(proxy=url, environ={})

        assert "version" in why_not(receipt_of(FAR_URL, settings=strict))
        assert "certificate" in why_not(receipt_of(FAR_URL, settings=stranger))
        assert server.heard == []


def test_a_proxy_is_found_in_the_environment() -> None:
    """HTTPS_PROXY leads through it, NO_PROXY past it."""
    with (
        LoopbackServer(tls=server_tls()) as server,
        ConnectProxy(server.port) as proxy,
    ):
        environ = {"HTTPS_PROXY": f"127.0.0.1:{proxy.port}"}
        settings = NetworkSettings(ca_file=CA_FILE, environ=environ)
        with_proxy = receipt_of(FAR_URL, settings=settings)
        past = NetworkSettings(
            ca_file=CA_FILE, environ={**environ, "NO_PROXY": "receiver.example"}
        )
        without_proxy = receipt_of(FAR_URL, settings=past)

    assert Delivered(202) == with_proxy
    assert why_not(without_proxy).startswith("dns: receiver.example:443: ")


def test_a_proxy_gets_its_credentials_and_no_message_does() -> None:
    """Scenario 37: user name and password go to the proxy alone."""
    with (
        LoopbackServer(tls=server_tls()) as server,
        ConnectProxy(server.port, credentials="us er:pa:ss") as proxy,
    ):
        known = receipt_of(FAR_URL, settings=through(proxy, "us%20er:pa%3Ass@"))
        wrong = receipt_of(FAR_URL, settings=through(proxy, "us%20er:s3cret@"))

    assert Delivered(202) == known
    assert {"authorization"} == {
        name for name in server.heard[0].headers if "auth" in name
    }
    reason = f"proxy: 127.0.0.1:{proxy.port}: 407: the proxy wants credentials"
    assert isinstance(wrong, Deferred)
    assert (wrong.cause, wrong.reason, wrong.status) == (Cause.HOLD, reason, 407)
    assert "s3cret" not in (wrong.hint or "")


@pytest.mark.parametrize(
    ("user", "credentials"),
    [
        ("us%C3%A9r:p%E2%82%ACss@", "us\u00e9r:p\u20acss"),
        ("token@", "token:"),
        (r"CORP\owl:p\w@", r"CORP\owl:p\w"),
    ],
)
def test_credentials_need_neither_latin_letters_nor_a_password(
    user: str, credentials: str
) -> None:
    """What curl sends from such a URL is what the proxy gets from us."""
    with (
        LoopbackServer(tls=server_tls()) as server,
        ConnectProxy(server.port, credentials=credentials) as proxy,
    ):
        receipt = receipt_of(FAR_URL, settings=through(proxy, user))

    assert Delivered(202) == receipt


def test_a_proxy_that_refuses_is_named() -> None:
    """An allow-list that does not know us is told with the proxy's answer."""
    with LoopbackServer() as server, ConnectProxy(server.port, status=403) as proxy:
        why = why_not(receipt_of(FAR_URL, settings=through(proxy, "u:s3cret@")))

    assert (
        f"proxy: 127.0.0.1:{proxy.port}: answered 403 for receiver.example:443" == why
    )


def test_a_proxy_that_is_gone_is_named_without_its_password() -> None:
    """Nobody listens at the proxy's address: the message holds that address only."""
    with ConnectProxy(9) as proxy:
        settings = through(proxy, "u:s3cret@")
    why = why_not(receipt_of(FAR_URL, settings=settings))

    assert f"proxy: 127.0.0.1:{proxy.port}: Connection refused" == why
    assert KEY not in why


def test_plain_http_through_a_proxy_names_the_whole_url() -> None:
    """A forwarding proxy is told where to go, and given its credentials."""
    with LoopbackServer() as forwarding:
        settings = NetworkSettings(
            allow_plain_http=True,
            proxy=f"http://user:pass@127.0.0.1:{forwarding.port}",
            environ={},
        )
        receipt = receipt_of("http://relay.example/v1/request", settings=settings)
        (heard,) = forwarding.heard

    assert Delivered(202) == receipt
    assert heard.line == "POST http://relay.example/v1/request HTTP/1.1"
    assert heard.headers["proxy-authorization"] == "Basic dXNlcjpwYXNz"


def test_a_source_address_of_the_other_family_is_no_unknown_name() -> None:
    """Nobody has to look at a resolver for an address that was written down."""
    with LoopbackServer() as server:
        other = NetworkSettings(source_address="::1", environ={})
        receipt = receipt_of(server.url, settings=other)
        seen = look(
            route_to(server.url, other),
            user_agent="x",
            connect_seconds=5.0,
            answer_seconds=5.0,
        )

    assert why_not(receipt).startswith(f"tcp: 127.0.0.1:{server.port}: ")
    assert isinstance(receipt, Deferred)
    assert "network.source_address" in (receipt.hint or "")
    assert (seen.failed, seen.hint) == (Layer.TCP, receipt.hint)


def test_a_source_address_is_used() -> None:
    """A host with several addresses can choose the one that firewalls know."""
    with LoopbackServer() as server:
        here = NetworkSettings(source_address="127.0.0.1", environ={})
        nowhere = NetworkSettings(source_address="203.0.113.1", environ={})

        assert Delivered(202) == receipt_of(server.url, settings=here)
        assert "Cannot assign requested address" in why_not(
            receipt_of(server.url, settings=nowhere)
        )
