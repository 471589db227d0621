"""The closed list of reasons, and the document that explains it."""

from __future__ import annotations

import re
from pathlib import Path

from shipper.formats import FORMATS
from shipper.formats.reasons import REASONS, refuse

DOCUMENT = Path(__file__).parents[3] / "docs" / "formats.md"


def _listed_under(heading: str) -> list[str]:
    text = DOCUMENT.read_text(encoding="utf-8").partition(f"## {heading}\n")[2]
    section = text.partition("\n## ")[0]
    return re.findall(r"^\| `([a-z_0-9-]+)` \|", section, re.MULTILINE)


def test_every_reason_is_explained() -> None:
    """In the order of the list, and none that does not exist."""
    assert list(REASONS) == _listed_under("Why a line is refused")


def test_every_format_is_described() -> None:
    """What it gives and what it lacks."""
    assert set(FORMATS) <= set(_listed_under("The formats"))


def test_a_detail_may_be_closer_than_the_list() -> None:
    """It replaces the list's sentence, and the word stays."""
    found = refuse("url", "none")

    assert (found.reason, found.detail) == ("url", "none")
