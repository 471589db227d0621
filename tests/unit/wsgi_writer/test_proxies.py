"""Promises of `proxies`: the real client, and never an invented one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_writer.proxies import Origin, TrustedProxies

SEEN = Origin("10.0.0.1", "http", "internal:8080")
PROXIES = ("10.0.0.0/8", "2001:db8::/32")


def resolved(peer: str = "10.0.0.1", /, **headers: str) -> Origin:
    """What comes of these headers, sent by this peer."""
    received = {"REMOTE_ADDR": peer}
    received |= {f"HTTP_{name}": value for name, value in headers.items()}
    return TrustedProxies(PROXIES).resolve(received, SEEN)


def test_takes_the_client_from_a_trusted_proxy() -> None:
    """Address, scheme and host are those the proxy was asked for."""
    origin = resolved(
        X_FORWARDED_FOR="203.0.113.9",
        X_FORWARDED_PROTO="https",
        X_FORWARDED_HOST="api.example.com",
    )

    assert origin == Origin("203.0.113.9", "https", "api.example.com")


def test_a_stranger_is_not_believed() -> None:
    """Forwarding headers of a peer that was not named change nothing."""
    headers = {"X_FORWARDED_FOR": "203.0.113.9", "X_FORWARDED_PROTO": "https"}

    assert resolved("198.51.100.7", **headers) == SEEN


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("10.2.2.2, 10.1.1.1", "10.2.2.2"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("2001:db9::1", "2001:db9::1"),
        ("[2001:db9::1]:4711", "2001:db9::1"),
        ("203.0.113.9, [2001:db8::5]:80", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, ::ffff:10.1.1.1", "203.0.113.9"),
        ("unknown", SEEN.client),
        ("6.6.6.6, nonsense, 10.1.1.1", "10.1.1.1"),
        ("203.0.113.9,", SEEN.client),
        (",,,", SEEN.client),
        ("", SEEN.client),
    ],
)
def test_the_client_is_the_rightmost_address_that_is_no_proxy(
    chain: str, client: str
) -> None:
    """Everything left of the last untrusted address is that client's own word."""
    assert resolved(X_FORWARDED_FOR=chain).client == client


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('For="[2001:db9::1]:4711"', "2001:db9::1"),
        ("for=6.6.6.6, for=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9"),
        ("for=203.0.113.9, for=10.1.1.1", "203.0.113.9"),
        ("for=_hidden", SEEN.client),
        ('for="6.6.6.6, for=203.0.113.9"', SEEN.client),
        (";;;=,,", SEEN.client),
    ],
)
def test_reads_the_standard_header(value: str, client: str) -> None:
    """RFC 7239's Forwarded says the same in its own syntax."""
    assert resolved(FORWARDED=value).client == client


def test_takes_proto_and_host_from_the_standard_header() -> None:
    """The first proto and host of Forwarded are the ones the client used."""
    client = 'for=203.0.113.9;proto=HTTPS;host="api.example.com:8443"'
    origin = resolved(FORWARDED=f"{client}, for=10.1.1.1;proto=http")

    assert origin == Origin("203.0.113.9", "https", "api.example.com:8443")


def test_does_not_mix_the_two_families() -> None:
    """A Forwarded header that slipped past a proxy of the other kind is ignored."""
    origin = resolved(
        X_FORWARDED_FOR="203.0.113.9",
        FORWARDED="for=6.6.6.6;proto=https;host=evil.example.com",
    )

    assert origin == Origin("203.0.113.9", "http", "internal:8080")


def test_the_first_of_several_protos_and_hosts_counts() -> None:
    """A chain of proxies lists the client's own first."""
    origin = resolved(
        X_FORWARDED_PROTO="https, http", X_FORWARDED_HOST="api.example.com, internal"
    )

    assert (origin.scheme, origin.host) == ("https", "api.example.com")


@pytest.mark.parametrize(
    "host", ["evil.example.com/path", "a b", "user@host", "[::1", "x" * 300, 'a"b', ""]
)
def test_a_host_that_is_none_is_ignored(host: str) -> None:
    """What could break the URL of the record is not taken over."""
    assert resolved(X_FORWARDED_HOST=host).host == SEEN.host


@pytest.mark.parametrize("peer", ["", "localhost", "unix:/run/app.sock", "0.0.0.0"])
def test_a_unix_socket_is_trusted_by_name(peer: str) -> None:
    """Peers on a UNIX socket have no address, and are trusted as "unix"."""
    received = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": "203.0.113.9"}

    assert TrustedProxies("unix").resolve(received, SEEN).client == "203.0.113.9"
    assert TrustedProxies(PROXIES).resolve(received, SEEN).client == SEEN.client


def test_no_proxy_is_trusted_by_default() -> None:
    """Without names there is nobody to believe."""
    assert not TrustedProxies()
    assert TrustedProxies(PROXIES)


def test_a_quote_that_nobody_closed_hides_no_hop() -> None:
    """What the proxy adds behind the client's own nonsense still counts."""
    assert resolved(FORWARDED='for="evil, for=203.0.113.9').client == "203.0.113.9"
    assert resolved(FORWARDED='for="a\\", for=203.0.113.9').client == "203.0.113.9"


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", ['"\\', "a", '"', "a=", 'a="', '="\\', "a ", "\\"])
def test_a_long_header_takes_no_more_time_than_its_length(piece: str) -> None:
    """A client may send one, and the proxy pass it on with its own word behind it."""
    header = f"{piece * (200_000 // len(piece))}, for=203.0.113.9"

    assert resolved(FORWARDED=header).client in ("203.0.113.9", "10.0.0.1")


def test_refuses_what_is_no_network() -> None:
    """A slip in the list is an error with the name of the option and the value."""
    with pytest.raises(ValueError, match=r"trusted_proxies .* not '10\.0\.0\.0/99'"):
        TrustedProxies(["10.0.0.0/99"])
    with pytest.raises(TypeError, match=r"trusted_proxies .* not 10"):
        TrustedProxies([10])  # type: ignore[list-item]  # on purpose


@given(
    chain=st.text(max_size=60),
    forwarded=st.text(alphabet='for=,;"\\[]:.0123456789abc ', max_size=80),
    proto=st.text(max_size=10),
    host=st.text(max_size=20),
    use_x=st.booleans(),
)
def test_hostile_headers_never_break_anything(
    chain: str, forwarded: str, proto: str, host: str, use_x: bool
) -> None:
    """Whatever the headers hold, an origin with a real scheme comes back."""
    headers = {"FORWARDED": forwarded}
    if use_x:
        headers |= {
            "X_FORWARDED_FOR": chain,
            "X_FORWARDED_PROTO": proto,
            "X_FORWARDED_HOST": host,
        }

    assert resolved(**headers).scheme in ("http", "https")
