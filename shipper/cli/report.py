"""The report of ``shipper preview --html``: gathered, laid out, and written whole."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import TYPE_CHECKING

from msgspec import Struct

from shipper.cli.private_file import write_lines
from shipper.clock import SystemClock

if TYPE_CHECKING:
    from shipper.config.settings import Settings
    from shipper.reports.html.page import Facts, Setting
    from shipper.reports.preview import Previewer, Shown


def facts_of(settings: Settings, *, is_pending: bool, is_partial: bool) -> Facts:
    """Return what the page tells beside what is gathered."""
    from shipper.reports.html.page import Facts, Setting  # noqa: PLC0415
    from wsgi_writer._version import __version__  # noqa: PLC0415

    return Facts(
        made_at=f"{SystemClock().now():%Y-%m-%d %H:%M:%S} UTC",
        version=__version__,
        destination=settings.readme.endpoint,
        settings=(
            Setting("Configuration", _words(settings.origin or "")),
            Setting("readme.endpoint", _words(settings.readme.endpoint)),
            Setting(
                "readme.development_mode", _words(settings.readme.development_mode)
            ),
            *_rules("filter", settings.filter),
            *_rules("identify", settings.identify),
        ),
        is_pending=is_pending,
        is_partial=is_partial,
    )


def _rules(table: str, chosen: Struct) -> Iterator[Setting]:
    """Yield every rule of a table, also one that this room has never heard of."""
    from shipper.reports.html.page import Setting  # noqa: PLC0415

    for name in chosen.__struct_fields__:
        yield Setting(f"{table}.{name}", _words(getattr(chosen, name)))


def _words(value: object) -> tuple[str, ...]:
    """Return what is set as words; none for what is empty."""
    values = value if isinstance(value, tuple) else (value,)
    words = (str(one).lower() if isinstance(one, bool) else str(one) for one in values)
    return tuple(word for word in words if word)


def write(
    path: str,
    previewer: Previewer,
    shown: Iterator[Shown],
    facts: Facts,
    *,
    may_replace: bool,
) -> None:
    """Go through the lines, and write the page.

    Raises:
        CannotWriteError: The file is there already, or cannot be made.
    """
    from shipper.reports.gathering import Gathering  # noqa: PLC0415
    from shipper.reports.html.page import page  # noqa: PLC0415

    gathering = Gathering(previewer.reasons)
    style = resources.files("shipper.reports.html").joinpath("style.css")

    def lines() -> Iterator[str]:
        # Within the writing, so that a path that is taken is told of at once.
        for one in shown:
            gathering.add(one)
        look = style.read_text(encoding="utf-8")
        yield from page(facts, previewer.totals, gathering, style=look)

    write_lines(path, lines(), may_replace=may_replace)
