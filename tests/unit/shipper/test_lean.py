"""requests, without what nobody asks of it."""

from __future__ import annotations

import pytest

from tests.support.commands import run_alone

STRICT = "import sys, warnings; warnings.simplefilter('error')"
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
    done = run_alone(f"{STRICT}; {program}; print({GUESSER!r} in sys.modules)")

    assert (done.stdout, done.stderr) == (f"{is_loaded}\n", "")


def test_an_answer_has_a_text_all_the_same() -> None:
    """In UTF-8, unless it says what it is written in."""
    done = run_alone(
        "from shipper.lean import requests; answer = requests.Response(); "
        "answer._content = 'grün'.encode(); print(answer.text == 'grün')"
    )

    assert done.stdout == "True\n"
