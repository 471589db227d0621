"""``shipper completion``: the script that lets a shell complete our words.

The script calls the command itself with `VARIABLE` set; click answers from the table
and the options there are.
"""

from __future__ import annotations

import click

from shipper.cli import console, options
from shipper.cli.root import COMPLETION, root
from shipper.errors import EXIT_OK


@click.command("completion")
@options.output
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(chosen: options.Common, shell: str) -> int:
    """Print the completion script of a shell.

    bash: eval "$(shipper completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc;
    fish: shipper completion fish > ~/.config/fish/completions/shipper.fish
    """
    # Late: click loads it for completion alone.
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(root, {}, "shipper", COMPLETION).source()
    if chosen.as_json:
        console.say_json({"shell": shell, "script": script})
    else:
        console.say(script)
    return EXIT_OK
