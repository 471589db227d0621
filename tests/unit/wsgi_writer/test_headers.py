"""Header lists: in order, in full, without a credential in them."""

from __future__ import annotations

import json

import pytest

from wsgi_writer.headers import HeaderBlock, HeaderMask
from wsgi_writer.mask import Masks, mask_key
from wsgi_writer.urls import UrlMask

SECRET = "s3cr3t-owl-value"


def lay_out(*headers: tuple[str, str], masks: Masks | None = None) -> HeaderBlock:
    """Lay a header list out."""
    masks = masks or Masks()
    return HeaderMask(masks, UrlMask(masks)).lay_out(headers)


def shown(block: HeaderBlock) -> list[tuple[str, str]]:
    """Return the pairs of a block."""
    return [(pair["name"], pair["value"]) for pair in json.loads(block.json)]


def test_headers_keep_order_case_and_duplicates() -> None:
    """What was sent twice is recorded twice."""
    headers = [("X-B", "1"), ("x-a", 'a"b\n'), ("X-B", "2"), ("", "")]

    assert headers == shown(lay_out(*headers))
    assert shown(lay_out()) == []


@pytest.mark.parametrize(
    "name",
    [
        "Authorization", "PROXY-AUTHORIZATION", "X-Api-Key", "x_api_key", "Api-Key",
        "X-Auth-Token", " X-Access-Token ", "X-Amz-Security-Token", "Access-Token",
        "X-MS-Token-AAD-Access-Token", "X-Auth-Request-Access-Token", "DD-Api-Key",
        "X-Serverless-Authorization", "X-Pomerium-Jwt-Assertion", "X-User-Token",
    ],
)  # fmt: skip
def test_key_headers_show_readmes_mask(name: str) -> None:
    """In any case, with either separator."""
    assert [(name, mask_key(SECRET))] == shown(lay_out((name, SECRET)))


def test_keys_are_known_by_lower_case_name() -> None:
    """Authorization is told apart; the first of two equal names counts."""
    block = lay_out(
        ("X_Api_Key", SECRET), ("x-api-key", "other-secret"), ("Authorization", SECRET)
    )

    assert {"x-api-key": mask_key(SECRET)} == block.keys
    assert block.authorization is not None
    assert mask_key(SECRET) == block.authorization.id


def test_a_second_authorization_is_masked_too() -> None:
    """No server should pass two; both are secrets if one does."""
    block = lay_out(("Authorization", SECRET), ("Authorization", "other-secret"))

    assert mask_key("other-secret") == shown(block)[1][1]
    assert {"authorization": mask_key("other-secret")} == block.keys


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Client-Secret", SECRET, "[REDACTED 16]"),
        ("X-Client-Secret", "", ""),
        ("X-Hasura-Admin-Secret", SECRET, "[REDACTED 16]"),
        ("X-Password", SECRET, "[REDACTED 16]"),
        ("Cookie", f"a={SECRET}", "a=[REDACTED 16]"),
        ("Set-Cookie", f"a={SECRET}; Path=/", "a=[REDACTED 16]; Path=/"),
        ("Referer", f"http://a/?code={SECRET}", "http://a/?code=%5BREDACTED%2016%5D"),
        ("X-Original-URL", f"/?code={SECRET}", "/?code=%5BREDACTED%2016%5D"),
        ("X-Owl", SECRET, "[REDACTED 16]"),
        ("X-Other", SECRET, SECRET),
    ],
)
def test_each_kind_of_header_is_masked_its_own_way(
    name: str, value: str, expected: str
) -> None:
    """Markers for secrets, names for cookies, all but the secret for URLs."""
    block = lay_out((name, value), masks=Masks(headers=["X-Owl"]))

    assert [(name, expected)] == shown(block)


