"""Settings of the network: what is refused, and what every connection will use."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import certifi
import pytest

from shipper.errors import ConfigError
from shipper.network import NetworkSettings, route_to, tls_context
from tests.support.certificates import CA_FILE, CLIENT_CERT

URL = "https://metrics.readme.io/v1/request"


def authorities(context: ssl.SSLContext) -> set[str]:
    """Return the names of the authorities that a context trusts."""
    subjects: list[Any] = [one["subject"] for one in context.get_ca_certs()]
    return {
        text
        for subject in subjects
        for ((name, text),) in subject
        if name == "commonName"
    }


def fault_of(settings: NetworkSettings, url: str = URL) -> str:
    """Return the fault that the settings give."""
    with pytest.raises(ConfigError) as caught:
        route_to(url, settings)
    return str(caught.value)


def test_plain_http_is_refused_beyond_this_machine() -> None:
    """Records and key never go out in clear unless somebody asked for it."""
    url = "http://relay.example/v1/request"

    assert "in clear" in fault_of(NetworkSettings(environ={}), url)
    allowed = NetworkSettings(environ={}, allow_plain_http=True)
    assert route_to(url, allowed).name == "relay.example:80"


def test_plain_http_to_this_machine_needs_no_tls() -> None:
    """The embedded receiver is reached without asking, and without a TLS context."""
    route = route_to("http://127.0.0.1:8000/v1/request", NetworkSettings(environ={}))

    assert (route.name, route.context) == ("127.0.0.1:8000", None)


def test_certificates_are_verified_with_the_systems_authorities() -> None:
    """The default context verifies chain and name, and speaks TLS 1.2 at least."""
    context = tls_context(NetworkSettings(environ={}))

    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert "Private Test Authority" not in authorities(context)


def test_min_tls_can_be_raised() -> None:
    """`min_tls = "1.3"` leaves 1.2 behind."""
    context = tls_context(NetworkSettings(environ={}, min_tls="1.3"))

    assert ssl.TLSVersion.TLSv1_3 == context.minimum_version


def test_requests_ca_bundle_replaces_the_systems_authorities() -> None:
    """The variable means here what it means elsewhere: these and no others."""
    context = tls_context(NetworkSettings(environ={"REQUESTS_CA_BUNDLE": CA_FILE}))

    assert {"Private Test Authority"} == authorities(context)


def test_requests_ca_bundle_may_be_a_directory(tmp_path: Path) -> None:
    """A directory of hashed certificates is looked into when one is needed."""
    context = tls_context(
        NetworkSettings(environ={"REQUESTS_CA_BUNDLE": str(tmp_path)})
    )

    assert set() == authorities(context)


def test_a_configured_authority_joins_the_systems(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`ca_file` adds to what the system trusts, and wins over REQUESTS_CA_BUNDLE."""
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    settings = NetworkSettings(
        ca_file=CA_FILE, environ={"REQUESTS_CA_BUNDLE": "/nowhere"}
    )
    names = authorities(tls_context(settings))

    assert "Private Test Authority" in names
    assert len(names) > 20


def test_ssl_cert_file_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL's own variable says where the system's authorities are."""
    monkeypatch.setenv("SSL_CERT_FILE", CA_FILE)
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere")

    assert {"Private Test Authority"} == authorities(
        tls_context(NetworkSettings(environ={}))
    )


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            NetworkSettings(environ={}, ca_file="/no/ca.pem"),
            "network.ca_file: /no/ca.pem cannot be used: No such file or directory",
        ),
        (
            NetworkSettings(environ={}, ca_file=__file__),
            f"network.ca_file: {__file__} cannot be used: does not hold what it should "
            "(it takes PEM: BEGIN CERTIFICATE, and a PRIVATE KEY without passphrase)",
        ),
        (
            NetworkSettings(environ={}, client_cert="/no/cert.pem"),
            "network.client_cert: /no/cert.pem cannot be used: "
            "No such file or directory",
        ),
        (
            NetworkSettings(environ={}, client_cert=CA_FILE),
            f"network.client_cert: {CA_FILE} cannot be used: "
            "does not hold what it should "
            "(it takes PEM: BEGIN CERTIFICATE, and a PRIVATE KEY without passphrase)",
        ),
        (
            NetworkSettings(environ={"REQUESTS_CA_BUNDLE": "/no/ca.pem"}),
            "REQUESTS_CA_BUNDLE: /no/ca.pem cannot be used: No such file or directory",
        ),
        (
            NetworkSettings(environ={}, proxy="socks5://a:1"),
            "network.proxy: socks5:// proxies are not supported",
        ),
    ],
)
def test_unusable_settings_are_told_at_once(
    settings: NetworkSettings, told: str
) -> None:
    """A file or proxy that cannot be used is a fault of the configuration."""
    assert told == fault_of(settings)


def test_sessions_consult_nothing_but_the_route() -> None:
    """No netrc, no second look at the environment; the route's proxy and no other."""
    settings = NetworkSettings(environ={"HTTPS_PROXY": "http://proxy.example:3128"})
    session = route_to(URL, settings).session()

    assert not session.trust_env
    assert session.proxies["https"] == "http://proxy.example:3128"


def test_proxy_credentials_are_not_shown() -> None:
    """Neither settings nor route show a proxy's password when printed."""
    settings = NetworkSettings(
        environ={"HTTPS_PROXY": "http://u:s3cret@a:1"},
        proxy="http://u:s3cret@b:1",
        client_cert=CLIENT_CERT,
    )

    assert "s3cret" not in repr(settings) + repr(route_to(URL, settings))
