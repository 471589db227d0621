"""The documents tell the whole truth: nothing an operator can meet is left out."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from docs import build
from shipper import errors
from shipper.cli import root as command_line
from shipper.cli.root import root
from shipper.config.credential import VARIABLE
from shipper.config.schema import keys, load_schema
from shipper.events import EVENTS
from shipper.reports.doctor.check import KINDS as CODES
from tests.support.standings import exported_names
from wsgi_writer import ExchangeWriter

HERE = Path(__file__).parents[2]
KEYS = {key.dotted for key in keys(load_schema())}
DOCUMENTS = sorted([HERE / "README.md", HERE / "CHANGELOG.md", *HERE.glob("docs/*.md")])
SCREEN_LINES = 80


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Verb:
    """A command and the words that call it."""

    name: str
    command: click.Command


def _commands(group: click.Group = root, before: str = "") -> list[Verb]:
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found += _commands(command, f"{before}{name} ")
        else:
            found.append(Verb(before + name, command))
    return found


def _options(command: click.Command) -> Iterator[str]:
    parent = click.Context(root, **root.context_settings)
    context = click.Context(command, parent=parent)
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            yield from parameter.opts


def _manual(name: str) -> str:
    """Return what the man page says of a command, shared options included."""
    text = _read("docs/shipper.1.md")
    shared = text.partition("## Options of every command")[2].partition("## Commands")[
        0
    ]
    own = text.partition(f"### shipper {name}\n")[2]
    return shared + re.split(r"\n##+ ", own)[0]


@pytest.mark.parametrize("verb", _commands(), ids=lambda verb: verb.name)
def test_the_manual_lists_what_help_lists(verb: Verb) -> None:
    """Every option of every command stands in the man page, under that command."""
    manual = _manual(verb.name)

    assert [name for name in _options(verb.command) if f"`{name}" not in manual] == []


@pytest.mark.parametrize("verb", _commands(), ids=lambda verb: verb.name)
def test_the_manual_lists_nothing_else(verb: Verb) -> None:
    """The man page promises no option that the command would refuse."""
    manual = _manual(verb.name)
    promised = re.findall(r"^`(-[^`\n]*)`", manual, re.MULTILINE)
    promised += re.findall(r"^`[^`\n]+`, `(-[^`\n]*)`", manual, re.MULTILINE)
    names = {text.split()[0] for text in promised}

    assert names - set(_options(verb.command)) == set()


def test_every_command_is_in_the_synopsis() -> None:
    """A reader of the man page sees every command at once."""
    synopsis = _read("docs/shipper.1.md").partition("## Description")[0]

    assert [v.name for v in _commands() if f"shipper {v.name}" not in synopsis] == []


def test_the_list_of_keys_is_the_schema() -> None:
    """`docs/configuration.md` says what the published schema says."""
    text = _read("docs/configuration.md")

    assert build.rebuilt(text) == text, "run: python docs/build.py"


def test_the_full_example_sets_every_key() -> None:
    """The example at the end of the configuration page is complete and valid TOML."""
    example = (
        _read("docs/configuration.md").rpartition("```toml\n")[2].partition("```")[0]
    )
    written = set(_key_names(tomllib.loads(example)))

    assert written == KEYS


def _key_names(table: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        dotted = f"{prefix}{name}"
        if isinstance(value, dict) and dotted not in KEYS:
            yield from _key_names(value, f"{dotted}.")
            continue
        yield dotted
        if isinstance(value, list):
            for element in value:
                if isinstance(element, dict):
                    yield from _key_names(element, f"{dotted}.")


def test_every_event_is_explained() -> None:
    """An operator finds every event's name, level and meaning, and no other's."""
    rows = re.findall(
        r"^\| `(\w+)` \| (\w+) \| \S", _read("docs/operations.md"), re.MULTILINE
    )

    assert sorted(rows) == sorted((name, kind.level) for name, kind in EVENTS.items())


def test_every_event_is_told_by_somebody() -> None:
    """What is explained can be met: its name stands where it is emitted."""
    rooms = (HERE / "shipper").rglob("*.py")
    code = "".join(path.read_text() for path in rooms if path.name != "events.py")

    assert [name for name in EVENTS if f'"{name}"' not in code] == []


def test_every_code_of_the_doctor_is_explained() -> None:
    """A code in a report or a ticket leads to its paragraph, under its title."""
    headings = re.findall(
        r"^### (SHP\d{3}): (.+)\n\n\S", _read("docs/doctor.md"), re.MULTILINE
    )

    assert headings == [(code, kind.title) for code, kind in CODES.items()]


def test_every_metric_is_explained() -> None:
    """The table of metrics has every name that is exported, and no other."""
    table = _read("docs/operations.md").partition("| metric | meaning |")[2]
    table = table.partition("\n\n")[0]
    rows = {
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`(shipper_\w+)`", row.split("|")[1])
    }

    assert rows == exported_names()


def test_every_exit_code_is_explained() -> None:
    """Every code that a command can end with stands in the table, and no other."""
    rows = re.findall(r"^\| (\d+) \| \S", _read("docs/operations.md"), re.MULTILINE)
    codes = {
        value
        for module in (errors, command_line)
        for name, value in vars(module).items()
        if name.startswith("EXIT_")
    }

    assert {int(row) for row in rows} == codes | {143}  # 143 is 128 + SIGTERM


@pytest.mark.parametrize(
    "name",
    ["SHIPPER_CONFIG", VARIABLE, "README_METRICS_SERVER", "CREDENTIALS_DIRECTORY"],
)
def test_every_variable_is_in_the_manual(name: str) -> None:
    """What the environment can change, the man page names."""
    assert f"`{name}`" in _read("docs/shipper.1.md")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """No document sends its reader to a file that is not there."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8"))

    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_line_holds_one_sentence(document: Path) -> None:
    """Changes to a document show which sentence changed."""
    prose = re.sub(
        r"```.*?```|`[^`]*`", "", document.read_text("utf-8"), flags=re.DOTALL
    )
    doubled = [
        line
        for line in prose.splitlines()
        if re.search(r"[a-z)]\. [A-Z]", line)
        and not line.startswith(("|", "    ", "- "))
    ]

    assert doubled == []


