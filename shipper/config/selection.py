"""Whether the words of `[filter]` mean anything: a fault for each that does not.

A document comes in, faults go out. A pattern that could match nothing would ship
what it was written to keep back, or keep back everything, and nobody would know; an
entry of a list that names nothing would hide nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from shipper import patterns
from shipper.config.document import Document
from shipper.config.faults import dotted
from shipper.config.toml_lines import KeyPath
from shipper.errors import Fault
from shipper.policy import check_entry

_PROBLEMS: Mapping[str, Callable[[str], str | None]] = {
    "allowed_http_hosts": patterns.host_problem,
    "skip_methods": patterns.method_problem,
    "include_paths": patterns.path_problem,
    "exclude_paths": patterns.path_problem,
    "include_statuses": patterns.status_problem,
    "exclude_statuses": patterns.status_problem,
    "include_content_types": patterns.content_type_problem,
    "exclude_content_types": patterns.content_type_problem,
}


def selection_faults(document: Document) -> Iterator[Fault]:
    """Find patterns that no record can match."""
    for key, problem_of in _PROBLEMS.items():
        for index in range(document.length("filter", key)):
            path: KeyPath = ("filter", key, index)
            pattern = document.text(*path)
            if pattern and (problem := problem_of(pattern)) is not None:
                told = f'"{pattern}": {problem}'
                yield Fault(document.where(path), dotted(path), told)


def list_faults(document: Document) -> Iterator[Fault]:
    """Find entries of the denylist or the allowlist that name nothing."""
    for name in ("denylist", "allowlist"):
        for index in range(document.length("filter", name)):
            path: KeyPath = ("filter", name, index)
            entry = document.text(*path)
            if entry and (problem := check_entry(entry)) is not None:
                yield Fault(document.where(path), dotted(path), problem)
