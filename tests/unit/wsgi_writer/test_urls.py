"""Query strings and URLs: what is masked in them, and all that is left alone."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from wsgi_writer.fields import FieldMask
from wsgi_writer.mask import Masks, mask_key
from wsgi_writer.urls import Target, UrlMask

SECRET = "s3cr3t-owl-value"
MASK = quote(mask_key(SECRET), safe="")


def target(text: str, scheme: str = "https", host: str = "api.example.com") -> Target:
    """Lay a target out under the default lists."""
    return UrlMask(Masks()).target(scheme, host, text)


def header(value: str) -> str:
    """Mask a header that holds a URL under the default lists."""
    return UrlMask(Masks()).header(value)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/owls/7?arr%5B1%5D=3&val=1", "/owls/7?arr%5B1%5D=3&val=1"),
        ("/a%2fb%2F?x=%c3%A9&&y=", "/a%2fb%2F?x=%c3%A9&&y="),
        ("/m\xc3\xbcll x", "/m%C3%BCll%20x"),
        ("/100%", "/100%25"),
        ('/a["b"]?c=[1]|2', "/a%5B%22b%22%5D?c=%5B1%5D%7C2"),
        ("/a#b?c#d=1", "/a%23b?c%23d=1"),
        ("*", "/*"),
        ("owls", "/owls"),
        ("owl:p@h:443", "/%5BREDACTED%205%5D@h:443"),
        ("@h", "/@h"),
        ("", "/"),
        ("//double", "//double"),
        ("/\u20ac", "/%E2%82%AC"),
    ],
)
def test_a_target_becomes_a_legal_url_and_is_not_normalised(
    given: str, path: str
) -> None:
    """What was percent-encoded stays as received; the rest is encoded."""
    assert f"https://api.example.com{path}" == target(given).url


@pytest.mark.parametrize(
    ("scheme", "host", "expected"),
    [
        ("http", "localhost:8000", "http://localhost:8000"),
        ("https", "[2001:db8::1]:443", "https://[2001:db8::1]:443"),
        ("http", "", "http://unknown.invalid"),
        ("http", "user:pass@owl", "http://owl"),
        ("http", 'evil/"?x', "http://evil%2F%22%3Fx"),
        ("java script", "owl", "http://owl"),
    ],
)
def test_a_hostile_host_cannot_break_the_url(
    scheme: str, host: str, expected: str
) -> None:
    """Whatever the Host header says, the URL parses and holds no userinfo."""
    assert f"{expected}/x" == target("/x", scheme, host).url


def test_an_absolute_target_names_its_own_authority() -> None:
    """RFC 9112 section 3.2.2: the Host header is ignored then."""
    found = target("http://user:pass@owl.example.org:81/x?a=1")

    assert found.url == "http://owl.example.org:81/x?a=1"


def test_the_query_is_decoded_in_order() -> None:
    """Duplicates and blanks are kept, `+` is a space, `;` separates nothing."""
    found = target("/?b=2&a=1&b=&c&&d=x+y%20z;e=5&%C3%A9=%ff")

    expected = (
        ("b", "2"), ("a", "1"), ("b", ""), ("c", ""), ("d", "x y z;e=5"),
        ("é", "\ufffd"),
    )  # fmt: skip
    assert expected == found.query


@pytest.mark.parametrize(
    "name",
    ["api_key", "API_KEY", "apiKey", "api-key", "%61pi_key", "token", "key", "idToken"],
)
def test_a_key_in_the_query_is_masked_and_known(name: str) -> None:
    """Its mask stands in the URL and in queryString, and identifies the caller."""
    found = target(f"/x?a=%41&{name}={SECRET}&z=+")
    decoded = name.replace("%61", "a")

    assert f"https://api.example.com/x?a=%41&{name}={MASK}&z=+" == found.url
    assert (("a", "A"), (decoded, mask_key(SECRET)), ("z", " ")) == found.query
    assert {decoded.lower(): mask_key(SECRET)} == found.keys


@pytest.mark.parametrize("name", ["code", "client_secret", "Password", "sig"])
def test_nothing_derived_from_other_secrets_is_written(name: str) -> None:
    """An authorization code leaves its length and no identity."""
    found = target(f"/x?{name}={SECRET}")

    assert ((name, "[REDACTED 16]"),) == found.query
    assert found.url.endswith(f"?{name}=%5BREDACTED%2016%5D")
    assert not found.keys


@pytest.mark.parametrize(
    "given",
    [
        f"/x?a=1;token={SECRET}",
        f"/x?a=1?token={SECRET}",
        f"/x#token={SECRET}",
        f"/x?a=1#access_token={SECRET}",
        f"/x?user[password]={SECRET}",
        f"/x?user%5Bpassword%5D={SECRET}",
        f"/x?user.password={SECRET}",
        f"/x?token={SECRET};{SECRET}?{SECRET}#{SECRET}",
        f"http://{SECRET}:{SECRET}@owl/x?to%6ben={SECRET}",
        f"/x;token={SECRET}/y;to%6ben={SECRET}?a=1",
        f"/x?next=https://owl:{SECRET}@h/y",
        f"//owl:{SECRET}@h/y",
        f"owl:{SECRET}@h:443",
    ],
)
def test_a_secret_in_an_odd_place_is_masked(given: str) -> None:
    """Frameworks split queries in more ways than one; none may leak."""
    found = target(given)

    assert SECRET not in found.url + repr(found.query)


def test_the_first_of_two_keys_identifies() -> None:
    """A second one, added by somebody in between, changes nothing."""
    found = target(f"/x?token={SECRET}&token=another-secret")

    assert {"token": mask_key(SECRET)} == found.keys


def test_json_in_a_parameter_is_masked_in_place() -> None:
    """As the value of a form's field is; what holds no listed field stays as it is."""
    fields = FieldMask(Masks())
    mask = UrlMask(Masks(), fields.mask_form_value)
    given = "/x?a=%7b%7D&v=%7B%22cvv%22%3A%22123%22,%22b%22:1%7D&{}=1&c=%2b"

    found = mask.target("http", "h", given)

    expected = "v=%7B%22cvv%22%3A%22%5BREDACTED%203%5D%22%2C%22b%22%3A1%7D"
    assert found.url == f"http://h/x?a=%7b%7D&{expected}&%7B%7D=1&c=%2b"
    assert found.query[1] == ("v", '{"cvv":"[REDACTED 3]","b":1}')
    assert mask.header(given) == f"/x?a=%7b%7D&{expected}&{{}}=1&c=%2b"


