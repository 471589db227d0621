"""The project key: where it comes from, and what is refused as one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shipper.config.credential import Credential, KeyFile, find_credential
from shipper.errors import Fault

SECRET = "rdme_0123456789"


def _find(
    directory: Path, environ: dict[str, str], explicit: Path | None = None
) -> Credential | Fault:
    return find_credential(
        KeyFile(str(explicit), "FILE:1") if explicit else None,
        environ,
        default_file=str(directory / "default"),
        where="FILE",
    )


def _fault(found: Credential | Fault) -> str:
    assert isinstance(found, Fault)
    return str(found)


def test_the_first_place_that_names_a_key_wins(tmp_path: Path) -> None:
    """Explicit file, then systemd's credential, then the variable, then the default."""
    environ: dict[str, str] = {}
    origins = []
    for name, more in [
        ("default", {}),
        ("", {"README_API_KEY": "from-variable"}),
        ("readme-api-key", {"CREDENTIALS_DIRECTORY": str(tmp_path)}),
    ]:
        if name:
            (tmp_path / name).write_text(f"in-{name}")
        environ |= more
        found = _find(tmp_path, environ)
        assert isinstance(found, Credential)
        origins.append((found.key, found.origin))
    (tmp_path / "explicit").write_text("in-explicit")
    found = _find(tmp_path, environ, tmp_path / "explicit")

    assert isinstance(found, Credential)
    assert [*origins, (found.key, found.origin)] == [
        ("in-default", f"{tmp_path}/default"),
        ("from-variable", "README_API_KEY"),
        ("in-readme-api-key", f"{tmp_path}/readme-api-key"),
        ("in-explicit", f"{tmp_path}/explicit"),
    ]


def test_a_credentials_directory_of_other_things_is_passed_over(tmp_path: Path) -> None:
    """A unit may load credentials that are none of ours."""
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "README_API_KEY": SECRET}

    assert _find(tmp_path, environ) == Credential(SECRET, "README_API_KEY")


def test_blanks_around_a_key_are_taken_off(tmp_path: Path) -> None:
    """`echo key > file` leaves a newline, copying blanks, an editor a mark before."""
    (tmp_path / "default").write_text(f"\ufeff {SECRET}\r\n\n", "utf-8")

    found = _find(tmp_path, {})

    assert isinstance(found, Credential)
    assert found.key == SECRET


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b" \n", "is empty"),
        (b"rdme_a\nrdme_b\n", "has more than one line"),
        (b"rdme_\xc4\x80", "a character that no key has"),
        (b"rdme_\x00", "a character that no key has"),
        (b"README_API_KEY: rdme_a", "a colon or a blank"),
        (b"\xff\xfe", "is not text"),
        (b"r" * 5000, "is too long for a key"),
    ],
)
def test_what_cannot_be_a_key_is_a_fault_and_is_not_shown(
    content: bytes, problem: str, tmp_path: Path
) -> None:
    """The message names the file and the problem, never the content."""
    (tmp_path / "default").write_bytes(content)

    message = _fault(_find(tmp_path, {}))

    assert problem in message
    assert f"{tmp_path}/default" in message
    assert "rdme" not in message


def test_an_empty_variable_is_a_fault(tmp_path: Path) -> None:
    """A variable that was meant to hold the key must not be passed over."""
    assert "the key in README_API_KEY is empty" in _fault(
        _find(tmp_path, {"README_API_KEY": ""})
    )


def test_a_key_in_place_of_a_file_name_is_not_shown(tmp_path: Path) -> None:
    """`api_key_file = "rdme_..."` is a slip that must not reach the log."""
    message = _fault(_find(tmp_path, {}, tmp_path / SECRET))

    assert "expected the path of a file" in message
    assert SECRET not in message


@pytest.mark.parametrize("name", ["missing", ".", "no\0name"])
def test_an_explicit_file_that_cannot_be_read_is_a_fault(
    name: str, tmp_path: Path
) -> None:
    """Nothing else is tried: the operator has said which file."""
    message = _fault(_find(tmp_path, {"README_API_KEY": SECRET}, tmp_path / name))

    assert message.startswith("FILE:1: readme.api_key_file: ")


def test_a_key_that_is_nowhere_is_a_fault_with_a_way_out(tmp_path: Path) -> None:
    """The message says which file and which variable would hold it."""
    message = _fault(_find(tmp_path, {}))

    assert f"write it into {tmp_path}/default or set README_API_KEY" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_default_file_that_is_closed_is_told(tmp_path: Path) -> None:
    """An operator who wrote the file as root learns why it is not seen."""
    (tmp_path / "default").write_text(SECRET)
    (tmp_path / "default").chmod(0)

    assert "this user may not read it" in _fault(_find(tmp_path, {}))


def test_a_key_file_that_is_closed_says_how_to_open_it(tmp_path: Path) -> None:
    """What is wrong are its permissions, and no key."""
    path = tmp_path / "key"
    path.write_text(SECRET)
    path.chmod(0)
    uid = os.geteuid()
    if uid == 0:
        os.seteuid(65534)  # root may read every file
    try:
        message = _fault(_find(tmp_path, {}, explicit=path))
    finally:
        os.seteuid(uid)

    assert f"{path} cannot be read: Permission denied (let this user read" in message
    assert "chmod 0640" in message
