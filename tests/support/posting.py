"""A poster that answers from a script, when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shipper.receipt import Deferred, Delivered, Receipt


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """Implements `shipper.dispatch.Answered`."""

    ticket: int
    receipt: Receipt


class ScriptedPoster:
    """Implements `shipper.dispatch.Poster`; keeps requests until answered."""

    def __init__(
        self, judge: Callable[[Sequence[bytes]], Receipt] | None = None
    ) -> None:
        # Mutable state: requests out there by ticket, answers not yet fetched,
        # and everything that was ever posted.
        self.out: dict[int, tuple[bytes, ...]] = {}
        self.posted: list[tuple[bytes, ...]] = []
        self._answers: list[ScriptedAnswer] = []
        self._judge = judge

    def post(self, ticket: int, payloads: Sequence[bytes]) -> None:
        """Keep the request, or answer it at once when there is a judge."""
        self.posted.append(tuple(payloads))
        self.out[ticket] = tuple(payloads)
        if self._judge is not None:
            self.answer(ticket, self._judge(payloads))

    def answered(self) -> Sequence[ScriptedAnswer]:
        """Return the answers given since the last call."""
        answers, self._answers = self._answers, []
        return answers

    def answer(self, ticket: int, receipt: Receipt) -> None:
        """Answer one request."""
        del self.out[ticket]
        self._answers.append(ScriptedAnswer(ticket, receipt))

    def answer_oldest(self, receipt: Receipt | None = None) -> None:
        """Answer the request that has been out longest; accepted by default."""
        self.answer(next(iter(self.out)), receipt or Delivered(202))


def deferred_by(cause: str, **changes: object) -> Deferred:
    """Return a deferral of the named cause."""
    from shipper.receipt import Cause

    fields: dict[str, object] = {"reason": f"{cause} happened", **changes}
    return Deferred(cause=Cause(cause), **fields)  # type: ignore[arg-type]  # a builder
