"""``shipper demo``: the whole way on this machine, with the sums at the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shipper.cli import console, options
from shipper.errors import EXIT_BUG, EXIT_OK

if TYPE_CHECKING:
    from shipper.demo.story import Outcome


@click.command("demo")
@options.output
@click.option(
    "--keep",
    metavar="DIR",
    help="Keep log, configuration and payloads there.  [default: nothing is kept]",
)
def command(chosen: options.Common, keep: str | None) -> int:
    """Send real exchanges from an app to a local receiver.

    Works without network and without a ReadMe account. Exits 1 when the sums do
    not add up.
    """
    # Late: the story needs http.client and what comes with it.
    from shipper.demo.place import directory_of  # noqa: PLC0415
    from shipper.demo.story import tell  # noqa: PLC0415

    is_told = not (chosen.is_quiet or chosen.as_json)
    with directory_of(keep) as name:
        outcome = tell(Path(name), console.say if is_told else _silent)
        faults = outcome.faults()
        if chosen.as_json:
            console.say_json(_result(outcome, faults))
        elif is_told:
            _show(outcome, is_kept=keep is not None)
    for fault in faults:
        console.notice(f"the sums do not add up: {fault}")
    return EXIT_BUG if faults else EXIT_OK


def _silent(_text: str) -> None:
    """Say nothing."""


def _result(outcome: Outcome, faults: tuple[str, ...]) -> dict[str, object]:
    return {
        "answered": outcome.answered,
        "recorded": len(outcome.recorded),
        **{name: outcome.sums[name] for name in ("delivered", "skipped", "dead")},
        "received": len(outcome.received),
        "files": [str(file) for file in outcome.files],
        "faults": list(faults),
    }


def _show(outcome: Outcome, *, is_kept: bool) -> None:
    say, sums = console.say, outcome.sums
    recorded = len(outcome.recorded)
    say()
    say(console.emphasise("One payload, as the receiver got it (secrets masked):"))
    say(json.dumps(outcome.payload, indent=2, ensure_ascii=False))
    say()
    say(console.emphasise("The sums:"))
    left_out = outcome.answered - recorded
    rows = (
        ("answered by the app", outcome.answered, ""),
        ("left out by the app", left_out, "/healthz, and one that asked for it"),
        ("recorded in the log", recorded, f"in {len(outcome.files)} files"),
        (
            "skipped by a rule",
            sums["skipped"],
            "another host than allowed, or a preflight request",
        ),
        ("dead letters", sums["dead"], ""),
        ("delivered", sums["delivered"], ""),
        ("at the receiver", len(outcome.received), "each once"),
        ("secrets found", len(outcome.leaks), "in the log and at the receiver"),
    )
    for name, count, remark in rows:
        say(f"  {name:<20}{count:>5}   {remark}".rstrip())
    if is_kept:
        directory = outcome.files[-1].parent
        say()
        say(console.emphasise("Where to look:"))
        say(f"  the log        {directory}/exchanges.jsonl and its rotated siblings")
        say(f"  the payloads   {directory}/received/")
        say(f"  the settings   {directory}/config.toml")
        say(f"  the positions  shipper status --config {directory}/config.toml")
    else:
        say()
        say("Nothing was kept; shipper demo --keep DIR leaves the files to look at.")
