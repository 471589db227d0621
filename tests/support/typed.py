"""Commands of a document, typed into a shell, and what the document says they print.

A block of shell counts after the mark ``<!-- typed by the tests -->``; a name in the
mark (``: offline``) keeps the blocks of one path apart. A block of text right after it
says what is printed, line by line, with "…" for what differs from host to host.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support.checkout import without_make

SECONDS = 900.0  # far above what any of these blocks takes
_BLOCK = re.compile(
    r"<!-- typed by the tests(?:: (\w+))? -->\n```sh\n(.*?)```\n"
    r"(?:\n```text\n(.*?)```\n)?",
    re.DOTALL,
)
# Not a link: by its name alone python would look for its library beside it.
_PYTHON = """#!/bin/sh
exec "{python}" "$@"
"""
# The copy of pip that an environment gets costs five seconds: ours stands in for it.
_PYTHON_WITHOUT_PIP = """#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec "{python}" "$@"
"{python}" -m venv --without-pip "$3"
cat > "$3/bin/pip" << END
#!/bin/sh
exec "{python}" -m pip --python "$3/bin/python" "\\$@"
END
chmod 0755 "$3/bin/pip"
"""
_OF_THE_SYSTEM = re.compile(r"(?<![\w./])/(?=(?:etc|opt|var|usr/local)/)")
# What only root may do, and what changes the accounts of this machine.
_STAND_INS = """
set -euo pipefail
runuser() { shift 3; "$@"; }
useradd() { mkdir -p "$ROOT/var/lib/shipper"; }
chown() { test -e "${!#}"; }
install() {
    local words=()
    while [ $# -gt 0 ]; do
        case $1 in -o | -g) shift 2 ;; *) words+=("$1"); shift ;; esac
    done
    command install "${words[@]}"
}
"""


@dataclass(frozen=True)
class Block:
    """Some commands and the lines that they print, in order."""

    commands: str
    printed: tuple[str, ...]


def blocks(document: str, name: str = "") -> list[Block]:
    """Return the blocks of a document that are marked with this name."""
    return [
        Block(commands, tuple(printed.splitlines()))
        for marked, commands, printed in _BLOCK.findall(document)
        if marked == name
    ]


@dataclass(frozen=True)
class Host:
    """A directory that stands in for the root of a host.

    Attributes:
        root: Holds its own /etc, /opt, /usr/local and /var.
        environ: Variables besides those of this process.
    """

    root: Path
    environ: dict[str, str]

    def path(self, name: str) -> Path:
        """Return where a path of that host lies."""
        return self.root / name.lstrip("/")

    def prepare(self, *, is_quick: bool) -> None:
        """Make the directories that every host has, and our interpreter its python3.

        Args:
            is_quick: Give new environments our pip rather than a copy.
        """
        for name in ("/etc/cron.d", "/opt", "/usr/local/bin", "/var/lib", "/var/log"):
            self.path(name).mkdir(parents=True)
        python = self.path("/usr/local/bin/python3")
        text = _PYTHON_WITHOUT_PIP if is_quick else _PYTHON
        python.write_text(text.format(python=sys.executable))
        python.chmod(0o755)

    def run(
        self, commands: str, *, cwd: Path, typed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run shell commands as on that host; both outputs come as one."""
        own = {
            "ROOT": str(self.root),
            "PATH": f"{self.root}/usr/local/bin:/usr/bin:/bin",
        }
        done = subprocess.run(
            ["bash", "-c", _STAND_INS + _OF_THE_SYSTEM.sub(f"{self.root}/", commands)],
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**without_make(os.environ), **own, **self.environ},
            cwd=cwd,
            timeout=SECONDS,
            check=False,
        )
        done.stdout = done.stdout.replace(str(self.root), "")
        return done

    def type(self, block: Block, *, cwd: Path, typed: str = "") -> None:
        """Type a block, which has to succeed and to print what it is said to."""
        done = self.run(block.commands, cwd=cwd, typed=typed)
        assert done.returncode == 0, done.stdout
        left = done.stdout
        for line in block.printed:
            words = ".*".join(re.escape(part) for part in line.split("…"))
            found = re.search(f"^{words}$", left, re.MULTILINE)
            assert found, f"{line!r} is not printed by\n{block.commands}\n{done.stdout}"
            left = left[found.end() :]
