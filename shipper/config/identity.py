"""Whether `[identify]` can be kept: its rules, the table, key and functions it names.

A document comes in, faults go out. What only has to be written well, and to fit
together, is judged always; files are opened and modules imported when the settings are
to be used here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from shipper.config.document import Document
from shipper.config.faults import dotted
from shipper.config.toml_lines import KeyPath
from shipper.errors import Fault
from shipper.lookup import (
    UnusableError,
    directory_of,
    load_function,
    read_mask_key,
    try_table,
)
from shipper.rules import check_rule, function_in

_MASK: KeyPath = ("identify", "mask")
_KEY_FILE: KeyPath = ("identify", "mask_key_file")
_LOOKUP: KeyPath = ("identify", "lookup")


def pair_faults(document: Document) -> Iterator[Fault]:
    """Find a keyed mask without its key, and a key that no mask uses."""
    is_keyed = document.value(*_MASK) == "hmac"
    has_file = bool(document.text(*_KEY_FILE))
    if is_keyed and not has_file:
        yield Fault(
            document.where(_MASK),
            dotted(_MASK),
            "hmac needs a key",
            "name its file with identify.mask_key_file, the same as the writer's",
        )
    if has_file and not is_keyed:
        yield Fault(
            document.where(_KEY_FILE),
            dotted(_KEY_FILE),
            'the key is for mask = "hmac", and that is not set',
            'set identify.mask = "hmac", or leave the key out',
        )


def rule_faults(document: Document) -> Iterator[Fault]:
    """Find rules for callers that nobody could follow."""
    for index in range(document.length("identify", "rules")):
        path: KeyPath = ("identify", "rules", index, "from")
        rule = document.text(*path)
        if rule and (problem := check_rule(rule)) is not None:
            yield Fault(document.where(path), dotted(path), problem)


def identity_faults(document: Document) -> Iterator[Fault]:
    """Find a table, a key or a function that cannot be used."""
    for key, check in ((_LOOKUP, try_table), (_KEY_FILE, read_mask_key)):
        if name := document.text(*key):
            path = document.absolute(name, key=key)
            yield from _tried(document, key, f"{path}: ", partial(check, path))
    for rule in _rule_keys(document):
        function = function_in(document.text(*rule) or "")
        if function is not None:
            load = partial(load_function, function, directory_of(document.path))
            yield from _tried(document, rule, "", load)


def _rule_keys(document: Document) -> Iterator[KeyPath]:
    for index in range(document.length("identify", "rules")):
        yield ("identify", "rules", index, "from")
    for index in range(document.length("source")):
        yield ("source", index, "identity")


def _tried(
    document: Document, key: KeyPath, before: str, use: Callable[[], object]
) -> Iterator[Fault]:
    try:
        use()
    except UnusableError as error:
        where = document.where(key)
        yield Fault(where, dotted(key), before + error.problem, error.hint)
