"""From one TOML file and the environment to `Settings`, or every fault at once.

A value comes from a ``SHIPPER_*`` variable, else from the one file that was
found, else from the defaults in `settings`. Nothing is half accepted: either
all of it is good, or `ConfigError` names all that is not.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from shipper.config import way
from shipper.config.building import build
from shipper.config.credential import (
    CREDENTIAL_NAME,
    Credential,
    KeyFile,
    find_credential,
)
from shipper.config.document import Document, read_document, usual_places
from shipper.config.environment import read_overrides
from shipper.config.faults import Breach, dotted, faults
from shipper.config.fitting import fits
from shipper.config.identity import identity_faults, pair_faults, rule_faults
from shipper.config.limits import limit_faults
from shipper.config.logs import log_faults
from shipper.config.own import own_faults
from shipper.config.paths import path_faults, twin_faults
from shipper.config.schema import keys, load_schema
from shipper.config.selection import list_faults, selection_faults
from shipper.config.settings import Settings
from shipper.config.toml_lines import KeyPath
from shipper.config.urls import endpoint_of, url_faults
from shipper.errors import ConfigError, Fault

SYSTEM_DIRECTORY = "/etc/shipper"
Checks = Literal["file", "key", "machine"]
_KEY_FILE: KeyPath = ("readme", "api_key_file")
_STEPS = re.compile(r"[.\[\]]+")


def load(
    path: str | None,
    environ: Mapping[str, str],
    *,
    checks: Checks = "key",
    needs_source: bool = True,
    system_directory: str = SYSTEM_DIRECTORY,
    is_root: bool | None = None,
) -> Settings:
    """Return the settings in force.

    Args:
        path: The file to read, or None to look in the usual places.
        environ: The process environment.
        checks: How much is judged: ``file`` only what is written, ``key`` also
            finds the project key, ``machine`` also the directories and files named.
        needs_source: False for commands that are told what to read: they do without
            a ``[[source]]``, and without any file at all.
        system_directory: Where the system-wide file and key lie.
        is_root: Whether the user's own file is left out; None asks the process.

    Raises:
        ConfigError: With every fault of the file and the environment.
    """
    schema = load_schema()
    overrides = read_overrides(environ, keys(schema))
    is_root = os.geteuid() == 0 if is_root is None else is_root
    usual = usual_places(environ, system_directory=system_directory, is_root=is_root)
    document = read_document(
        path, environ, overrides, usual=usual, is_required=needs_source
    )
    if not needs_source:
        schema = {key: rule for key, rule in schema.items() if key != "required"}
    complaints = [
        *overrides.faults,
        *faults(_breaches(document, schema), schema, document),
        *_number_faults(document),
        *rule_faults(document),
        *list_faults(document),
        *_egress_faults(document),
        *pair_faults(document),
        *way.pair_faults(document),
        *way.word_faults(document),
        *twin_faults(document),
        *own_faults(document),
        *log_faults(document, reads_maps=checks != "file"),
        *selection_faults(document),
        *limit_faults(document),
        *url_faults(document, environ),
    ]
    if nuls := tuple(_nul_faults(document, document.table, ())):
        # Whoever opened such a path would raise, and hide all other faults.
        complaints += nuls
        checks = "file"
    credential: Credential | None = None
    if checks == "machine":
        complaints += path_faults(document)
        complaints += way.address_faults(document)
    if checks != "file":
        complaints += identity_faults(document)
        complaints += way.way_faults(document, endpoint_of(document, environ), environ)
        match _credential(document, environ, system_directory):
            case Fault() as fault:
                complaints.append(fault)
            case Credential() as credential:
                pass
            case None:
                pass  # the schema has said so
    if complaints:
        raise ConfigError(tuple(sorted(complaints, key=_reading_order)))
    return build(document, endpoint_of(document, environ), credential)


def _breaches(document: Document, schema: Mapping[str, Any]) -> Iterator[Breach]:
    if fits(document.table, schema):
        return
    # 0.1 s to import: paid by whoever has a fault to be told of.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    for error in Draft202012Validator(schema).iter_errors(document.table):
        yield Breach(
            rule=str(error.validator),
            path=tuple(error.absolute_path),
            found=error.instance,
            schema=error.schema if isinstance(error.schema, dict) else {},
        )


def _number_faults(document: Document) -> Iterator[Fault]:
    """Find ``nan``, which TOML has and every comparison of a schema lets pass."""
    for key in keys(load_schema()):
        value = document.value(*key.path)
        is_number = key.schema["type"] == "number"
        if is_number and isinstance(value, float) and math.isnan(value):
            where = document.where(key.path)
            yield Fault(where, key.dotted, "expected a number, found nan")


def _nul_faults(document: Document, value: Any, path: KeyPath) -> Iterator[Fault]:
    """Find a character that TOML can write, and no system call takes."""
    if isinstance(value, str) and "\0" in value:
        problem = "holds a NUL, which no path and no name can"
        yield Fault(document.where(path), dotted(path), problem)
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _nul_faults(document, child, (*path, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _nul_faults(document, child, (*path, index))


def _egress_faults(document: Document) -> Iterator[Fault]:
    path: KeyPath = ("egress_log", "required")
    if document.value(*path) is True and not document.text("egress_log", "file"):
        problem = "no file is named that could be required"
        hint = "name it with egress_log.file"
        yield Fault(document.where(path), dotted(path), problem, hint=hint)


def _credential(
    document: Document, environ: Mapping[str, str], system_directory: str
) -> Credential | Fault | None:
    """Return the key or what is wrong; None if no text says where to look."""
    explicit = None
    if document.value(*_KEY_FILE) is not None:
        name = document.text(*_KEY_FILE)
        if not name:
            return None
        path = document.absolute(name, key=_KEY_FILE)
        explicit = KeyFile(path, document.where(_KEY_FILE))
    return find_credential(
        explicit,
        environ,
        default_file=os.path.join(system_directory, CREDENTIAL_NAME),
        where=document.where(_KEY_FILE),
    )


def _reading_order(fault: Fault) -> tuple[str, int, list[tuple[int, str]]]:
    """Sort by line where there is one, variables after the file."""
    # The number of an element counts as one: 10 comes after 2.
    steps = [
        (int(part) if part.isdecimal() else -1, part)
        for part in _STEPS.split(fault.key)
    ]
    place, _, line = fault.where.rpartition(":")
    if place and line.isdigit():
        return ("", int(line), steps)
    return (fault.where, 0, steps)
