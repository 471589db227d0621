"""A file's name is shown as letters, whatever somebody has put into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.cli.root import main
from tests.support.commands import Shop

NOWHERE = "http://127.0.0.1:9"
HOSTILE = "owls\x1b]0;title\x07\x1b[2J.jsonl"


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["audit"],
        ["doctor", "--offline"],
        ["backfill", "--dry-run", HOSTILE],
    ],
    ids=lambda words: words[0],
)
def test_escapes_in_a_name_do_not_reach_the_terminal(
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever may make a file beside the log cannot write on an operator's screen."""
    shop = Shop(tmp_path)
    shop.record(1)
    shop.log.rename(shop.log.with_name(HOSTILE))
    shop.configure(NOWHERE)
    text = shop.config.read_text().replace(shop.log.name, "*.jsonl")
    shop.config.write_text(text)

    monkeypatch.chdir(shop.log.parent)

    main([*words, "--config", str(shop.config)])

    told = capsys.readouterr()
    assert r"owls\x1b]0;title\x07\x1b[2J.jsonl" in told.out
    assert not {"\x1b", "\x07"} & set(told.out + told.err)
