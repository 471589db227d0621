"""requests, without what nobody asks of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
GUESSER = "charset_normalizer"


@pytest.mark.parametrize(
    ("program", "is_loaded"),
    [
        ("from shipper.lean import requests", False),
        (f"import {GUESSER}; from shipper.lean import requests", True),
        (f"from shipper.lean import requests; import {GUESSER}", True),
        ("import requests; from shipper.lean import requests", True),
    ],
)
def test_the_guesser_of_encodings_is_left_to_others(
    program: str, is_loaded: bool
) -> None:
    """Whoever asks for it gets it, before and after; no warning is given."""
    asked = f"import sys; {program}; print({GUESSER!r} in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", asked],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == (f"{is_loaded}\n", "")


def test_an_answer_has_a_text_all_the_same() -> None:
    """In UTF-8, unless it says what it is written in."""
    program = (
        "from shipper.lean import requests; answer = requests.Response(); "
        "answer._content = 'grün'.encode(); print(answer.text == 'grün')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "True\n"
