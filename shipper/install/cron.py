"""The line of cron that starts one pass of the shipper every five minutes."""

from __future__ import annotations

import shlex
from typing import Final

from shipper.install.place import Place

DIRECTORY: Final = "/etc/cron.d"
USER: Final = "shipper"
# Five minutes apart, each ends before the next one begins: 4 min and 30 s at most.
SCHEDULE: Final = "*/5 * * * *"
OPTIONS: Final = "--once --quiet --max-duration 4m --if-locked skip --splay 30s"


def file_of(place: Place) -> str:
    """Return the absolute path where the text goes."""
    return f"{DIRECTORY}/{place.name}"


def cron_text(place: Place) -> str:
    """Return a file for cron.d; it prints nothing, so mails nothing, when all is well.

    Source: crontab(5): a percent sign begins standard input unless it is escaped.
    """
    file = file_of(place)
    words = [*place.command, "run", *OPTIONS.split(), "--config", place.config]
    line = shlex.join(words).replace("%", "\\%")
    again = shlex.join(
        [*place.command, "install", "cron", "--print", "--config", place.config]
    )
    return f"""\
# Goes into {file}
#
# As root; the user must be able to read the logs, the configuration and the key, and
# to write its state_dir:
#
#     useradd --system --groups adm --home-dir /var/lib/shipper --create-home {USER}
#     {again} > {file}
#     runuser -u {USER} -- {shlex.join([*place.command, "validate", place.config])}
#
# The project key comes from a file that this user may read: readme.api_key_file, or
# /etc/shipper/readme-api-key. cron knows no variables of yours.
# Nothing is printed when all is well; what is printed, cron mails to MAILTO.
SHELL=/bin/sh
{SCHEDULE} {USER} {line}
"""
