"""The command line: verbs, shared options, messages and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from shipper.cli import console
from shipper.cli.options import duration
from shipper.cli.root import Verbs, main, root
from shipper.cli.table import VERBS
from shipper.errors import ShipperError, StateLockedError
from tests.support.commands import run_alone
from tests.support.settings import KEY

Streams = pytest.CaptureFixture[str]

THREE_FAULTS = 'state_dri = "x"\n[[source]]\npaths = []\n[batch]\nmax_records = 0\n'
REPOSITORY = Path(__file__).parents[3]
HEAVY = {
    "difflib",
    "http",
    "hyperscan",
    "jsonschema",
    "msgspec",
    "prometheus_client",
    "requests",
    "sqlite3",
    "ssl",
    "watchdog",
}
# What a run of own records that meets no trouble does without.
UNUSED = {
    "dataclasses",
    "hyperscan",
    "jsonschema",
    "logging",
    "multiprocessing",
    "prometheus_client",
    "requests",
    "shipper.formats",
    "urllib3",
    "watchdog",
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the real environment change a command."""
    for name in ("SHIPPER_CONFIG", "README_METRICS_SERVER", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration without faults, in a directory of its own."""
    path = tmp_path / "config.toml"
    path.write_text('state_dir = "state"\n[[source]]\npaths = ["log.jsonl"]\n')
    return path


@pytest.mark.parametrize("name", VERBS)
def test_the_table_and_the_command_agree(name: str) -> None:
    """The table's summary is what the command says of itself, and the names match."""
    command = root.get_command(click.Context(root), name)

    assert command is not None
    assert command.name == name
    assert (command.help or "").splitlines()[0] == VERBS[name].summary


def test_help_imports_no_heavy_package() -> None:
    """`shipper --help` pays for click and the table, and for nothing else."""
    program = (
        "import sys; from shipper.cli.root import main; main(['--help']); "
        f"print(sorted(set(sys.modules) & {HEAVY!r}), file=sys.stderr)"
    )
    done = run_alone(program)

    assert done.stderr.strip() == "[]"
    assert all(name in done.stdout for name in VERBS)


def test_a_start_without_faults_imports_what_it_uses_alone(config: Path) -> None:
    """Nothing to send pays for nothing that sends, nor for looking over modules."""
    program = (
        "import gc, sys; from shipper.cli.root import main; "
        f"main(['run', '--once', '--config', {str(config)!r}]); "
        f"print(sorted(set(sys.modules) & {UNUSED!r}), gc.get_freeze_count() > 0)"
    )
    done = run_alone(program)

    assert done.stdout.strip() == "[] True"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("shipper stat", ["plain,status"]),
        ("shipper dead-letter ex", ["plain,export"]),
        ("shipper run --if-locked w", ["plain,wait"]),
    ],
)
def test_a_shell_can_complete_words(
    words: str,
    expected: list[str],
    capsys: Streams,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command answers the script it has printed, and ends with 0."""
    monkeypatch.setenv("_SHIPPER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))

    assert main([]) == 0
    assert capsys.readouterr().out.splitlines() == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_calls_this_command(shell: str, capsys: Streams) -> None:
    """Bash finds no fault in its own; the others are not on every machine."""
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out

    assert f"_SHIPPER_COMPLETE={shell}_complete" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_without_its_packages_the_command_says_how_to_get_them() -> None:
    """The base install's command is one line that mends it, and exit code 78."""
    program = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); "
        "from shipper.__main__ import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1
    assert "click" in done.stderr
    assert "pip install 'hartail[shipper]'" in done.stderr


class Broken(Verbs):
    """A command line whose only verb meets what nobody expected."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(name="shipper")
        self._error = error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Return a command that raises."""

        def fail() -> None:
            raise self._error

        return click.Command("run", callback=fail)


def test_a_bug_is_told_in_one_line_and_ends_with_1(capsys: Streams) -> None:
    """Nobody sees a traceback who has not asked for it."""
    code = Broken(KeyError("x")).main(["run"], "shipper", standalone_mode=False)

    assert code == 1
    assert capsys.readouterr().err.startswith(
        "shipper: unexpected error: KeyError: 'x'"
    )


def test_an_operators_error_ends_with_its_own_code(capsys: Streams) -> None:
    """The error knows the exit code; the command line only obeys."""
    error = StateLockedError("taken", path="/x")

    code = Broken(error).main(["run"], "shipper", standalone_mode=False)

    assert code == 75
    assert capsys.readouterr().err == "shipper: taken\n"


def test_an_unknown_command_is_met_with_a_suggestion(capsys: Streams) -> None:
    """A slip of the pen costs one look at the message."""
    code = main(["validat"])

    assert code == 2
    assert "Did you mean 'validate'?" in capsys.readouterr().err


