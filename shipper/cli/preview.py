"""``shipper preview``: what would leave, byte for byte, and why it is as it is.

The payloads are the result, and go to stdout as they would go on the wire; what is
said about them goes to stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

import click

from shipper.cli import console, options
from shipper.clock import SystemClock
from shipper.errors import EXIT_OK
from shipper.events import one_line

if TYPE_CHECKING:
    from shipper.config.settings import Settings
    from shipper.reports.browse import Seen
    from shipper.reports.preview import Previewer, Shown, Stage, Totals
    from shipper.reports.reasons import Change

STAGES = ("parsed", "filtered", "identified", "payload")
VALUE_CHARACTERS = 200  # of a value in a line for people; --json has all of it


@click.command("preview")
@options.common
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Show N lines.")
@click.option(
    "--stage",
    type=click.Choice(STAGES),
    default="payload",
    show_default=True,
    help="How far the lines go: as parsed, kept by the filters, with their caller, "
    "or as payload. Only the last is redacted.",
)
@click.option(
    "--diff",
    is_flag=True,
    help="Print each change with the value before and after, hidden values too.",
)
@click.argument("files", metavar="[FILES]...", nargs=-1)
def command(
    chosen: options.Common,
    count: int | None,
    stage: Stage,
    diff: bool,
    files: tuple[str, ...],
) -> int:
    """Show what would be sent, byte for byte, and why.

    Without FILES, the lines that a shipper would read next. The payloads go to
    stdout, one a line, exactly as they would be sent; reasons go to stderr. Needs no
    network and no key, and moves no position.
    """
    if diff and stage != "payload":
        raise click.UsageError("--diff compares the record with its payload.")
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.config import load  # noqa: PLC0415

    settings = load(chosen.config, os.environ, checks="file")
    previewer = _previewer(settings, stage)
    shown = previewer.show(_lines(chosen, settings, files))
    shown = shown if count is None else islice(shown, count)
    if chosen.as_json:
        _show_json(shown, previewer.totals, stage, with_before=diff)
        return EXIT_OK
    for one in shown:
        if diff:
            _show_changes(one)
            continue
        if not chosen.is_quiet:
            console.remark(console.emphasise(_heading(one)))
            for change in one.changes:
                console.remark(f"  {_sentence(change)}")
        if one.text is not None:
            _show_text(one.text)
    if not chosen.is_quiet:
        console.notice(_sums(previewer.totals, stage))
    return EXIT_OK


def _previewer(settings: Settings, stage: Stage) -> Previewer:
    from shipper.policy import Policy  # noqa: PLC0415
    from shipper.reports.listed import Listed  # noqa: PLC0415
    from shipper.reports.preview import Previewer  # noqa: PLC0415
    from shipper.reports.reasons import Reasons  # noqa: PLC0415
    from shipper.service import shaper_of  # noqa: PLC0415

    policy = Policy(
        denylist=settings.filter.denylist, allowlist=settings.filter.allowlist
    )
    return Previewer(
        shaper=shaper_of(settings), reasons=Reasons(Listed(policy)), stage=stage
    )


def _lines(
    chosen: options.Common, settings: Settings, files: tuple[str, ...]
) -> Iterator[Seen]:
    from shipper.reports.browse import lines_of_files, pending_lines  # noqa: PLC0415

    if files:
        return lines_of_files(files)
    clock = SystemClock()
    events = console.event_log(chosen, clock, unless_verbose="error")
    return pending_lines(
        settings.state_dir, settings.sources, events=events, clock=clock
    )


def _show_text(text: bytes) -> None:
    if sys.stdout.isatty():
        # JSON's own escapes say the same to a parser, and nothing to a terminal.
        text = _escaped(text.decode()).encode()
    console.say_bytes(text + b"\n")


def _escaped(text: str) -> str:
    return "".join(
        character if character.isprintable() else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    units = character.encode("utf-16-be")
    pairs = (units[at : at + 2] for at in range(0, len(units), 2))
    return "".join(f"\\u{pair.hex()}" for pair in pairs)


def _heading(shown: Shown) -> str:
    """Say what becomes of a line, with nothing in it that does not leave."""
    words = [f"{shown.path}:{shown.start_bytes}: {shown.outcome}"]
    if shown.sent is not None:
        request, response = shown.sent.request, shown.sent.response
        size = len(shown.text or b"")
        words.append(
            f"{request.method} {request.url} {response.status}, {size:,} bytes"
            f", caller {_caller(shown)}"
        )
    elif shown.text is not None:
        words.append(
            f"{shown.id}" + (f", caller {_caller(shown)}" if shown.caller else "")
        )
    words += [word for word in (shown.reason, shown.detail) if word]
    return _short(": ".join(words))


def _caller(shown: Shown) -> str:
    caller = shown.caller
    return "unknown" if caller is None else caller.label or caller.id


def _sentence(change: Change) -> str:
    if change.after is None:
        after = "removed" if change.before is not None else ""
    else:
        after = _short(change.after)
    place = _short(change.place)
    return f"{place}: {after} ({change.why})" if after else f"{place}: {change.why}"


def _short(text: str) -> str:
    text = one_line(text[: VALUE_CHARACTERS + 1])
    return text if len(text) <= VALUE_CHARACTERS else f"{text[:VALUE_CHARACTERS]}\u2026"


def _sums(totals: Totals, stage: Stage) -> str:
    """Say in one line what became of all lines."""
    verb = "would be sent" if stage == "payload" else "are kept"
    told = [f"{totals.going_on:,} {verb} ({totals.size_bytes:,} bytes)"]
    for name, reasons in (("skipped", totals.skipped), ("rejected", totals.rejected)):
        if reasons:
            listed = ", ".join(
                f"{why}: {many:,}" for why, many in sorted(reasons.items())
            )
            told.append(f"{sum(reasons.values()):,} {name} ({listed})")
    if totals.stopped:
        told.append(f"{totals.stopped:,} where reading stops")
    text = f"{totals.lines:,} {_noun(totals.lines, 'line')}: {', '.join(told)}"
    changes = [
        f"{count:,} {_KINDS[kind]}" for kind, count in sorted(totals.changes.items())
    ]
    return f"{text}; changes: {', '.join(changes)}" if changes else text


def _noun(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


_KINDS = {
    "listed": "by the lists",
    "detected": "by a detector",
    "withheld": "bodies not sent",
    "rule": "by other rules",
    "opened": "bodies opened",
    "masked": "masked by the writer",
}


def _show_changes(shown: Shown) -> None:
    console.say(console.emphasise(_heading(shown)))
    for change in shown.changes:
        console.say(f"@ {_short(change.place)} ({_short(change.why)})")
        if change.before is not None and change.before != change.after:
            console.say(f"- {one_line(change.before)}")
        if change.after is not None:
            console.say(f"+ {one_line(change.after)}")


def _show_json(
    shown: Iterator[Shown], totals: Totals, stage: Stage, *, with_before: bool
) -> None:
    """Print one object, a record a line: it may be larger than memory."""
    import msgspec  # noqa: PLC0415

    encode = msgspec.json.encode
    say = console.say_bytes
    say(b'{"schema_version":%d,' % console.SCHEMA_VERSION)
    say(b'"stage":%b,"records":[' % encode(stage))
    for number, one in enumerate(shown):
        say(b",\n" if number else b"\n")
        say(encode(_fields(one, stage, with_before=with_before)))
    say(b'\n],"totals":%b}\n' % encode(_totals(totals, stage)))


def _fields(shown: Shown, stage: Stage, *, with_before: bool) -> dict[str, object]:
    text = None if shown.text is None else shown.text.decode()
    return {
        "path": shown.path,
        "start_bytes": shown.start_bytes,
        "end_bytes": shown.end_bytes,
        "outcome": shown.outcome,
        "reason": shown.reason,
        "detail": shown.detail,
        "id": shown.id,
        "payload" if stage == "payload" else "record": text,
        "changes": [
            {
                "place": change.place,
                "kind": change.kind,
                "why": change.why,
                "after": change.after,
                **({"before": change.before} if with_before else {}),
            }
            for change in shown.changes
        ],
    }


def _totals(totals: Totals, stage: Stage) -> dict[str, object]:
    return {
        "lines": totals.lines,
        "sent" if stage == "payload" else "kept": totals.going_on,
        "size_bytes": totals.size_bytes,
        "skipped": dict(sorted(totals.skipped.items())),
        "rejected": dict(sorted(totals.rejected.items())),
        "blank": totals.blank,
        "stopped": totals.stopped,
        "changes": dict(sorted(totals.changes.items())),
    }
