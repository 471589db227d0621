"""What `--json` prints is told apart by its version, whichever verb prints it."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from shipper.cli import console
from shipper.cli.root import main, root
from shipper.cli.table import VERBS
from tests.support.commands import KEY, Shop
from tests.support.loopback import LoopbackServer

# How each verb is called here, in an order in which each has something to tell.
WORDS: dict[str, tuple[str, ...]] = {
    "preview": (),
    "scan": (),
    "identify": (),
    "tail": ("--no-follow",),
    "run": ("--once",),
    "validate": (),
    "doctor": ("--offline",),
    "status": (),
    "metrics": (),
    "audit": (),
    "backfill": ("--dry-run", "--format", "own", "exchanges.jsonl"),
    "dead-letter list": (),
    "dead-letter show": ("1",),
    "dead-letter export": ("letters.jsonl",),
    "dead-letter retry": ("--all",),
    "dead-letter purge": ("--yes",),
    "completion": ("bash",),
}


def verbs(group: click.Group = root, before: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the words of every command, and whether it takes a configuration."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from verbs(command, f"{before}{name} ")
            continue
        options = {word for one in command.params for word in one.opts}
        assert "--json" in options, name
        yield before + name, "--config" in options


def results(printed: str) -> list[dict[str, object]]:
    """Return the objects that were printed, each by itself."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(printed):
        result, at = decoder.raw_decode(printed, at)
        found.append(result)
        at += len(printed[at:]) - len(printed[at:].lstrip())
    return found


def test_whoever_is_not_called_here_prints_as_the_others_do() -> None:
    """One that runs until a signal, or needs more than a log, has tests of its own."""
    for name, _ in verbs():
        if name in WORDS:
            continue
        module = importlib.import_module(f"shipper.cli.{VERBS[name.split()[0]].module}")
        assert "say_json(" in inspect.getsource(module), name


def test_every_result_names_the_version_of_its_shape(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A program that reads one can tell that it would not understand the next."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("README_API_KEY", KEY)
    shop = Shop(tmp_path)
    shop.record(2)
    with shop.log.open("ab") as file:
        file.write(b"no record\n")
    takes_config = dict(verbs())
    with LoopbackServer() as server:
        shop.configure(server.url)
        for verb, words in WORDS.items():
            config = ("--config", str(shop.config)) if takes_config[verb] else ()
            main([*verb.split(), *config, "--json", *words])
            printed = results(capsys.readouterr().out)

            versions = [result.get("schema_version") for result in printed]
            assert set(versions) == {console.SCHEMA_VERSION}, verb
