"""The configuration as it was written, with the place of every key.

Finds the one file, reads it, and lays the environment over it. Out comes a
document that can say where any key stands. Only its form is judged here:
that it can be read, and that it is TOML.
"""

from __future__ import annotations

import copy
import os
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from shipper.config.environment import CONFIG_VARIABLE, Overrides
from shipper.config.toml_lines import KeyPath, locate
from shipper.errors import OPEN_TO_USER, ConfigError, Fault

MAX_FILE_BYTES = 1_048_576  # a thousand sources take a tenth of this

# How tomllib shows the names of a table, and begins where it met text without quotes.
_NAMES = r"\(['\"].*\)"
_UNQUOTED = ("invalid value", "expected newline or end of document after a statement")
_SYNTAX_PLACE = re.compile(r"^(?P<why>.*) \(at (?:line (?P<line>\d+), .*|end of .*)\)$")


class Document(Struct, frozen=True):
    """What was written, and where.

    Attributes:
        path: The file, or None when only the environment speaks.
        table: The file's content with the overrides laid over it.
        lines: The line in the file, by key.
        variables: The variable that replaced the file's value, by key.
    """

    path: str | None
    table: Mapping[str, Any]  # what TOML holds, before it is checked
    lines: Mapping[KeyPath, int]
    variables: Mapping[KeyPath, str]

    def where(self, path: KeyPath) -> str:
        """Return the variable or ``FILE:LINE`` of the key, or of what holds it."""
        holders = [path[:length] for length in range(len(path), 0, -1)]
        # A variable first: nothing is left of the table of the file that it replaced.
        for holder in holders:
            if holder in self.variables:
                return self.variables[holder]
        for holder in holders:
            if holder in self.lines:
                return f"{self.path}:{self.lines[holder]}"
        return self.path or "environment"

    def value(self, *path: str | int) -> Any:
        """Return what stands at a key, or None when nothing does."""
        value: Any = self.table
        for step in path:
            match step, value:
                case str(), dict():
                    value = value.get(step)
                case int(), list() if step < len(value):
                    value = value[step]
                case _:
                    return None
        return value

    def text(self, *path: str | int) -> str | None:
        """Return the text at a key, or None when nothing or no text is there."""
        value = self.value(*path)
        return value if isinstance(value, str) else None

    def length(self, *path: str | int) -> int:
        """Return how many elements the array at a key has, 0 when there is none."""
        value = self.value(*path)
        return len(value) if isinstance(value, list) else 0

    def absolute(self, name: str, *, key: KeyPath) -> str:
        """Return a path, relative ones taken from the directory of their writer.

        That is the file's own directory, or the current one for a variable.
        """
        is_variable = any(key[: at + 1] in self.variables for at in range(len(key)))
        base = "." if self.path is None or is_variable else os.path.dirname(self.path)
        return os.path.abspath(os.path.join(base, os.path.expanduser(name)))


def usual_places(
    environ: Mapping[str, str], *, system_directory: str, is_root: bool
) -> tuple[str, ...]:
    """Return where a file is looked for when none is named, best first.

    Root's private directory is left out: what a service reads stands in /etc.
    """
    system = os.path.join(system_directory, "config.toml")
    home = environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    if is_root:
        return (system,)
    return (os.path.join(home, "shipper", "config.toml"), system)


def read_document(
    path: str | None,
    environ: Mapping[str, str],
    overrides: Overrides,
    *,
    usual: tuple[str, ...],
    is_required: bool = True,
) -> Document:
    """Read the one file and lay the overrides over it.

    Without `is_required`, no file at all is an empty one.

    Raises:
        ConfigError: When there is no file, or it cannot be read, or is not TOML.
    """
    named = path or environ.get(CONFIG_VARIABLE)
    found = named or next(filter(os.path.exists, usual), None)
    if found is None:
        has_source = any(one.key.dotted == "source" for one in overrides.values)
        if is_required and not has_source:
            raise _no_file(usual)
        return _overlay(Document(None, {}, {}, {}), overrides)
    text = _read_text(found)
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError((_syntax_fault(found, text, error),)) from error
    return _overlay(Document(found, table, locate(text), {}), overrides)


def _no_file(usual: tuple[str, ...]) -> ConfigError:
    fault = Fault(
        where="no configuration file",
        key="",
        problem=f"none is given and there is no {' or '.join(usual)}",
        hint=f"name one with --config FILE or {CONFIG_VARIABLE}",
    )
    return ConfigError((fault,))


def _read_text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        fault = Fault(path, "", f"cannot be read: {error.strerror}", _mend(error))
        raise ConfigError((fault,)) from error
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError((Fault(path, "", "is over 1 MiB: not a configuration"),))
    try:
        # An editor's byte order mark is no part of the text.
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = Fault(f"{path}:{line}", "", "is not UTF-8, and TOML must be")
        raise ConfigError((fault,)) from error


def _mend(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return OPEN_TO_USER
    return f"name the file itself with --config FILE or {CONFIG_VARIABLE}"


def _syntax_fault(path: str, text: str, error: Exception) -> Fault:
    match = _SYNTAX_PLACE.match(str(error))
    if match is None:
        return Fault(path, "", f"is not TOML: {error}")
    line = match["line"] or str(text.count("\n") + 1)
    why = match["why"][:1].lower() + match["why"][1:]
    hint = None
    if why.startswith(_UNQUOTED):
        hint = 'text is written in quotes: key = "value"'
    return Fault(
        f"{path}:{line}", "", f"is not TOML: {re.sub(_NAMES, _header, why)}", hint
    )


def _header(names: re.Match[str]) -> str:
    """Return the tuple of names in a message of tomllib as the header it was."""
    import ast  # noqa: PLC0415 - late: only a fault needs it

    return f"[{'.'.join(ast.literal_eval(names[0]))}]"


def _overlay(document: Document, overrides: Overrides) -> Document:
    """Return the document with the variables' values in place of the file's."""
    table = copy.deepcopy(dict(document.table))
    variables: dict[KeyPath, str] = {}
    for override in overrides.values:
        holder: Any = table
        for step in override.key.path[:-1]:
            holder = holder.setdefault(step, {}) if isinstance(holder, dict) else None
        # A table that the file has as something else is a fault of its own.
        if isinstance(holder, dict):
            holder[override.key.path[-1]] = override.value
            variables[override.key.path] = override.key.variable
    return Document(document.path, table, document.lines, variables)
