"""A field map in a file of its own, TOML or JSON: which member of a log holds what.

A path comes in, the map or every fault of it goes out. What may stand in a map is
said in `formats.fields`.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from shipper.config.toml_lines import locate
from shipper.errors import ConfigError, Fault
from shipper.formats.fields import faults_in

MAX_MAP_BYTES: Final = 65_536  # every name there is takes two thousand


def read_field_map(path: str) -> Mapping[str, str]:
    """Return the map that a file holds: JSON if its name ends so, otherwise TOML.

    Raises:
        ConfigError: With every fault; the file cannot be read, is neither, or is no
            field map.
    """
    text = _text_of(path)
    is_json = path.endswith(".json")
    try:
        table = json.loads(text) if is_json else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "JSON" if is_json else "TOML"
        raise ConfigError((Fault(path, "", f"is not {kind}: {error}"),)) from error
    if not isinstance(table, dict):
        problem = "expected names and members of the log"
        raise ConfigError((Fault(path, "", problem),))
    faults = tuple(_faults(path, text, table))
    if faults:
        raise ConfigError(faults)
    return table


def _text_of(path: str) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_MAP_BYTES + 1)
        if len(content) > MAX_MAP_BYTES:
            raise ConfigError((Fault(path, "", "is over 64 KiB: not a field map"),))
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        fault = Fault(path, "", f"cannot be read: {error.strerror}")
        raise ConfigError((fault,)) from error
    except UnicodeDecodeError as error:
        fault = Fault(path, "", "is not UTF-8")
        raise ConfigError((fault,)) from error


def _faults(path: str, text: str, table: Mapping[str, Any]) -> Iterator[Fault]:
    lines = {} if path.endswith(".json") else locate(text)
    for fault in faults_in(table):
        line = lines.get((fault.name,))
        where = path if line is None else f"{path}:{line}"
        yield Fault(where, fault.name, fault.why, fault.hint)
