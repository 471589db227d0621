"""``shipper metrics``: where shipping stands, for Prometheus."""

from __future__ import annotations

import os

import click

from shipper.cli import console, options
from shipper.clock import SystemClock
from shipper.errors import EXIT_OK
from wsgi_writer._version import __version__

MODE = 0o644  # node_exporter reads it as another user


@click.command("metrics")
@options.common
@click.option(
    "--textfile",
    metavar="FILE",
    help="Write them there, whole or not at all, for node_exporter's collector.",
)
def command(chosen: options.Common, textfile: str | None) -> int:
    """Print metrics in Prometheus' text format.

    Reads beside a running shipper, from cron or a timer; opens no port. Totals
    come from the state, so they go on after a restart.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.cli.private_file import write_lines  # noqa: PLC0415
    from shipper.config import load  # noqa: PLC0415
    from shipper.reports.metrics import exposition  # noqa: PLC0415
    from shipper.reports.standing import take_standing  # noqa: PLC0415

    settings = load(chosen.config, os.environ, checks="file", needs_source=False)
    clock = SystemClock()
    standing = take_standing(
        settings.state_dir,
        settings.sources,
        events=console.event_log(chosen, clock, unless_verbose="error"),
        clock=clock,
    )
    text = exposition(standing, version=__version__, now=clock.now().timestamp())
    if textfile:
        write_lines(textfile, text.splitlines(), may_replace=True, mode=MODE)
    if chosen.as_json:
        console.say_json({"textfile": textfile, "metrics": text})
    elif not textfile:
        console.say_bytes(text.encode())
    return EXIT_OK
