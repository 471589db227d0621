"""From one TOML file and the environment to `Settings`, or every fault at once.

A value comes from a ``SHIPPER_*`` variable, else from the one file that was
found, else from the defaults in `settings`. Nothing is half accepted: either
all of it is good, or `ConfigError` names all that is not.
"""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from shipper import endpoint
from shipper.config import way
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
from shipper.config.identity import identity_faults, pair_faults
from shipper.config.limits import limit_faults
from shipper.config.logs import log_faults
from shipper.config.paths import path_faults
from shipper.config.schema import Key, keys, load_schema
from shipper.config.selection import selection_faults
from shipper.config.settings import (
    DEFAULT_ENDPOINT,
    DEFAULT_STATE_DIR,
    BatchSettings,
    DeadLetterSettings,
    EgressLogSettings,
    FilterSettings,
    HeartbeatSettings,
    IdentifySettings,
    LimitSettings,
    NetworkSettings,
    ReadmeSettings,
    Settings,
    SourceSettings,
)
from shipper.config.toml_lines import KeyPath
from shipper.errors import ConfigError, Fault
from shipper.policy import check_entry
from shipper.rules import check_rule

SYSTEM_DIRECTORY = "/etc/shipper"
Checks = Literal["file", "key", "machine"]
SERVER_VARIABLE = "README_METRICS_SERVER"
_ENDPOINT: KeyPath = ("readme", "endpoint")
_KEY_FILE: KeyPath = ("readme", "api_key_file")


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
        *_rule_faults(document),
        *_list_faults(document),
        *_egress_faults(document),
        *pair_faults(document),
        *way.pair_faults(document),
        *log_faults(document),
        *selection_faults(document),
        *limit_faults(document),
        *_endpoint_faults(document, environ),
        *_heartbeat_faults(document),
    ]
    credential: Credential | None = None
    if checks == "machine":
        complaints += path_faults(document)
    if checks != "file":
        complaints += identity_faults(document)
        complaints += way.way_faults(document, _endpoint(document, environ), environ)
        match _credential(document, environ, system_directory):
            case Fault() as fault:
                complaints.append(fault)
            case Credential() as credential:
                pass
    if complaints:
        raise ConfigError(tuple(sorted(complaints, key=_reading_order)))
    return _settings(document, environ, credential)


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
        if isinstance(value, float) and math.isnan(value):
            where = document.where(key.path)
            yield Fault(where, key.dotted, "expected a number, found nan")


def _rule_faults(document: Document) -> Iterator[Fault]:
    for index in range(document.length("identify", "rules")):
        path: KeyPath = ("identify", "rules", index, "from")
        rule = document.text(*path)
        if rule and (problem := check_rule(rule)) is not None:
            yield Fault(document.where(path), dotted(path), problem)


def _list_faults(document: Document) -> Iterator[Fault]:
    for name in ("denylist", "allowlist"):
        for index in range(document.length("filter", name)):
            path: KeyPath = ("filter", name, index)
            entry = document.text(*path)
            if entry and (problem := check_entry(entry)) is not None:
                yield Fault(document.where(path), dotted(path), problem)


def _egress_faults(document: Document) -> Iterator[Fault]:
    path: KeyPath = ("egress_log", "required")
    if document.value(*path) is True and not document.text("egress_log", "file"):
        problem = "no file is named that could be required"
        hint = "name it with egress_log.file"
        yield Fault(document.where(path), dotted(path), problem, hint=hint)


def _heartbeat_faults(document: Document) -> Iterator[Fault]:
    path: KeyPath = ("heartbeat", "url")
    url = document.text(*path)
    if not url:
        return
    is_allowed = document.value("network", "allow_plain_http") is True
    problem = endpoint.problem(
        url, allow_plain_http=is_allowed, carries="the URL", may_have_query=True
    )
    if problem is not None:
        yield Fault(document.where(path), dotted(path), problem)


def _endpoint_faults(document: Document, environ: Mapping[str, str]) -> Iterator[Fault]:
    url = _endpoint(document, environ)
    is_allowed = document.value("network", "allow_plain_http") is True
    problem = endpoint.problem(url, allow_plain_http=is_allowed) if url else None
    if problem is not None:
        is_server = environ.get(SERVER_VARIABLE) and not _is_overridden(document)
        yield Fault(
            where=SERVER_VARIABLE if is_server else document.where(_ENDPOINT),
            key="readme.endpoint",
            problem=problem,
            hint="write https://, or allow it with network.allow_plain_http = true"
            if "in clear" in problem
            else None,
        )


