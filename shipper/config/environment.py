"""Settings from `SHIPPER_*` variables, laid over those of the file.

A mapping of variables comes in; values by key, and faults for names that no
key has, go out. Values are not judged here: they pass the same checks as the
file's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from shipper.config.faults import close_match
from shipper.config.schema import Key
from shipper.errors import Fault

PREFIX = "SHIPPER_"
CONFIG_VARIABLE = "SHIPPER_CONFIG"
# SHIPPER_PORT, SHIPPER_SERVICE_HOST and the like are set by Kubernetes beside a
# service called "shipper"; only a name this like one of ours is a slip.
_SLIP_CUTOFF = 0.9


class Override(Struct, frozen=True):
    """A value that replaces the file's."""

    key: Key
    value: Any  # whatever TOML can say


class Overrides(Struct, frozen=True):
    """What the environment says."""

    values: tuple[Override, ...]
    faults: tuple[Fault, ...]


def read_overrides(environ: Mapping[str, str], known: tuple[Key, ...]) -> Overrides:
    """Return the overrides, in the order of the keys.

    Values are TOML (``true``, ``0.5``, ``["a", "b"]``); where text is expected,
    or TOML is not found, they are plain text.
    """
    names = {key.variable: key for key in known if not key.is_in_array}
    values = tuple(
        Override(key, _value(environ[name], key))
        for name, key in names.items()
        if name in environ
    )
    faults = tuple(
        fault
        for name in sorted(environ)
        if name.startswith(PREFIX) and name != CONFIG_VARIABLE and name not in names
        if (fault := _unknown(name, names)) is not None
    )
    return Overrides(values, faults)


def _value(text: str, key: Key) -> Any:
    try:
        document = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    value = document["value"]
    # A second line of the variable must not become a second key, and a
    # directory called 2026 is text.
    is_text = key.schema["type"] == "string" and not isinstance(value, str)
    return text if len(document) > 1 or is_text else value


def _unknown(name: str, names: Mapping[str, Key]) -> Fault | None:
    has_levels = "__" in name.removeprefix(PREFIX)
    # Names of one table begin alike: what comes last has to be like it, too.
    last = name.rpartition("__")[2]
    likely = [each for each in names if close_match(last, [each.rpartition("__")[2]])]
    meant = close_match(name, likely, cutoff=0.6 if has_levels else _SLIP_CUTOFF)
    if meant is None and not has_levels:
        return None
    return Fault(
        where=name,
        key="",
        problem="there is no such variable",
        hint=f"did you mean {meant}?" if meant else None,
    )
