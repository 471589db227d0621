"""What was chosen for a backfill, all words together."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest

from shipper.backfill.choices import Choices
from shipper.cli import history_choices


@pytest.mark.parametrize(
    ("choices", "told"),
    [
        (
            Choices(
                since=datetime(2026, 2, 1, tzinfo=UTC),
                until=datetime(2026, 1, 1, tzinfo=UTC),
            ),
            "--since",
        ),
        (Choices(fields={"status": "code"}), "nginx-json or apigateway"),
        (Choices(format="caddy", fields={"status": "code"}), "caddy"),
    ],
)
def test_what_does_not_fit_together_is_told(choices: Choices, told: str) -> None:
    """Each word may be good, and both are not."""
    with pytest.raises(click.UsageError, match=told):
        history_choices.check(choices)


@pytest.mark.parametrize(
    "choices",
    [
        Choices(since=datetime(2026, 1, 1, tzinfo=UTC)),
        Choices(format="nginx-json", fields={"status": "code"}),
    ],
)
def test_what_fits_together_passes(choices: Choices) -> None:
    """One end of a span is enough, and a map goes with its formats."""
    history_choices.check(choices)
