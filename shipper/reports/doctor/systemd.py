"""Whether systemd runs the shipper, by which unit, and what it hands over."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from shipper.reports.doctor.check import Check, ok, skipped, warning

CODE = "SHP040"
CREDENTIAL_NAME = "readme-api-key"


def systemd_checks(
    environ: Mapping[str, str], holder_pid: int | None, *, processes: str = "/proc"
) -> Iterator[Check]:
    """Yield what there is to say of units and credentials.

    Args:
        environ: The process environment.
        holder_pid: Of the shipper that runs on this state, if there is one.
        processes: Where the system shows processes.
    """
    said = False
    if "INVOCATION_ID" in environ:
        said = True
        unit = _unit_of("self", processes) or "a unit that does not show"
        yield ok(CODE, unit, "this command runs under systemd")
    if holder_pid is not None:
        unit = _unit_of(str(holder_pid), processes)
        if unit:
            said = True
            yield ok(CODE, unit, f"the running shipper (pid {holder_pid}) is this unit")
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        said = True
        path = os.path.join(directory, CREDENTIAL_NAME)
        if os.access(path, os.R_OK):
            yield ok(CODE, path, "the project key is handed over as a credential")
        else:
            why = f"systemd hands over credentials, but no {CREDENTIAL_NAME}"
            mend = f"LoadCredential={CREDENTIAL_NAME}:/etc/shipper/NAME.key in the unit"
            yield warning(CODE, directory, why, mend)
    if not said:
        why = "not under systemd, and no running shipper of this state is"
        yield from skipped((CODE,), why)


def _unit_of(process: str, processes: str) -> str:
    """Return the service whose control group a process is in, or nothing."""
    try:
        path = os.path.join(processes, process, "cgroup")
        with open(path, encoding="utf-8", errors="replace") as file:
            groups = [row.strip().rpartition(":")[2] for row in file]
    except OSError:
        return ""
    parts = [part for group in groups for part in group.split("/")]
    return next((part for part in reversed(parts) if part.endswith(".service")), "")
