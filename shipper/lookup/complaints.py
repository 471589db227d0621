"""Tell what goes wrong while callers are looked for, without telling it each time.

What failed comes in as often as it fails; an event goes out the first time and then
at every tenth power, with the count. Nothing said here holds a value of a record.
"""

from __future__ import annotations

from shipper.events import Events, Value


class Complaints:
    """Events about identification, few however many records there are."""

    def __init__(self, events: Events | None, *, mask: str) -> None:
        # Mutable state, touched by the pipeline thread alone: how often each
        # complaint was made, and whether the masks were told to differ.
        self._events = events
        self._mask = mask
        self._counts: dict[tuple[str, str], int] = {}
        self._has_told_mask = False

    def failed(self, rule: str, why: str) -> None:
        """Report that a rule failed; the next one is tried."""
        count = self._counts.get((rule, why), 0) + 1
        self._counts[rule, why] = count
        if count == 10 ** (len(str(count)) - 1):
            self._emit("identify_failed", rule=rule, why=why, count=count)

    def switched_off(self, rule: str, count: int, seconds: float) -> None:
        """Report that a function is not asked any more."""
        self._emit(
            "identify_switched_off",
            rule=rule,
            count=count,
            seconds=seconds,
            hint="it must not wait for anything; restart the shipper when it is mended",
        )

    def other_mask(self, kind: str) -> None:
        """Report once that writer and shipper mask in different ways."""
        if not self._has_told_mask:
            self._has_told_mask = True
            self._emit(
                "mask_mismatch",
                found=kind,
                expected=self._mask,
                hint=f'set [identify] mask = "{kind}", or mask= of ExchangeWriter, '
                "and give both the same key",
            )

    def table_loaded(self, path: str, callers: int) -> None:
        """Report that a table holds from now on."""
        self._emit("lookup_loaded", path=path, callers=callers)

    def table_failed(self, path: str, why: str, hint: str | None) -> None:
        """Report that a table cannot be used, and what was known still holds."""
        self._emit("lookup_failed", path=path, why=why, hint=hint or "mend the file")

    def _emit(self, name: str, **fields: Value) -> None:
        if self._events is not None:
            self._events.emit(name, **fields)
