"""ReadMe's mask, the keyed mask, and the lists that decide what is masked."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from wsgi_writer.mask import (
    KEY_HEADERS,
    Masks,
    Remembered,
    holds_noncharacter,
    mask_key,
    redacted,
    spellings,
)

VECTORS = {
    "owlbert-api-key": (
        "sha512-u2GbQ83jIqNa+a8v110+8IDztQQr4joL1xSE+wFH51zSOA1qQKPwOC8t2n2LWJQA1m"
        "X4ZLZ45SEokITzLed/ow==?-key"
    ),
    "Bearer: a-random-api-key": (
        "sha512-7S+L0vUE8Fn6HI3836rtz4b6fVf6H4JFur6SGkOnL3bFpC856+OSZkpIHphZ0ipNO+k"
        "Uw1ePb5df2iYrNQCpXw==?-key"
    ),
    "12345": (
        "sha512-NieQminDE4Ggcewn98nKl3Jhgq7Smn3dLlQ1MyLPswq7njpt8qwsIP4jQ2MR1nhWTQy"
        "NMFkwV19g4tPQSBhNeQ==?2345"
    ),
    "abc": (
        "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1"
        "EI2Q86A4qmslPpUyknw==?abc"
    ),
    "clé-ünïcode-é": (
        "sha512-z3gN9NTc9FYQ9cLiwn2Wq7ajqT4wdwdJFwa8JWvSevY6/W2Zu6CIfp39u48iAhzJW0b"
        "2uPMAbLoa77IDXxijzQ==?de-é"
    ),
}


@pytest.mark.parametrize(("value", "expected"), VECTORS.items())
def test_the_mask_is_the_one_readme_computes(value: str, expected: str) -> None:
    """Callers keep the identity they had with ReadMe's own SDK."""
    assert expected == mask_key(value, mask_short_keys=True)


@pytest.mark.parametrize(("value", "expected"), VECTORS.items())
def test_only_values_of_eight_characters_show_four(value: str, expected: str) -> None:
    """A short key is never half shown unless somebody asked for it."""
    shown = expected if len(value) >= 8 else expected.partition("?")[0]

    assert shown == mask_key(value)
    assert shown == Masks().key(value)


def test_short_keys_are_shown_when_asked_for() -> None:
    """`mask_short_keys` gives the very text ReadMe's SDKs send."""
    assert VECTORS["12345"] == Masks(mask_short_keys=True).key("12345")


def test_the_keyed_mask_needs_its_key_to_be_recomputed() -> None:
    """With `hmac` nobody can test a guess without the key file."""
    digest = hmac.new(b"pepper", b"owlbert-api-key", hashlib.sha512).digest()
    expected = f"hmac-sha512-{base64.b64encode(digest).decode()}?-key"

    assert expected == Masks(mask="hmac", mask_key=b"pepper").key("owlbert-api-key")


def test_a_lone_surrogate_is_hashed_too() -> None:
    """A key that is no valid text still has a mask, and one of its own."""
    assert mask_key("owl-\udcff-bert") != mask_key("owl-\udcfe-bert")


def test_a_credential_shorter_than_its_header_shows_nothing() -> None:
    """`Bearer abc` is ten characters long, and its last four are the secret."""
    masks = Masks()

    assert (
        masks.credential("Bearer abc", "abc") == masks.key("Bearer abc").split("?")[0]
    )
    assert "?" not in masks.credential("Bearer abc", "abc")


def test_a_marker_tells_the_length_and_nothing_else() -> None:
    """`[REDACTED n]` is what readers of ReadMe's dashboard know."""
    assert redacted("hunter2") == "[REDACTED 7]"


def test_lists_are_extended_and_never_shortened() -> None:
    """Naming one more header leaves the built-in ones where they are."""
    masks = Masks(headers=["X-Owl"], query=["owl"], fields=["owl"])

    assert masks.key_headers >= KEY_HEADERS
    assert "x-owl" in masks.redacted_headers
    assert {"owl", "code"} <= masks.redacted_query
    assert masks.fields is not None
    assert {"owl", "password"} <= masks.fields


