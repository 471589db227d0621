"""How logrotate may move the logs of other programs, and our own egress log.

Records of `wsgi_writer` rotate by themselves and are only named. What the shipper
needs is that files are renamed, never cut in place: `copytruncate` loses lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from shipper.install.place import Place

DIRECTORY: Final = "/etc/logrotate.d"


class Followed(Protocol):
    """What is asked of one `[[source]]` table."""

    @property
    def paths(self) -> Sequence[str]:
        """Absolute paths or globs of active files."""
        ...

    @property
    def is_foreign(self) -> bool:
        """True for the log of another program."""
        ...


def file_of(place: Place) -> str:
    """Return the absolute path where the text goes."""
    return f"{DIRECTORY}/{place.name}"


def logrotate_text(
    place: Place, sources: Iterable[Followed], *, egress_log: str
) -> str:
    """Return a file for logrotate.d.

    Args:
        place: Whose logs these are.
        sources: What is followed.
        egress_log: Absolute path of the egress log, or empty.
    """
    own: dict[str, None] = {}
    foreign: dict[str, None] = {}
    for source in sources:
        patterns = foreign if source.is_foreign else own
        patterns.update(dict.fromkeys(source.paths))
    file = file_of(place)
    parts = [_HEAD.format(file=file)]
    parts += [_OWN.format(path=path) for path in own]
    parts += [_FOREIGN.format(path=_quoted(path)) for path in foreign]
    if egress_log:
        parts.append(_EGRESS.format(path=_quoted(egress_log)))
    return "\n".join(parts)


_HEAD: Final = """\
# Goes into {file}
#
# As root:
#
#     logrotate -d {file}
#
# A log must stand in one file of logrotate only: packages often bring one of their own
# (/etc/logrotate.d/nginx). Leave it there and take the log out here, as long as it
# does not say copytruncate, which loses lines.
"""
_OWN: Final = """\
# {path} rotates by itself: wsgi_writer does it, within max_total_bytes.
"""
_FOREIGN: Final = """\
{path} {{
    daily
    rotate 14
    maxsize 256M
    missingok
    notifempty
    dateext
    dateformat -%Y%m%d-%s
    nocreate
    compress
    # The last one is not packed yet: its program may still write to it.
    delaycompress
    # The program has to open its log again, or it goes on writing to the old file:
    # postrotate
    #     systemctl kill -s USR1 nginx.service
    # endscript
}}
"""
_EGRESS: Final = """\
# The egress log; the shipper opens the next file by itself.
{path} {{
    weekly
    rotate 52
    missingok
    notifempty
    nocreate
    compress
    delaycompress
}}
"""


def _quoted(path: str) -> str:
    """Return a path as logrotate reads it; blanks would end it."""
    return f'"{path}"' if " " in path else path