def test_a_nameless_command_gets_the_list(capsys: Streams) -> None:
    """Without a command the list of commands is shown, and nothing is run."""
    code = main(["frobnicate"])

    assert code == 2
    assert "No such command 'frobnicate'" in capsys.readouterr().err


def test_options_before_the_verb_are_met_with_a_hint(capsys: Streams) -> None:
    """Whoever knows other tools learns where options stand here."""
    code = main(["--config", "x", "run"])

    assert code == 2
    assert "hint: options stand after the command's name" in capsys.readouterr().err


def test_a_wrong_option_of_a_verb_gets_no_such_hint(capsys: Streams) -> None:
    """The hint about the place of options is only given where it helps."""
    code = main(["run", "--onse"])

    assert code == 2
    assert "options stand after" not in capsys.readouterr().err


def test_quiet_and_verbose_exclude_each_other(config: Path, capsys: Streams) -> None:
    """A contradiction is refused rather than resolved by a rule nobody knows."""
    code = main(["validate", "-q", "-v", str(config)])

    assert code == 2
    assert "--quiet and --verbose" in capsys.readouterr().err


def test_version_is_told(capsys: Streams) -> None:
    """`--version` prints the program and its version."""
    code = main(["--version"])

    assert code == 0
    assert capsys.readouterr().out.startswith("shipper ")


def test_validate_tells_every_fault_and_exits_78(
    tmp_path: Path, capsys: Streams
) -> None:
    """Three faults, three lines, each beginning with file and line."""
    path = tmp_path / "config.toml"
    path.write_text(THREE_FAULTS)

    code = main(["validate", str(path)])

    streams = capsys.readouterr()
    assert code == 78
    assert streams.out == ""
    head, *lines = streams.err.splitlines()
    assert head == "shipper: 3 faults in the configuration"
    assert [line.split(": ")[0] for line in lines] == [
        f"{path}:1",
        f"{path}:3",
        f"{path}:5",
    ]


def test_validate_tells_faults_as_json(tmp_path: Path, capsys: Streams) -> None:
    """A program gets the same faults, taken apart."""
    path = tmp_path / "config.toml"
    path.write_text(THREE_FAULTS)

    code = main(["validate", "--json", str(path)])

    result = json.loads(capsys.readouterr().out)
    assert code == 78
    assert result["schema_version"] == console.SCHEMA_VERSION
    assert result["ok"] is False
    assert [fault["key"] for fault in result["faults"]] == [
        "state_dri",
        "source[0].paths",
        "batch.max_records",
    ]


def test_validate_tells_what_holds(config: Path, capsys: Streams) -> None:
    """A good configuration is confirmed, fact by fact, without the key."""
    code = main(["validate", "--config", str(config)])

    out = capsys.readouterr().out
    assert code == 0
    assert all(line.startswith("ok: ") for line in out.splitlines())
    assert f"{config.parent}/log.jsonl (no file yet" in out
    assert "project key: from README_API_KEY" in out
    assert "rdme_test" not in out


def test_validate_tells_how_many_files_match(config: Path, capsys: Streams) -> None:
    """A pattern that matches nothing, or too much, is seen at once."""
    (config.parent / "log.jsonl").touch()
    config.write_text(
        config.read_text() + '[filter]\ndenylist=["a"]\nallowlist=["b"]\n'
    )

    main(["validate", str(config)])

    out = capsys.readouterr().out
    assert f"source: {config.parent}/log.jsonl (1 file)" in out
    assert "the allowlist is not used" in out


def test_validate_tells_what_holds_as_json(config: Path, capsys: Streams) -> None:
    """The same facts for programs."""
    code = main(["validate", "--json", str(config)])

    result = json.loads(capsys.readouterr().out)
    assert code == 0
    assert result["ok"] is True
    assert result["config"] == str(config)


def test_validate_without_the_environment_needs_no_key(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: Streams
) -> None:
    """A configuration can be checked where it is written, not only where it runs."""
    monkeypatch.delenv("README_API_KEY")

    code = main(["validate", "--no-environment", str(config)])

    assert code == 0
    assert "project key" not in capsys.readouterr().out


def test_quiet_validate_is_silent_when_all_is_well(
    config: Path, capsys: Streams
) -> None:
    """Nothing to say, nothing said."""
    code = main(["validate", "--quiet", str(config)])

    assert code == 0
    assert capsys.readouterr() == ("", "")


def test_a_file_given_twice_is_refused(config: Path, capsys: Streams) -> None:
    """It is not guessed which of two files was meant."""
    code = main(["validate", "--config", str(config), str(config)])

    assert code == 2
    assert "given twice" in capsys.readouterr().err


def test_a_missing_file_is_told_by_every_command(
    tmp_path: Path, capsys: Streams
) -> None:
    """run, validate and status name the file that is not there, and exit 78."""
    missing = str(tmp_path / "none.toml")

    codes = [
        main([verb, "--config", missing]) for verb in ("run", "validate", "status")
    ]

    told = [line for line in capsys.readouterr().err.splitlines() if missing in line]
    assert codes == [78, 78, 78]
    mend = "(name the file itself with --config FILE or SHIPPER_CONFIG)"
    why = "cannot be read: No such file or directory"
    assert told == [f"{missing}: {why} {mend}"] * 3