def test_half_of_a_surrogate_pair_costs_no_record() -> None:
    """An application may put one into a Location; it has no UTF-8."""
    assert header("/x?token=abcdefgh\ud83d").endswith("%3Ffgh%3F")


def test_an_empty_value_is_no_secret() -> None:
    """`?token=` says that there was none."""
    found = target("/x?token=")

    assert found.query == (("token", ""),)
    assert not found.keys


def test_a_parameter_of_the_path_is_masked_and_identifies_nobody() -> None:
    """RFC 3986 section 3.3: `;name=value` belongs to its segment."""
    found = target(f"/a;v=1;token={SECRET}/b;{SECRET}?c=d;e")

    assert found.url.endswith(f"/a;v=1;token={MASK}/b;{SECRET}?c=d;e")
    assert not found.keys


def test_an_added_name_is_redacted() -> None:
    """`mask_query` extends the list."""
    found = UrlMask(Masks(query=["owl"])).target("http", "a", "/?OWL=hoot&owls=2")

    assert found.query == (("OWL", "[REDACTED 4]"), ("owls", "2"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://a/b?page=2#top", "https://a/b?page=2#top"),
        ("no url at all", "no url at all"),
        (f"https://a/b?x=1&token={SECRET}#top", f"https://a/b?x=1&token={MASK}#top"),
        (f"/cb#id_token={SECRET}&x=1", f"/cb#id_token={MASK}&x=1"),
        (f"/#/route?key={SECRET}", f"/#/route?key={MASK}"),
        (f"5; url=/x?key={SECRET}", f"5; url=/x?key={MASK}"),
        (
            f'<https://a?p=2&key={SECRET}>; rel="next", <https://a?key={SECRET}>',
            f'<https://a?p=2&key={MASK}>; rel="next", <https://a?key={MASK}>',
        ),
        ("https://u:p%40w@d@host/x", "https://%5BREDACTED%209%5D@host/x"),
        ("mailto:owl@example.com", "mailto:owl@example.com"),
        ("/x?mail=owl@example.com", "/x?mail=owl@example.com"),
        ("/x?a=//b&mail=owl@example.com", "/x?a=//b&mail=owl@example.com"),
        ("/x?a=//u:p@b&c=d@e", "/x?a=//%5BREDACTED%203%5D@b&c=d@e"),
        (f"/x;token={SECRET};a=1/y;b=2?c=3", f"/x;token={MASK};a=1/y;b=2?c=3"),
        (f"/x;a=1;key={SECRET}", f"/x;a=1;key={MASK}"),
        (f"<https://a;key={SECRET}>; key=x", f"<https://a;key={MASK}>; key=x"),
    ],
)
def test_a_header_with_urls_keeps_all_but_its_secrets(
    given: str, expected: str
) -> None:
    """Referer, Location, Link and Refresh stay byte for byte otherwise."""
    assert expected == header(given)