def test_the_readme_fits_a_screen() -> None:
    """A newcomer sees what it is, why, and what to type, without a map."""
    assert len(_read("README.md").splitlines()) <= SCREEN_LINES


def test_the_readme_names_targets_that_exist() -> None:
    """What the first page says to type is in the Makefile."""
    targets = re.findall(r"^    make ([a-z-]+)", _read("README.md"), re.MULTILINE)
    known = re.findall(r"^([a-z-]+):", _read("Makefile"), re.MULTILINE)

    assert targets
    assert set(targets) <= set(known)


_CELL = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def _scenarios() -> dict[int, str]:
    """Return the last cell of each row of the table of scenarios, by number."""
    table = _read("docs/guarantees.md").partition("## The 56 scenarios")[2]
    table = table.partition("\n## ")[0]
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", table, re.MULTILINE)
    assert len(rows) == len(dict(rows)), "a number stands twice"
    return {int(number): cell for number, cell in rows}


def test_every_scenario_has_its_row() -> None:
    """The table of scenarios goes from 1 to 56."""
    assert list(range(1, 57)) == list(_scenarios())


@pytest.mark.parametrize("number", range(1, 57))
def test_a_scenario_is_shown_by_a_test_that_names_it(number: int) -> None:
    """Each row names tests that exist and say its number, or why there is none."""
    cell = _scenarios()[number]
    tests = _CELL.findall(cell)

    assert tests or re.match(r"not covered yet: \S", cell)
    for file, name in tests:
        docstring = _docstring_of(HERE / file, name)
        numbers = re.findall(r"Scenarios? ((?:\d+|, | and )+):", docstring)
        assert str(number) in re.findall(r"\d+", " ".join(numbers)), (file, name)


def _docstring_of(path: Path, name: str) -> str:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_docstring(node) or ""
    raise AssertionError(f"{path} has no {name}")


def test_every_option_of_the_writer_is_in_its_table() -> None:
    """Names, order and defaults are those of `ExchangeWriter`, and nothing else is."""
    row = re.compile(r"^\| `(\w+)` \| (.+?) \| .+ \|$", re.MULTILINE)
    rows = row.findall(_read("docs/writer.md"))
    options = inspect.signature(ExchangeWriter).parameters.values()

    assert [
        (name, ... if default == "required" else ast.literal_eval(default.strip("`")))
        for name, default in rows
    ] == [
        (option.name, ... if option.default is option.empty else option.default)
        for option in options
    ]


def test_the_readme_names_a_document_once() -> None:
    """Two names for one document make a reader open it twice."""
    links = _read("README.md").partition("## Read on")[2]
    names = re.findall(r"\]\((docs/[^)]+)\)", links)

    assert len(set(names)) == len(names) > 10