@pytest.mark.parametrize(
    "name",
    [
        "X-Original-URL", "X-Rewrite-URL", "X-MS-Original-URL", "X-Forwarded-Uri",
        "X-Original-Uri", "X-Envoy-Original-Path", "X-Forwarded-Path", "Referer",
        "Location", "Content-Location", "Refresh", "Link", "X-Accel-Redirect",
        "X-Sendfile", "Destination", "HX-Current-URL", "HX-Redirect", "Ping-From",
        "Turbolinks-Location", "X-Replaced-Path", "X-OriginalURL", "Url",
        "x_request_uri",
    ],
)  # fmt: skip
def test_headers_that_hold_a_url_are_treated_alike(name: str) -> None:
    """Whoever wrote the target again, its parameters are masked."""
    block = lay_out((name, f"/a;code={SECRET}?b=c&code={SECRET}#d"))

    mark = "%5BREDACTED%2016%5D"
    assert [(name, f"/a;code={mark}?b=c&code={mark}#d")] == shown(block)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Host", "u:p@h:80", "%5BREDACTED%203%5D@h:80"),
        ("X-Forwarded-Host", "a, u:p@q@h", "%5BREDACTED%208%5D@h"),
        ("Forwarded", 'host="u:p@h"', '%5BREDACTED%209%5D@h"'),
        ("Origin", "https://u:p@h", "https://%5BREDACTED%203%5D@h"),
        ("Referer", "https://u:p@h/", "https://%5BREDACTED%203%5D@h/"),
        ("X-Any", "see https://u:p@h/a?b", "see https://%5BREDACTED%203%5D@h/a?b"),
        ("User-Agent", "owl (owl@example.com)", "owl (owl@example.com)"),
        ("From", "owl@example.com", "owl@example.com"),
        ("X-Any", "https://h/?b=c@d", "https://h/?b=c@d"),
        ("X-Any", "https://h/?a=//b&c=d@e", "https://h/?a=//b&c=d@e"),
        ("Referer", "https://h/?a=//b&c=d@e", "https://h/?a=//b&c=d@e"),
        ("X-Any", "//h/?a=//u:p@b", "//h/?a=//%5BREDACTED%203%5D@b"),
        ("Referer", "//h/?a=//u:p@b", "//h/?a=//%5BREDACTED%203%5D@b"),
    ],
)
def test_userinfo_is_masked_in_every_header(
    name: str, value: str, expected: str
) -> None:
    """RFC 3986 section 3.2.1; and both ways to lay headers out agree."""
    masks = Masks()
    mask = HeaderMask(masks, UrlMask(masks))
    headers = [("X-First", "a"), (name, value), ("Authorization", SECRET)]
    block = mask.lay_out(headers)
    planned = mask.plan([name for name, _ in headers]).lay_out([v for _, v in headers])

    assert shown(block)[1] == (name, expected)
    assert block.json == planned.json
    assert block.keys == planned.keys
    assert block.authorization == planned.authorization
    assert shown(mask.lay_out_short(headers)) == shown(block)


def test_the_block_tells_what_the_record_needs() -> None:
    """Content type, the chain of codings, and Location already masked."""
    block = lay_out(
        ("content-type", "text/plain"),
        ("Content-Type", "application/json"),
        ("Content-Encoding", "GZIP"),
        ("content-encoding", " br "),
        ("Location", f"/?code={SECRET}"),
        ("Cookie", "sid=hunter2-hunter2"),
        masks=Masks(identity_cookies=["sid"]),
    )

    assert block.content_type == "text/plain"
    assert block.content_encoding == "gzip,br"
    assert block.location == "/?code=%5BREDACTED%2016%5D"
    assert {"sid": mask_key("hunter2-hunter2")} == block.cookies


def test_an_added_name_cannot_unmask_a_cookie() -> None:
    """Listing `Cookie` again leaves its own treatment in place."""
    block = lay_out(("Cookie", "a=b"), masks=Masks(headers=["Cookie"]))

    assert shown(block) == [("Cookie", "a=[REDACTED 1]")]


def test_long_values_are_shed_after_they_were_read() -> None:
    """A record that is too large keeps names, short values and identities."""
    masks = Masks()
    block = HeaderMask(masks, UrlMask(masks)).lay_out_short(
        [("X-Long", "x" * 500), ("Authorization", SECRET * 90), ("Location", "/" * 200)]
    )

    expected = [
        ("X-Long", "[SHED 500]"),
        ("Authorization", mask_key(SECRET * 90)),
        ("Location", "[SHED 200]"),
    ]
    assert expected == shown(block)
    assert block.location == "[SHED 200]"
    assert block.authorization is not None


def test_a_long_url_is_shed_unread_and_unseen() -> None:
    """What goes anyway is not looked through, and nothing of it is shown."""
    masks = Masks()
    url = f"https://h/?token={SECRET}&b={'x' * 200}"
    block = HeaderMask(masks, UrlMask(masks)).lay_out_short(
        [("Referer", url), ("Location", url), ("X-Next-Url", f"/?token={SECRET}")]
    )

    assert shown(block)[0] == ("Referer", f"[SHED {len(url)}]")
    assert SECRET not in block.json + block.location
