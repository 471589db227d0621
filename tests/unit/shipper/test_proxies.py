"""Which proxy a URL is reached through."""

from __future__ import annotations

import base64

import pytest

from shipper.errors import Fault
from shipper.proxies import Proxy, find_proxy

URL = "https://metrics.readme.io/v1/request"


def found(url: str = URL, *no_proxy: str, **environ: str) -> str | None:
    """Return the name of the proxy that is found, or None."""
    proxy = find_proxy(url, explicit=None, no_proxy=no_proxy, environ=environ)
    assert not isinstance(proxy, Fault)
    return None if proxy is None else proxy.name


def bypassed(url: str, no_proxy: str) -> bool:
    """Return whether NO_PROXY lets the URL past the proxy."""
    environ = {"ALL_PROXY": "http://proxy:1", "NO_PROXY": no_proxy}
    return found(url, **environ) is None


def test_without_settings_there_is_no_proxy() -> None:
    """Nothing said means direct."""
    assert found() is None


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"HTTPS_PROXY": "http://a:1"}, "a:1"),
        ({"https_proxy": "http://a:1", "HTTPS_PROXY": "http://b:1"}, "a:1"),
        ({"ALL_PROXY": "http://a:1"}, "a:1"),
        ({"all_proxy": "http://b:1", "HTTPS_PROXY": "http://a:1"}, "a:1"),
        ({"HTTP_PROXY": "http://a:1"}, None),
        ({"HTTPS_PROXY": "  "}, None),
        ({"HTTPS_PROXY": "a:3128"}, "a:3128"),
        ({"HTTPS_PROXY": "http://a"}, "a:80"),
        ({"HTTPS_PROXY": "https://a/"}, "a:443"),
        ({"HTTPS_PROXY": "http://[2001:db8::1]:8"}, "[2001:db8::1]:8"),
    ],
)
def test_the_usual_variables_are_honoured(
    environ: dict[str, str], name: str | None
) -> None:
    """A scheme's own variable wins over ALL_PROXY, lower case over upper."""
    assert name == found(**environ)


def test_http_proxy_is_ignored_in_a_cgi_process() -> None:
    """There HTTP_PROXY is a header that a client has sent."""
    url = "http://relay.example/v1/request"
    environ = {"HTTP_PROXY": "http://evil:1", "REQUEST_METHOD": "GET"}

    assert found(url, **environ) is None
    assert found(url, HTTP_PROXY="http://good:1") == "good:1"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "[::1]", "localhost"])
def test_this_machine_is_reached_directly(host: str) -> None:
    """A loopback endpoint's key in clear must not travel to a proxy."""
    assert found(f"http://{host}:8000/v1/request", ALL_PROXY="http://a:1") is None


def test_explicit_settings_win_over_the_environment() -> None:
    """A configured proxy and a configured bypass list replace the variables."""
    proxy = find_proxy(
        URL,
        explicit="http://mine:1",
        no_proxy=("elsewhere.example",),
        environ={"HTTPS_PROXY": "http://theirs:1", "NO_PROXY": "*"},
    )

    assert isinstance(proxy, Proxy)
    assert proxy.name == "mine:1"


@pytest.mark.parametrize(
    ("url", "no_proxy", "is_bypassed"),
    [
        (URL, "*", True),
        (URL, "readme.io", True),
        (URL, ".readme.io", True),
        (URL, "*.readme.io", True),
        (URL, "other, METRICS.readme.IO. ,x", True),
        (URL, "localhost .readme.io  10.0.0.0/8", True),
        (URL, "metrics.readme.io:443", True),
        (URL, "metrics.readme.io:8443", False),
        (URL, "me.io", False),
        (URL, "io.metrics", False),
        (URL, "10.0.0.0/8", False),
        (URL, ", ,", False),
        (URL, ".", False),
        ("https://10.1.2.3/", "10.0.0.0/8", True),
        ("https://10.1.2.3/", "10.1.2.3", True),
        ("https://10.1.2.3:8443/", "10.1.2.3:8443", True),
        ("https://10.1.2.3/", "10.1.2.3:8443", False),
        ("https://11.1.2.3/", "10.0.0.0/8", False),
        ("https://10.1.2.3/", "2.3", False),
        ("https://[2001:db8::7]/", "2001:db8::/32", True),
        ("https://[2001:db8::7]/", "[2001:db8:0::7]", True),
        ("https://[2001:db8::7]:8/", "[2001:db8::7]:8", True),
        ("https://[2001:db8::7]:8/", "[2001:db8::7]:9", False),
        ("https://[2001:db9::7]/", "2001:db8::/32", False),
        ("https://[2001:db8::7]/", "10.0.0.0/8", False),
    ],
)
def test_no_proxy_shapes(url: str, no_proxy: str, is_bypassed: bool) -> None:
    """Names, suffixes, ports, addresses and ranges of both families are read."""
    assert is_bypassed == bypassed(url, no_proxy)


