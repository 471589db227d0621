"""The command ``shipper``: finds the verb, imports it, and ends with its code.

Only click and the table are imported here, so that ``--help`` is quick. What
a command raises is told here, once, and becomes the exit code.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from shipper.cli import console
from shipper.cli.options import VERBOSE
from shipper.cli.table import VERBS
from shipper.errors import EXIT_OK, ShipperError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count
COMPLETION = "_SHIPPER_COMPLETE"  # set by a shell that wants a word completed
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE: who read our output has gone


class Verbs(click.Group):
    """A group whose commands are modules, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the table's order."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module and return its command."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"shipper.cli.{VERBS[cmd_name].module}")
        command: click.Command = module.command
        return command

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        """Complete a verb from the table, importing none of them."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - late

        return [
            CompletionItem(name, help=verb.summary)
            for name, verb in VERBS.items()
            if name.startswith(incomplete)
        ]

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list of commands from the table, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.summary) for name, verb in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was meant."""
        if args[0] in VERBS:
            return super().resolve_command(ctx, args)
        import difflib  # noqa: PLC0415 - late: only a wrong word needs it

        meant = difflib.get_close_matches(args[0], VERBS, n=1)
        if meant:
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{meant[0]}'?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb and return its exit code, whatever it raises."""
        try:
            return super().invoke(ctx)
        except (
            BrokenPipeError,
            click.ClickException,
            click.Abort,
            click.exceptions.Exit,
        ):
            raise
        except ShipperError as error:
            console.complain(error)
            return error.exit_code
        except Exception as error:  # noqa: BLE001 - the last resort before exit
            is_verbose = bool(ctx.meta.get(VERBOSE))
            return console.complain_of_bug(error, with_traceback=is_verbose)


@click.command(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Options are given after the command's name: shipper run --config FILE. "
    "Every key of the configuration can be set by a variable such as "
    "SHIPPER_BATCH__MAX_RECORDS.",
)
@click.version_option(package_name="hartail", message="shipper %(version)s")
def root() -> None:
    """Ship logged HTTP exchanges to ReadMe's API logs, through a file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = root.main(words, prog_name="shipper", standalone_mode=False)
    except ShipperError as error:
        # Before there is a verb: our help could not be written.
        console.complain(error)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.NoSuchOption) and _is_before_the_verb(error):
            click.echo("hint: options stand after the command's name", err=True)
        code = error.exit_code
    except click.Abort:
        code = EXIT_INTERRUPTED
    except SystemExit as error:
        # Outside its standalone mode, click exits after completing a word, and for a
        # broken pipe; it has seen to it that the interpreter's last flush is silent.
        code = error.code if COMPLETION in os.environ else EXIT_BROKEN_PIPE
    return code if isinstance(code, int) else EXIT_OK


def _is_before_the_verb(error: click.UsageError) -> bool:
    return error.ctx is not None and isinstance(error.ctx.command, click.Group)
