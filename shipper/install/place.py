"""Where a shipper is installed and what it reads: the paths that texts are filled with.

Pure, but for a look at which command is running.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import Final

from shipper.errors import EXIT_CONFIG, ShipperError

DEFAULT_CONFIG: Final = "/etc/shipper/config.toml"
# What systemd takes in the name of a unit, and cron in that of a file.
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_-]+")
# ProtectHome= and PrivateTmp= hide these from a service.
_HIDDEN: Final = ("/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/")  # noqa: S108  # named, not used


class CannotInstallError(ShipperError):
    """No text can be made for this machine, for want of a name or of a template."""

    exit_code = EXIT_CONFIG


@dataclass(frozen=True, slots=True)
class Place:
    """One shipper on this machine.

    Attributes:
        command: The words that start it, the first one an absolute path.
        config: Absolute path of its configuration.
        logs: What it follows, by that configuration, if it can be read.
        egress_log: Likewise the file it names for the egress log, or empty.
    """

    command: tuple[str, ...]
    config: str
    logs: tuple[str, ...] = ()
    egress_log: str = ""

    def __post_init__(self) -> None:
        for path in (*self.command, self.config, *self.logs, self.egress_log):
            if path and not path.isprintable():
                raise CannotInstallError(
                    f"no file of the system can name this path: {path!r}: it holds a "
                    "character that cannot be printed"
                )

    @property
    def stem(self) -> str:
        """The configuration's path without its suffix."""
        return os.path.splitext(self.config)[0]

    @property
    def instance(self) -> str:
        """What tells this shipper from others, fit for the name of a file."""
        name = _NOT_IN_A_NAME.sub("-", os.path.basename(self.stem)).strip("-")
        return name or "config"

    @property
    def name(self) -> str:
        """A name for what belongs to this shipper; ``shipper`` for the usual file."""
        is_usual = self.instance in {"config", "shipper"}
        return "shipper" if is_usual else f"shipper-{self.instance}"

    @property
    def key_file(self) -> str:
        """Where the project key is expected, beside the configuration."""
        return f"{self.stem}.key"

    @property
    def hidden(self) -> tuple[str, ...]:
        """Paths that a service with a view of its own of the disk does not see."""
        paths = (self.command[0], self.config)
        return tuple(path for path in paths if path.startswith(_HIDDEN))

    @property
    def hidden_logs(self) -> tuple[str, ...]:
        """Followed logs that such a service does not see."""
        return tuple(path for path in self.logs if path.startswith(_HIDDEN))

    @property
    def is_egress_log_closed(self) -> bool:
        """True if a service that may write to its own directories cannot write it."""
        own = (f"{self.logs_directory}/", f"/var/lib/shipper/{self.instance}/")
        return bool(self.egress_log) and not self.egress_log.startswith(own)

    @property
    def logs_directory(self) -> str:
        """What `LogsDirectory=` of its units makes."""
        return f"/var/log/shipper/{self.instance}"


def place_of(config: str | None) -> Place:
    """Return the place of the running command.

    Args:
        config: The configuration that was named, or None for the system's.
    """
    return Place(running_command(), os.path.abspath(config or DEFAULT_CONFIG))


def running_command() -> tuple[str, ...]:
    """Return the words that start the command that is running, by its whole path."""
    called = os.path.abspath(sys.argv[0])
    if os.path.basename(called) == "shipper" and os.access(called, os.X_OK):
        return (called,)
    # python -m shipper: the command stands beside the interpreter, where pip puts it.
    beside = os.path.join(os.path.dirname(os.path.abspath(sys.executable)), "shipper")
    if os.access(beside, os.X_OK):
        return (beside,)
    return (os.path.abspath(sys.executable), "-m", "shipper")
