"""Patterns of `[[source]]` that name what the shipper itself writes.

Followed, the egress log would be read line by line as it grows by what was read, and
so would the state; and whoever opens a database beside SQLite lets go of its locks.
"""

from __future__ import annotations

from collections.abc import Iterator

from shipper.config.document import Document
from shipper.config.faults import dotted
from shipper.config.settings import DEFAULT_STATE_DIR
from shipper.config.toml_lines import KeyPath
from shipper.errors import Fault
from shipper.source.siblings import Pattern, name_at
from shipper.store.names import state_files

_EGRESS: KeyPath = ("egress_log", "file")
_STATE: KeyPath = ("state_dir",)
# As logrotate names what it has turned.
_TURNED = ("", ".1", ".1.gz", "-20260101", "-20260101.gz")


def own_faults(document: Document) -> Iterator[Fault]:
    """Find patterns that match the egress log, rotated or not, or the state."""
    own = dict(_own_files(document))
    for at in range(document.length("source")):
        for which in range(document.length("source", at, "paths")):
            key: KeyPath = ("source", at, "paths", which)
            name = document.text(*key)
            if not name:
                continue
            pattern = Pattern(document.absolute(name, key=key))
            found: dict[KeyPath, str] = {}
            for path, origin in own.items():
                if name_at([pattern], path) is not None:
                    found.setdefault(origin, path)
            for origin, path in found.items():
                yield _fault(document, key, path, origin)


def _own_files(document: Document) -> Iterator[tuple[str, KeyPath]]:
    """Yield the files with the keys that say where they are."""
    if name := document.text(*_EGRESS):
        path = document.absolute(name, key=_EGRESS)
        for turned in _TURNED:
            yield path + turned, _EGRESS
    written = document.value(*_STATE)
    if written is None or (isinstance(written, str) and written):
        directory = document.absolute(written or DEFAULT_STATE_DIR, key=_STATE)
        for path in state_files(directory):
            yield path, _STATE


def _fault(document: Document, key: KeyPath, path: str, origin: KeyPath) -> Fault:
    what = "egress log" if origin == _EGRESS else "state"
    return Fault(
        document.where(key),
        dotted(key),
        f"it matches {path}, the shipper's own {what}: it would read what it writes",
        f"make the pattern narrower, or name another place with {dotted(origin)}",
    )