def test_an_error_is_told_with_its_hint(
    capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What happened, where and why stand in the first line, the mend in the second."""
    monkeypatch.setenv("NO_COLOR", "1")
    console.complain(ShipperError("it broke: /x: no idea", hint="look at /x"))

    assert (
        capsys.readouterr().err == "shipper: it broke: /x: no idea\nhint: look at /x\n"
    )


def test_an_error_that_quotes_a_name_writes_letters(capsys: Streams) -> None:
    """A carried bundle may hold a file with terminal escapes in its name."""
    name = "parts/\x1b]0;title\x07"
    console.complain(ShipperError(f"not whole: {name}", hint=f"remove\n{name}"))

    told = capsys.readouterr().err
    assert told == (
        "shipper: not whole: parts/\\x1b]0;title\\x07\n"
        "hint: remove\nparts/\\x1b]0;title\\x07\n"
    )


@pytest.mark.parametrize("stream", ["", "1:2", "here", "1:2:3"])
def test_other_streams_than_the_journal_get_no_priority(
    stream: str, capfd: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is inherited; only the descriptor it names is the journal."""
    monkeypatch.setenv("JOURNAL_STREAM", stream)
    console.complain(ShipperError("it broke"))

    assert capfd.readouterr().err == "shipper: it broke\n"


def test_every_line_for_the_journal_has_its_priority(
    capfd: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error and its hint are errors there, and a notice is a warning."""
    status = os.fstat(sys.stderr.fileno())
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    console.complain(ShipperError("it broke", hint="look\nclosely"))
    console.notice("nothing done")

    assert capfd.readouterr().err.splitlines() == [
        "<3>shipper: it broke",
        "<3>hint: look",
        "<3>closely",
        "<4>shipper: nothing done",
    ]


@pytest.mark.parametrize(("with_traceback", "lines"), [(False, 2), (True, 3)])
def test_an_unexpected_error_is_one_line(
    with_traceback: bool, lines: int, capsys: Streams
) -> None:
    """A bug says so and exits 1; the traceback is for those who ask for it."""
    code = console.complain_of_bug(KeyError("x"), with_traceback=with_traceback)

    told = capsys.readouterr().err.splitlines()
    assert code == 1
    assert "shipper: unexpected error: KeyError: 'x'" in told
    assert len(told) == lines


def test_a_list_is_printed_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """A million dead letters are never in memory, and still one object."""
    printed = ""

    def values() -> Iterator[dict[str, int]]:
        nonlocal printed
        yield {"number": 1}
        printed = capsys.readouterr().out
        yield {"number": 2}

    console.say_json_list("letters", values())

    assert '"number": 1' in printed
    assert json.loads(printed + capsys.readouterr().out) == {
        "schema_version": 1,
        "letters": [{"number": 1}, {"number": 2}],
    }


def test_a_notice_is_one_line_of_letters(capsys: pytest.CaptureFixture[str]) -> None:
    """A name in it can neither write on the terminal nor begin a line."""
    console.notice("owl\x1b]0;title\x07\u202e\nshipper: ok.jsonl: left alone")

    told = capsys.readouterr().err
    assert told == (
        r"shipper: owl\x1b]0;title\x07\u202e\nshipper: ok.jsonl: left alone" "\n"
    )


@pytest.mark.parametrize("line", [["export", "--out", "b"], ["backfill", "a.log"]])
def test_a_label_that_is_not_utf_8_is_refused(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes into a manifest or into ids, and both are made of UTF-8."""
    code = main([*line, "--label", os.fsdecode(b"owl\xff")])

    assert code == 2
    assert "it is not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", [["preview", "--count"], ["tail", "--no-follow", "-n"]], ids=" ".join
)
def test_more_lines_than_can_be_counted_are_refused(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A number that no file has lines for is wrong usage, and no bug."""
    code = main([*line, "9" * 30])

    assert code == 2
    assert "is not in the range" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("250ms", 0.25),
        ("1.5h", 5400.0),
        (" 2D ", 172800.0),
        ("3650d", 315_360_000.0),
    ],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    """A time is written as people write it."""
    assert duration(click.Context(root), click.Option(["--x"]), text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        *("", "m", "5 m", "5x", "-1s", "1m2", "inf", "nan", "1e3"),
        *("3650d1s", "9" * 10, "9" * 400),
    ],
)
def test_other_durations_are_refused(text: str) -> None:
    """What is not a time, or so long that no date is there, is not taken for one."""
    with pytest.raises(click.BadParameter):
        duration(click.Context(root), click.Option(["--x"]), text)
