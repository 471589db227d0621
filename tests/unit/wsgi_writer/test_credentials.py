"""Authorization and cookies: what is kept of them, and that no secret is."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from wsgi_writer.credentials import (
    SetCookies,
    read_cookies,
    read_credential,
)
from wsgi_writer.mask import Masks, mask_key

TOKEN = "a-random-api-key"


def basic(text: bytes) -> str:
    """Return Basic credentials."""
    return f"Basic {base64.b64encode(text).decode()}"


def jwt(payload: bytes) -> str:
    """Return a bearer JWT with this payload and a signature that proves nothing."""
    middle = base64.urlsafe_b64encode(payload).decode().rstrip("=")
    return f"Bearer eyJhbGciOiJub25lIn0.{middle}.c2lnbmF0dXJl"


def known(value: str, masks: Masks | None = None) -> dict[str, Any]:
    """Return what is kept in `auth` of a credential."""
    found: dict[str, Any] = json.loads(
        f"{{{read_credential(value, masks or Masks()).auth}}}"
    )
    return found


@pytest.mark.parametrize(
    ("value", "scheme"),
    [
        (f"Bearer {TOKEN}", "bearer"),
        (f"Bearer: {TOKEN}", "bearer"),
        (f"  bEARER \t {TOKEN} ", "bearer"),
        (f"Token {TOKEN}", "token"),
    ],
)
def test_the_token_is_known_without_its_scheme_word(value: str, scheme: str) -> None:
    """The header shows ReadMe's mask of the whole, `auth.id` that of the token."""
    assert {"scheme": scheme, "id": mask_key(TOKEN)} == known(value)
    assert mask_key(value.strip()) == read_credential(value, Masks()).shown


@pytest.mark.parametrize("value", [TOKEN, f"hunter2 {TOKEN}"])
def test_a_word_that_is_no_scheme_is_part_of_the_secret(value: str) -> None:
    """Only registered words are taken for schemes; any other may be a password."""
    assert {"id": mask_key(value)} == known(value)


@pytest.mark.parametrize("word", ["Basic", "basic", "BASIC", "Basic:"])
def test_basic_keeps_the_user_name_alone(word: str) -> None:
    """Nothing derived from the password is written, no hash either."""
    secret = basic(b"owl:hunter2:x").removeprefix("Basic ")
    found = read_credential(f"{word} {secret}", Masks())

    assert f"Basic [REDACTED {len(secret)}]" == found.shown
    assert known(f"{word} {secret}") == {"scheme": "basic", "user": "owl"}
    assert found.id is None


def test_a_user_name_without_a_password_is_a_key() -> None:
    """Many APIs take theirs so; in clear it would lie in the log."""
    found = known(basic(f"{TOKEN}:".encode()))

    assert found == {"scheme": "basic", "id": mask_key(TOKEN)}


@pytest.mark.parametrize(
    ("value", "user"),
    [
        (basic("böwl:x".encode()), "böwl"),
        (basic(b"b\xf6wl:x"), "böwl"),
        (basic(b"owl:xy").rstrip("="), "owl"),
    ],
)
def test_a_user_name_is_read_in_either_encoding(value: str, user: str) -> None:
    """RFC 7617 leaves the character set open."""
    assert user == known(value)["user"]


@pytest.mark.parametrize(
    "value",
    [
        basic(b"no-colon-all-secret"),
        basic(b":password"),
        basic(b"u" * 300 + b":x"),
        "Basic %%%",
        "Basic \u20ac",
        "Basic",
    ],
)
def test_broken_basic_credentials_name_nobody(value: str) -> None:
    """Without a colon the whole may be the password, so none of it is kept."""
    assert known(value) == {"scheme": "basic"}
    assert read_credential(value, Masks()).shown.startswith("Basic [REDACTED ")


