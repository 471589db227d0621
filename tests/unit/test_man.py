"""The manual page becomes one that `man` shows, without a complaint."""

from __future__ import annotations

import os
import subprocess

import pytest

from docs.man import SOURCE, manual
from shipper.cli.table import VERBS
from tests.support.programs import require_program


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("## See also", '.SH "SEE ALSO"'),
        ("### shipper run", '.SS "shipper run"'),
        ("One line.\nAnother.", ".PP\nOne line.\nAnother."),
        ("It's `--once` here", ".PP\nIt\\(aqs \\fB\\-\\-once\\fR here"),
        (".gitignore is no request", ".PP\n\\&.gitignore is no request"),
        ("a \\ b", ".PP\na \\e b"),
        (
            "`-n N`, `--lines N`\n: How many.\n  All: 0.",
            ".TP\n\\fB\\-n N\\fR, \\fB\\-\\-lines N\\fR\nHow many.\nAll: 0.",
        ),
        ("    a  b\n    .c", ".PP\n.RS 4\n.nf\na  b\n\\&.c\n.fi\n.RE"),
        ("see [docs.md](docs.md#x)", ".PP\nsee \\fIdocs.md\\fR"),
        ("see [it](https://a.b/c)", ".PP\nsee \\fIit\\fR <https://a.b/c>"),
    ],
)
def test_each_form_has_its_counterpart(text: str, page: str) -> None:
    """Words look as they are typed, and nothing is taken for a request."""
    assert manual(text) == page + "\n"


def test_what_has_no_counterpart_is_refused() -> None:
    """A table that would come out as a heap of words is found when it is written."""
    with pytest.raises(ValueError, match="no counterpart"):
        manual("| a | b |")


def test_the_page_is_typeset_without_a_warning() -> None:
    """Every command has its section, and options can be copied from the page."""
    groff = require_program("groff")
    page = manual(SOURCE.read_text("utf-8"))
    done = subprocess.run(
        [groff, "-man", "-ww", "-Kutf8", "-Tutf8", "-P-cbou", "-rLL=200n"],
        input=page,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        check=True,
    )

    assert done.stderr == ""
    assert [verb for verb in VERBS if f"   shipper {verb}" not in done.stdout] == []
    assert "       --max-duration DURATION\n" in done.stdout
    assert "`" not in done.stdout
