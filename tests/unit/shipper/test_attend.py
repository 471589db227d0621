"""One line says how a run stands: what is delivered, what waits, what is wrong."""

from __future__ import annotations

import pytest

from shipper.attend import Vitals
from shipper.pipeline import Sums


@pytest.mark.parametrize(
    ("vitals", "sentence"),
    [
        (Vitals(Sums(), 0, 0, ""), "0 delivered; waiting: nothing"),
        (
            Vitals(Sums(delivered=1234, blank=5), 0, 7, ""),
            "1,234 delivered; waiting: 7 records in flight",
        ),
        (
            Vitals(Sums(1, 2, 3), 4096, 7, "status 503"),
            "1 delivered, 2 skipped, 3 dead; waiting: 4,096 bytes and 7 records in "
            "flight; trouble: status 503",
        ),
    ],
)
def test_the_sentence_leaves_out_what_is_nothing(vitals: Vitals, sentence: str) -> None:
    """A quiet shipper says little, and one in trouble says why."""
    assert vitals.sentence == sentence