@pytest.mark.parametrize("lead", [f"Bearer {TOKEN}, ", '"', "x=", "credentials='", "("])
def test_basic_credentials_behind_others_are_redacted(lead: str) -> None:
    """Servers join repeated headers; a mask would show the end of the password."""
    found = read_credential(f"{lead}{basic(b'owl:hunter2')}", Masks())

    assert found.shown.startswith("[REDACTED ")
    assert (found.id, found.auth) == (None, "")


def test_an_empty_credential_is_none() -> None:
    """There is nothing to mask in it."""
    assert (
        (found := read_credential(" ", Masks())).shown,
        found.id,
        found.auth,
    ) == ("", None, "")


def test_listed_claims_of_a_jwt_are_kept() -> None:
    """Short strings and exact integers alone; everything else stays in the token."""
    claims = {
        "sub": "owl-7", "iss": "é" * 128, "azp": "x" * 257, "client_id": 7,
        "org_id": True, "email": "owl@example.com",
    }  # fmt: skip
    expected = {"sub": "owl-7", "iss": "é" * 128, "client_id": 7}

    assert expected == known(jwt(json.dumps(claims).encode()))["claims"]


@pytest.mark.parametrize(
    ("payload", "claims"),
    [
        (b'["sub"]', None),
        (b"no json", None),
        (b"[" * 9000, None),
        (b'{"sub": [1]}', None),
        (b'{"sub": 1e400, "iss": 9007199254740992}', None),
        (b'{"sub": "\\ud800"}', {"sub": "\ud800"}),
    ],
)
def test_a_strange_jwt_has_no_claims(payload: bytes, claims: object) -> None:
    """Whatever a client signs, or does not, the request is recorded."""
    assert claims == known(jwt(payload)).get("claims")


def test_other_claims_can_be_named() -> None:
    """`jwt_claims` replaces the list, down to none at all."""
    value = jwt(b'{"sub": "a", "owl": "b"}')

    assert known(value, Masks(jwt_claims=["owl"]))["claims"] == {"owl": "b"}
    assert "claims" not in known(value, Masks(jwt_claims=[]))


def test_a_token_that_is_too_long_is_not_decoded() -> None:
    """It is masked like any other."""
    assert "claims" not in known(jwt(json.dumps({"sub": "a" * 20_000}).encode()))


def test_cookies_keep_their_names() -> None:
    """Values go, also of a pair without a name."""
    found = read_cookies("sid=hunter2; empty=; loose; b=1=2", Masks())

    assert found.shown == "sid=[REDACTED 7]; empty=; [REDACTED 5]; b=[REDACTED 3]"
    assert not found.known


def test_identity_cookies_are_known_by_their_mask() -> None:
    """The first one counts, whatever its case."""
    masks = Masks(identity_cookies=["SID"])
    found = read_cookies("sid=hunter2-hunter2; Sid=other; a=b", masks)

    assert {"sid": mask_key("hunter2-hunter2")} == found.known


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "sid=hunter2; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
            "sid=[REDACTED 7]; Path=/; Max-Age=60; HttpOnly; SameSite=Lax",
        ),
        ("hunter2", "[REDACTED 7]"),
        ('sid="a;b"; Secure', "sid=[REDACTED 2];[REDACTED 2]; Secure"),
        ("sid=a; ; Secure", "sid=[REDACTED 1]; ; Secure"),
    ],
)
def test_set_cookie_keeps_its_attributes(given: str, expected: str) -> None:
    """What is no attribute of RFC 6265 may be part of the value."""
    assert expected == SetCookies().redact(given)


def test_remembered_attributes_show_no_cookie() -> None:
    """However many attributes were seen before, a value is never shown."""
    cookies = SetCookies()
    for age in range(3000):
        given = f"sid=secret; Path=/; Max-Age={age % 1500}"

        expected = f"sid=[REDACTED 6]; Path=/; Max-Age={age % 1500}"
        assert expected == cookies.redact(given)
    assert cookies.redact("a=secret; b=secret") == "a=[REDACTED 6]; [REDACTED 8]"
    assert cookies.redact("a=secret; b=secret") == "a=[REDACTED 6]; [REDACTED 8]"
