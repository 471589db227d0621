"""The settings built from a document without faults.

What was written comes in, judged already; values in the types that `settings` promises
go out, paths absolute. What was not written is left to the defaults there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from shipper.config import way
from shipper.config.credential import Credential
from shipper.config.document import Document
from shipper.config.schema import Key, keys, load_schema
from shipper.config.settings import (
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


def build(document: Document, endpoint: str, credential: Credential | None) -> Settings:
    """Build the settings from a document without faults.

    Args:
        document: What was written.
        endpoint: The one in force.
        credential: The project key, where it was looked for.
    """
    tables: dict[str, dict[str, Any]] = defaultdict(dict)
    for key in keys(load_schema()):
        value = document.value(*key.path)
        if value is not None and not key.is_in_array:
            table = key.path[0] if len(key.path) > 1 else ""
            tables[table][key.path[-1]] = _typed(value, key)
    tables["readme"].pop("api_key_file", None)
    tables["readme"]["endpoint"] = endpoint
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
        case ["string", "integer"]:
            return value if isinstance(value, str) else str(int(value))
        case "integer":
            return int(value)
        case "number":
            return float(value)
        case "array":
            return tuple(value)
        case _:
            return value
