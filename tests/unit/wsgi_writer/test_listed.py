"""The search for listed names: it never misses one, however it is hidden."""

from __future__ import annotations

import pytest

from wsgi_writer.listed import ListedNames, unescape
from wsgi_writer.mask import FIELDS, Masks, spellings

BUILT_IN = Masks().fields or frozenset()


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_spelling_of_every_name_is_found(name: str) -> None:
    """In any case, and among other letters."""
    names = ListedNames(BUILT_IN)

    assert names.occur_in(f'{{"a":1,"{name.upper()}":2}}')
    assert name.upper() in names


def test_all_built_in_fields_are_listed() -> None:
    """The list of the design is the list that is looked for."""
    assert frozenset().union(*map(spellings, FIELDS)) == BUILT_IN


@pytest.mark.parametrize(
    "text",
    [
        '{"p\\u0061ssword": 1}',
        '{"\\u0050\\u0041SSWORD": 1}',
        '{"api\\u005fkey": 1}',
        '{"api\\u002Dkey": 1}',
        '{"password": 1}'.encode("utf-16").decode("latin-1"),
        '{"password": 1}'.encode("utf-32-be").decode("latin-1"),
        '{"é": 1, "Password": 2}',
        '{"\xff\xfe": 1, "Password": 2}',
    ],
)
def test_a_hidden_name_is_found(text: str) -> None:
    """Escapes, wide characters, and neighbours in other scripts hide nothing."""
    assert ListedNames(BUILT_IN).occur_in(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"pass": 1, "word": 2, "key": 3, "number": 4, "tokens": 5}',
        '{"\\u00e9\\u0070": "\\u0416"}',
        "",
    ],
)
def test_other_texts_pass(text: str) -> None:
    """Parts of names are no names."""
    assert not ListedNames(BUILT_IN).occur_in(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("contraseña", '{"CONTRASEÑA": 1}'),
        ("contraseña", '{"contrase\\u00f1a": 1}'),
        ("a.b", '{"a.b": 1}'),
        ('a"b', '{"a\\"b": 1}'),
        ("🦉", '{"\\ud83e\\udd89": 1}'),
    ],
)
def test_an_odd_name_is_found_too(name: str, text: str) -> None:
    """Names in other scripts or with punctuation may be listed as well."""
    names = ListedNames(frozenset({name}))

    assert names.occur_in(text)
    assert not names.occur_in("{}")


def test_an_empty_list_finds_nothing() -> None:
    """With the list switched off every body passes."""
    assert not ListedNames(frozenset()).occur_in('{"password": 1}')


def test_a_quoted_name_is_told_from_a_word() -> None:
    """Only in quotes can it be a key."""
    names = ListedNames(BUILT_IN)

    assert names.quoted_in('[{\\"p\\u0061ssword\\": 1')
    assert not names.quoted_in("[INFO] password changed")


@pytest.mark.parametrize("quote", ['\\"', "\\u0022"])
@pytest.mark.parametrize("times", range(5))
def test_a_quoted_name_is_told_in_a_document_within_others(
    quote: str, times: int
) -> None:
    """Some encoders escape a quote by its number, and each one around it as theirs."""
    text = '{"p\\u0061ssword":"hun'
    for _ in range(times):
        text = '{"a":"' + text.replace("\\", "\\\\").replace('"', quote)

    assert ListedNames(BUILT_IN).quoted_in(text)


def test_unescaping_joins_surrogates() -> None:
    """Two escapes can make one character; half of one becomes U+FFFD."""
    assert "🦉\ufffd\n".replace("\n", "n") == unescape("\\ud83e\\udd89\\ud83e\\n")


@pytest.mark.timeout(90)
def test_a_body_of_backslashes_takes_no_more_time_than_its_length() -> None:
    """The application waits for it."""
    names = ListedNames(BUILT_IN)

    assert not names.occur_in("\\" * 100_000 + "\\u00")
    assert names.occur_in("\\" * 100_000 + "\\u0070assword")
