"""The project key: where it is looked for, and what makes one usable.

In: the configured file, the environment, the default file. Out: the key and
where it came from, or the fault that says how to mend it. A key, or a part of
one, never appears in a message.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct

from shipper.errors import OPEN_TO_USER, Fault
from shipper.secretive import Secretive

CREDENTIAL_NAME = "readme-api-key"
VARIABLE = "README_API_KEY"
_WRITE_IT = "write the key alone; ReadMe shows it under Configuration > API Keys"
MAX_KEY_BYTES = 4096  # a key has some forty characters; anything else is a mistake


class Credential(Secretive, frozen=True):
    """A usable key.

    Attributes:
        key: Stripped, latin-1, without control characters.
        origin: The file or variable it came from.
    """

    hidden: ClassVar = ("key",)

    key: str
    origin: str


class KeyFile(Struct, frozen=True):
    """A file named in the configuration.

    Attributes:
        path: Absolute.
        where: ``FILE:LINE`` of the setting, for messages.
    """

    path: str
    where: str


def find_credential(
    explicit: KeyFile | None,
    environ: Mapping[str, str],
    *,
    default_file: str,
    where: str,
) -> Credential | Fault:
    """Return the first key of: explicit file, systemd, environment, default file.

    Args:
        explicit: The configured file, or None.
        environ: The process environment.
        default_file: Read only when nothing else names a key.
        where: The configuration file, for the message that no key was found.
    """
    if explicit is not None:
        return _from_file(explicit.path, where=explicit.where)
    directory = environ.get("CREDENTIALS_DIRECTORY")
    if directory:
        path = os.path.join(directory, CREDENTIAL_NAME)
        if os.path.lexists(path):
            return _from_file(path, where="CREDENTIALS_DIRECTORY")
    if VARIABLE in environ:
        return _checked(environ[VARIABLE], origin=VARIABLE, where=VARIABLE)
    if os.access(default_file, os.R_OK):
        return _from_file(default_file, where=default_file)
    closed = " (it exists, but this user may not read it)"
    return Fault(
        where=where,
        key="readme.api_key_file",
        problem="no project key was found",
        hint=f"write it into {default_file}"
        f"{closed if os.path.lexists(default_file) else ''} or set {VARIABLE}; "
        "ReadMe shows it under Configuration > API Keys",
    )


def _from_file(path: str, *, where: str) -> Credential | Fault:
    if path.rpartition("/")[2].startswith("rdme_"):
        return _fault(where, "expected the path of a file, found what looks like a key")
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        hint = OPEN_TO_USER if isinstance(error, PermissionError) else _WRITE_IT
        return _fault(where, f"{path} cannot be read: {error.strerror}", hint)
    except ValueError:  # a NUL in the path
        return _fault(where, "expected the path of a file")
    if len(content) > MAX_KEY_BYTES:
        return _fault(where, f"{path} is too long for a key", _WRITE_IT)
    try:
        text = content.decode("utf-8-sig")  # some editors put a mark before it
    except UnicodeDecodeError:
        return _fault(where, f"{path} is not text", _WRITE_IT)
    return _checked(text, origin=path, where=where)


def _checked(text: str, *, origin: str, where: str) -> Credential | Fault:
    key = text.strip()
    problem = _problem(key)
    if problem is not None:
        return _fault(where, f"the key in {origin} {problem}", _WRITE_IT)
    return Credential(key, origin)


def _problem(key: str) -> str | None:
    """Return why `key` cannot be the user name of Basic auth (RFC 7617), or None."""
    if not key:
        return "is empty"
    if "\n" in key or "\r" in key:
        return "has more than one line: expected the key alone"
    if not key.isprintable() or any(ord(character) > 0xFF for character in key):
        return "holds a character that no key has"
    if ":" in key or " " in key:
        return "holds a colon or a blank: expected the key alone"
    return None


def _fault(where: str, problem: str, hint: str | None = None) -> Fault:
    return Fault(where, "readme.api_key_file", problem, hint)
