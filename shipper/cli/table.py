"""The table of commands: a new verb is one module here and one line below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Verb(NamedTuple):
    """One command.

    Attributes:
        module: Its module in this package, imported when the command is used.
        summary: What ``shipper --help`` says of it, without importing it.
    """

    module: str
    summary: str


VERBS: Mapping[str, Verb] = {
    "run": Verb("run", "Follow the sources and deliver what they hold."),
    "validate": Verb("validate", "Check the configuration and report every fault."),
    "doctor": Verb(
        "doctor", "Say what stands in the way of shipping, and how to mend it."
    ),
    "status": Verb("status", "Show what was delivered from each file and what waits."),
    "metrics": Verb("metrics", "Print metrics in Prometheus' text format."),
    "tail": Verb("tail", "Show exchanges as they are logged, one a line."),
    "audit": Verb("audit", "Count the files again and prove that the sums add up."),
    "identify": Verb(
        "identify", "Show which rule names the callers, and who stays unidentified."
    ),
    "backfill": Verb(
        "backfill",
        "Bring history to ReadMe: access logs, HAR files, records of our own.",
    ),
    "preview": Verb("preview", "Show what would be sent, byte for byte, and why."),
    "export": Verb("export", "Write what would be sent into a bundle, for an air gap."),
    "bundle": Verb("bundle", "Check, list, send or acknowledge a bundle."),
    "dead-letter": Verb(
        "dead_letter", "List, show, retry, export or purge what was not delivered."
    ),
    "scan": Verb("scan", "Show what would leak past the lists, and where."),
    "install": Verb("install", "Print what makes the shipper run on this machine."),
    "receive": Verb("receive", "Run a local receiver that speaks ReadMe's protocol."),
    "demo": Verb("demo", "Send real exchanges from an app to a local receiver."),
    "completion": Verb("completion", "Print the completion script of a shell."),
}
