"""``shipper dead-letter``: what could not be delivered, looked at and dealt with.

Looking reads beside a running shipper. Changes are asked of it (`ask`); without one
they are made here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from shipper.cli import ask, console, options
from shipper.clock import SystemClock
from shipper.errors import EXIT_NO_INPUT, EXIT_OK, ShipperError
from shipper.events import one_line

if TYPE_CHECKING:
    from shipper.config.settings import Settings
    from shipper.store import KeptLetter

WAIT = "30s"
DETAIL_CHARACTERS = 60  # in a list; `show` has all of it

numbers = click.argument("numbers", metavar="[ID]...", type=int, nargs=-1)
wait = click.option(
    "--wait",
    callback=options.duration,
    default=WAIT,
    show_default=True,
    metavar="DURATION",
    help="How long to wait for the outcome.",
)


class NoSuchLetterError(ShipperError):
    """No dead letter has that number."""

    exit_code = EXIT_NO_INPUT


@click.group("dead-letter")
def command() -> None:
    """List, show, retry, export or purge what was not delivered."""


@command.command("list")
@options.common
def list_(chosen: options.Common) -> int:
    """List the dead letters, oldest first."""
    with closing(_letters(_settings(chosen), with_payload=False)) as letters:
        if chosen.as_json:
            console.say_json_list("letters", map(_fields, letters))
            return EXIT_OK
        count = 0
        for count, kept in enumerate(letters, start=1):
            if count == 1:
                console.say(console.emphasise(_HEADING))
            console.say(_row(kept))
    if count == 0:
        console.say("no dead letters")
    return EXIT_OK


@command.command("show")
@options.common
@click.argument("number", metavar="ID", type=int)
def show(chosen: options.Common, number: int) -> int:
    """Show one dead letter: why, where, when, and the payload if it was kept."""
    kept = _letter(_settings(chosen), number)
    if chosen.as_json:
        console.say_json({"letter": {**_fields(kept), **contents_of(kept)}})
        return EXIT_OK
    for line in _description(kept):
        console.say(line)
    return EXIT_OK


@command.command("retry")
@options.common
@numbers
@click.option("--all", "is_all", is_flag=True, help="Every dead letter there is.")
@wait
def retry(
    chosen: options.Common, *, numbers: tuple[int, ...], is_all: bool, wait: float
) -> int:
    """Send dead letters again, under today's rules and lists.

    What is taken counts as delivered; what is not stays, with the new reason.
    Lines that could not be read are read again from their file. Exits 75 when
    the outcome is not known in time: the request stays and will be carried out.
    """
    if bool(numbers) == is_all:
        raise click.UsageError("Give the IDs of dead letters, or --all.")
    from shipper.store import RETRY, Selection  # noqa: PLC0415 - late, as below

    selection = Selection(numbers=None if is_all else numbers)
    return ask.carry_out(chosen, RETRY, selection, wait_seconds=wait)


@command.command("purge")
@options.common
@numbers
@click.option(
    "--older-than",
    callback=options.duration,
    metavar="DURATION",
    help="Only those kept for longer than this, such as 7d.",
)
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@wait
def purge(
    chosen: options.Common,
    *,
    numbers: tuple[int, ...],
    older_than: float | None,
    is_sure: bool,
    wait: float,
) -> int:
    """Forget dead letters for good; all of them, unless told which.

    Their records stay counted as dead. Asks first on a terminal, and elsewhere
    needs --yes.
    """
    from datetime import timedelta  # noqa: PLC0415 - late, as below

    from shipper.store import PURGE, Selection  # noqa: PLC0415 - late, as below

    if not is_sure:
        _make_sure(numbers, older_than)
    before = None
    if older_than is not None:
        moment = SystemClock().now() - timedelta(seconds=older_than)
        before = moment.isoformat(timespec="milliseconds")
    selection = Selection(numbers=numbers or None, before=before)
    return ask.carry_out(chosen, PURGE, selection, wait_seconds=wait)


@command.command("export")
@options.common
@click.argument("file", metavar="FILE")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def export(chosen: options.Common, file: str, force: bool) -> int:
    """Write all dead letters to FILE as JSON lines, readable by you alone."""
    from shipper.cli.private_file import write_lines  # noqa: PLC0415 - late, as below

    with closing(_letters(_settings(chosen), with_payload=True)) as letters:
        lines = (json.dumps({**_fields(kept), **contents_of(kept)}) for kept in letters)
        count = write_lines(file, lines, may_replace=force)
    if chosen.as_json:
        console.say_json({"file": os.path.abspath(file), "letters": count})
    elif not chosen.is_quiet:
        console.say(f"{count} dead letters written to {file}")
    return EXIT_OK


def contents_of(kept: KeptLetter) -> dict[str, Any]:
    """Return what was kept of the record, as values of JSON."""
    letter = kept.letter
    excerpt = letter.excerpt
    return {
        "payload": None if letter.payload is None else json.loads(letter.payload),
        "excerpt": None
        if excerpt is None
        else excerpt.decode(errors="backslashreplace"),
    }


def _settings(chosen: options.Common) -> Settings:
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415

    return load(chosen.config, os.environ, checks="file", needs_source=False)


def _letters(
    settings: Settings, *, with_payload: bool
) -> Generator[KeptLetter, None, None]:
    from shipper.store import open_reader  # noqa: PLC0415 - late, as above

    reader = open_reader(settings.state_dir)
    if reader is not None:
        with closing(reader):
            yield from reader.dead_letters(with_payload=with_payload)


def _letter(settings: Settings, number: int) -> KeptLetter:
    from shipper.store import open_reader  # noqa: PLC0415 - late, as above

    reader = open_reader(settings.state_dir)
    kept = None
    if reader is not None:
        with closing(reader):
            kept = reader.dead_letter(number)
    if kept is None:
        raise NoSuchLetterError(
            f"no dead letter has this number: {settings.state_dir}: {number}",
            hint="shipper dead-letter list shows those that are kept",
        )
    return kept


def _fields(kept: KeptLetter) -> dict[str, Any]:
    letter = kept.letter
    return {
        "number": kept.number,
        "id": letter.id,
        "reason": letter.reason,
        "detail": letter.detail,
        "path": kept.path,
        "file_id": letter.place.file_id,
        "start_bytes": letter.place.start_bytes,
        "end_bytes": letter.place.end_bytes,
        "length_bytes": letter.length_bytes,
        "sha256": letter.sha256,
        "created_at": kept.created_at,
        "tried_at": kept.tried_at,
        "retries": letter.retries,
        "has_payload": kept.has_payload,
    }


_HEADING = f"{'id':>6}  {'kept since':<20}  {'reason':<10}  {'retries':>7}  record"


def _row(kept: KeptLetter) -> str:
    letter = kept.letter
    place = f"{os.path.basename(kept.path)}:{letter.place.start_bytes}"
    detail = one_line(letter.detail)
    if len(detail) > DETAIL_CHARACTERS:
        detail = detail[: DETAIL_CHARACTERS - 1] + "…"
    return (
        f"{kept.number:>6}  {_short(kept.created_at):<20}  {letter.reason:<10}  "
        f"{letter.retries:>7}  {letter.id or one_line(place)}  {detail}"
    )


def _description(kept: KeptLetter) -> Iterator[str]:
    letter, place = kept.letter, kept.letter.place
    times = "once" if letter.retries == 1 else f"{letter.retries} times"
    tried = "not yet"
    if kept.tried_at is not None:
        tried = f"{times}, last {_short(kept.tried_at)}"
    facts = (
        ("dead letter", str(kept.number)),
        ("record", letter.id or "unreadable"),
        ("reason", letter.reason),
        ("detail", one_line(letter.detail)),
        ("file", one_line(kept.path or place.file_id)),
        ("bytes", f"{place.start_bytes} to {place.end_bytes}"),
        ("sha256", f"{letter.sha256} ({letter.length_bytes} bytes)"),
        ("kept since", _short(kept.created_at)),
        ("tried again", tried),
    )
    for name, text in facts:
        yield f"{name:<12} {text}"
    contents = contents_of(kept)
    if contents["excerpt"] is not None:
        yield f"{'begins with':<12} {one_line(contents['excerpt'])}"
    if contents["payload"] is not None:
        yield ""
        text = json.dumps(contents["payload"], indent=2, ensure_ascii=False)
        yield from map(one_line, text.splitlines())


def _short(stamp: str) -> str:
    """Return an ISO stamp without fractions: what people read."""
    return f"{stamp[:19]}Z"


def _make_sure(numbers: tuple[int, ...], older_than: float | None) -> None:
    """Ask a person; there is no way back.

    Raises:
        click.UsageError: Nobody is there to be asked.
        click.Abort: The answer was no.
    """
    if not os.isatty(0):
        raise click.UsageError("Nobody is there to be asked: give --yes to purge.")
    which = f"{len(numbers)}" if numbers else "all"
    age = "" if older_than is None else " of that age"
    click.confirm(f"Forget {which} dead letters{age} for good?", abort=True, err=True)