@pytest.mark.parametrize(
    "text",
    [
        "socks5://u:s3cret@a:1",
        "http://u:s3cret@a:port",
        "http://u:s3cret@[::1",
        "http://u:s3cret@",
        "http://u:s3cret@a/path",
        "http://u:s3cret@a..example:1",
        "ftp://u:s3cret@a",
        "http://u:12#s3cret@a:1",
        "http://s3cret#w@a:1",
        "http://u:12?s3cret@a:1",
        "http://u:s3cret@a\\b:1",
    ],
)
def test_an_unusable_proxy_is_a_fault_without_its_credentials(text: str) -> None:
    """The message names the variable, never what stands in it."""
    fault = find_proxy(URL, explicit=None, no_proxy=(), environ={"HTTPS_PROXY": text})

    assert isinstance(fault, Fault)
    assert fault.where == "HTTPS_PROXY"
    assert "s3cret" not in str(fault)


@pytest.mark.parametrize("sign", "#/?[")
def test_a_password_that_ends_the_url_early_says_how_to_write_it(sign: str) -> None:
    """Written so, it is taken, and the proxy gets what was meant."""
    text = f"http://owl:s3{sign}cret@proxy.example:3128"
    fault = find_proxy(URL, explicit=text, no_proxy=(), environ={})
    right = text.replace(f"3{sign}", f"3%{ord(sign):02X}")
    proxy = find_proxy(URL, explicit=right, no_proxy=(), environ={})

    assert isinstance(fault, Fault) and isinstance(proxy, Proxy)
    assert f"{sign} as %{ord(sign):02X}" in (fault.hint or "")
    assert base64.b64decode(proxy.credentials) == f"owl:s3{sign}cret".encode()


@pytest.mark.parametrize(
    ("user", "sent"),
    [
        ("", b""),
        ("token@", b"token:"),
        (":word@", b":word"),
        ("u:p%C3%A9@", b"u:p\xc3\xa9"),
        ("u:p\u20ac@", b"u:p\xe2\x82\xac"),
        ("u:p%E9@", b"u:p\xe9"),
        ("u:p\udce9@", b"u:p\xe9"),
    ],
    ids=["none", "user", "password", "utf-8", "clear", "latin-1", "raw"],
)
def test_a_proxy_gets_the_bytes_that_its_url_stands_for(user: str, sent: bytes) -> None:
    """Whatever the proxy takes them for: no charset is agreed upon (RFC 7617)."""
    url = f"http://{user}proxy.example:3128"
    proxy = find_proxy(URL, explicit=url, no_proxy=(), environ={})

    assert isinstance(proxy, Proxy)
    assert sent == base64.b64decode(proxy.credentials)


@pytest.mark.parametrize(
    ("text", "url", "name"),
    [
        (r"http://CORP\owl:p\w@proxy:1", "http://proxy:1", "proxy:1"),
        ("https://u:p@[2001:db8::1]", "https://[2001:db8::1]:443", "[2001:db8::1]:443"),
        ("http://b\xfc_r:1", "http://xn--b_r-hoa:1", "b\xfc_r:1"),
    ],
    ids=["backslash", "address", "name"],
)
def test_a_proxy_is_connected_to_by_its_name_alone(
    text: str, url: str, name: str
) -> None:
    """A user of a Windows domain is no host, and every name that is taken works."""
    proxy = find_proxy(URL, explicit=text, no_proxy=(), environ={})

    assert isinstance(proxy, Proxy)
    assert (url, name) == (proxy.url, proxy.name)


def test_credentials_are_known_as_secrets_and_not_shown() -> None:
    """Both spellings of a password are secrets; neither is in the repr."""
    url = "http://us%40er:pa%3Ass@proxy.example:3128"
    proxy = find_proxy(URL, explicit=url, no_proxy=(), environ={})

    assert isinstance(proxy, Proxy)
    spelled = {"us%40er", "us@er", "pa%3Ass", "pa:ss"}
    assert {*spelled, proxy.credentials} == set(proxy.secrets)
    assert "pa" not in repr(proxy)
    assert proxy.name == "proxy.example:3128"