def _is_overridden(document: Document) -> bool:
    return _ENDPOINT in document.variables


def _endpoint(document: Document, environ: Mapping[str, str]) -> str:
    """Return the endpoint in force: our variable, the vendor's, the file's, default."""
    server = environ.get(SERVER_VARIABLE, "").strip()
    if server and not _is_overridden(document):
        return endpoint.on_server(server)
    written = document.value(*_ENDPOINT)
    if written is None:
        return DEFAULT_ENDPOINT
    # Something that is no text is a fault the schema has found already.
    return endpoint.complete(written) if isinstance(written, str) else ""


def _credential(
    document: Document, environ: Mapping[str, str], system_directory: str
) -> Credential | Fault:
    explicit = None
    if name := document.text(*_KEY_FILE):
        path = document.absolute(name, key=_KEY_FILE)
        explicit = KeyFile(path, document.where(_KEY_FILE))
    return find_credential(
        explicit,
        environ,
        default_file=os.path.join(system_directory, CREDENTIAL_NAME),
        where=document.where(_KEY_FILE),
    )


def _settings(
    document: Document, environ: Mapping[str, str], credential: Credential | None
) -> Settings:
    """Build the settings from a document without faults."""
    tables: dict[str, dict[str, Any]] = defaultdict(dict)
    for key in keys(load_schema()):
        value = document.value(*key.path)
        if value is not None and not key.is_in_array:
            table = key.path[0] if len(key.path) > 1 else ""
            tables[table][key.path[-1]] = _typed(value, key)
    tables["readme"].pop("api_key_file", None)
    tables["readme"]["endpoint"] = _endpoint(document, environ)
    tables["identify"]["rules"] = tuple(
        rule["from"] for rule in document.value("identify", "rules") or ()
    )
    for name in ("lookup", "mask_key_file"):
        if path := tables["identify"].get(name):
            tables["identify"][name] = document.absolute(path, key=("identify", name))
    if credential is not None:
        tables["readme"]["api_key"] = credential.key
        tables["readme"]["api_key_origin"] = credential.origin
    if file := tables["egress_log"].get("file"):
        path = document.absolute(file, key=("egress_log", "file"))
        tables["egress_log"]["file"] = path
    top = tables[""]
    top["state_dir"] = document.absolute(
        top.get("state_dir", DEFAULT_STATE_DIR), key=("state_dir",)
    )
    top["sources"] = tuple(
        _source(document, index, table)
        for index, table in enumerate(top.pop("source", ()))
    )
    return Settings(
        **top,
        readme=ReadmeSettings(**tables["readme"]),
        batch=BatchSettings(**tables["batch"]),
        filter=FilterSettings(**tables["filter"]),
        identify=IdentifySettings(**tables["identify"]),
        network=way.found_files(document, NetworkSettings(**tables["network"])),
        limits=LimitSettings(**tables["limits"]),
        dead_letters=DeadLetterSettings(**tables["dead_letters"]),
        egress_log=EgressLogSettings(**tables["egress_log"]),
        heartbeat=HeartbeatSettings(**tables["heartbeat"]),
        origin=document.path,
    )


def _source(document: Document, index: int, table: Mapping[str, Any]) -> SourceSettings:
    key: KeyPath = ("source", index, "paths")
    paths = tuple(document.absolute(path, key=key) for path in table["paths"])
    written = {**table, "paths": paths}
    if path := table.get("map"):
        written["map"] = document.absolute(path, key=("source", index, "map"))
    return SourceSettings(**written)


def _typed(value: Any, key: Key) -> Any:
    """Return a checked value as the settings hold it: 3 is 3.0 where seconds are."""
    match key.schema["type"]:
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case "array":
            return tuple(value)
        case _:
            return value


def _reading_order(fault: Fault) -> tuple[str, int, str]:
    """Sort by line where there is one, variables after the file."""
    place, _, line = fault.where.rpartition(":")
    if place and line.isdigit():
        return ("", int(line), fault.key)
    return (fault.where, 0, fault.key)
