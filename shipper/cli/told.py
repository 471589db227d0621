"""How ``shipper preview`` tells of lines: for people, as JSON, and as bytes.

Payloads and JSON go to stdout; what is said about a payload goes to stderr. Nothing
here shows a hidden value unless it is asked to.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shipper.cli import console
from shipper.events import one_line

if TYPE_CHECKING:
    from shipper.reports.preview import Shown, Stage, Totals
    from shipper.reports.reasons import Change

VALUE_CHARACTERS = 200  # of a value in a line for people; --json has all of it


def show(shown: Iterator[Shown], *, with_before: bool, is_quiet: bool) -> None:
    """Print lines for people, their payloads as they are."""
    for one in shown:
        if with_before:
            _show_changes(one)
            continue
        if not is_quiet:
            console.remark(console.emphasise(_heading(one)))
            for change in one.changes:
                console.remark(f"  {_sentence(change)}")
        if one.text is not None:
            _show_text(one.text)


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


def sums(totals: Totals, stage: Stage) -> str:
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
    "suspected": "suspected to be secrets, and leave",
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


def show_json(
    shown: Iterator[Shown], totals: Totals, stage: Stage, *, with_before: bool
) -> None:
    """Print one object, a record a line: it may be larger than memory."""
    # The names of files need not be UTF-8, which msgspec would want.
    encode = json.JSONEncoder(separators=(",", ":")).encode
    say = console.say_bytes
    say(b'{"schema_version":%d,' % console.SCHEMA_VERSION)
    say(b'"stage":%b,"records":[' % encode(stage).encode())
    for number, one in enumerate(shown):
        say(b",\n" if number else b"\n")
        say(encode(_fields(one, stage, with_before=with_before)).encode())
    say(b'\n],"totals":%b}\n' % encode(totals_of(totals, stage)).encode())


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


def totals_of(totals: Totals, stage: Stage) -> dict[str, object]:
    """Return the sums for JSON."""
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