def test_an_added_key_header_keeps_an_identity() -> None:
    """A header whose last word is key or token can still tell callers apart."""
    masks = Masks(headers=["X-Owl-Key", "X_Owl_Token", "X-Owl-Number"])

    assert {"x-owl-key", "x-owl-token"} <= masks.key_headers
    assert "x-owl-number" in masks.redacted_headers


def test_a_list_cannot_weaken_a_built_in_name() -> None:
    """Adding a name that is on the other list already changes nothing."""
    masks = Masks(headers=["Api-Key"], query=["token"])

    assert "api-key" in masks.key_headers - masks.redacted_headers
    assert "token" in masks.key_query - masks.redacted_query


def test_only_the_field_list_can_be_switched_off() -> None:
    """`mask_fields=None` leaves bodies alone."""
    assert Masks(fields=None).fields is None


def test_a_name_is_known_in_every_spelling() -> None:
    """Snake case, kebab case and camel case name the same field."""
    expected = {"api_key", "api-key", "apikey"}

    assert expected == spellings("Api_Key") == spellings("api-key")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"headers": "X-Owl"}, TypeError, "mask_headers must be a list"),
        ({"query": b"owl"}, TypeError, "mask_query must be a list"),
        ({"fields": [7]}, TypeError, "mask_fields must hold strings"),
        ({"jwt_claims": [""]}, ValueError, "jwt_claims holds an empty name"),
        ({"identity_cookies": "sid"}, TypeError, "identity_cookies must be"),
        ({"mask": "md5"}, ValueError, "mask must be 'sha512' or 'hmac'"),
        ({"mask": "hmac"}, ValueError, "need each other"),
        ({"mask": "hmac", "mask_key": b""}, ValueError, "need each other"),
        ({"mask_key": b"pepper"}, ValueError, "need each other"),
    ],
)
def test_a_wrong_list_is_refused_at_once(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    """A mistake in the set-up is told before a single request is masked wrongly."""
    with pytest.raises(error, match=message):
        Masks(**options)


def test_a_memory_is_bounded() -> None:
    """However many values pass, and however long, the memory stays small."""
    memory = Remembered(str.upper, limit=3)

    found = [memory[text] for text in ("a", "b", "c", "d", "x" * 5000)]

    assert found == ["A", "B", "C", "D", "X" * 5000]
    assert dict(memory) == {"d": "D"}


def test_what_has_grown_too_large_is_worked_out_again() -> None:
    """A client must not fill the memory of the application with a few kilobytes."""
    memory = Remembered(lambda text: text * 10, is_small=lambda found: len(found) < 50)

    assert memory["a" * 9] == "a" * 90
    assert memory["b"] == "b" * 10
    assert list(memory) == ["b"]


def test_what_is_derived_is_built_once() -> None:
    """The rooms above compute their tables once for a set of masks."""
    masks = Masks()

    def build(given: Masks) -> list[Masks]:
        return [given]

    assert masks.derived(build) is masks.derived(build)
    assert [masks] == masks.derived(build)


NONCHARACTERS = ["\ufdd0", "\ufdef", "\ufffe", "\uffff", "\U0001fffe"]


@pytest.mark.parametrize("character", NONCHARACTERS)
def test_every_noncharacter_is_seen(character: str) -> None:
    """I-JSON (RFC 7493) forbids them, escaped or not."""
    text = f"é{character}"

    assert holds_noncharacter(text.encode(), text)


@pytest.mark.parametrize("text", ["plain", "é", "\u7fff\u0fff\ufdcf\ufffd"])
def test_their_neighbours_are_no_noncharacters(text: str) -> None:
    """Characters whose UTF-8 looks alike are left alone."""
    assert not holds_noncharacter(text.encode(), text)
