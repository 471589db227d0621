"""Which kind of file system a path lies on, and whether it can be written to.

Change events do not travel over network file systems, and SQLite's WAL does not
work there; `wake` and `store` ask here. The answer is read from Linux's mount
table; elsewhere it is unknown, and unknown counts as local.
"""

from __future__ import annotations

import os

# proc_pid_mountinfo(5); the field after " - " is the type.
MOUNT_TABLE = "/proc/self/mountinfo"

NETWORK_TYPES = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.sshfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb3",
        "smbfs",
        "virtiofs",
    }
)


def network_type(path: str, *, mount_table: str = MOUNT_TABLE) -> str | None:
    """Return the type if `path` lies on a network file system, else None."""
    kind = filesystem_type(path, mount_table=mount_table)
    return kind if kind in NETWORK_TYPES else None


def filesystem_type(path: str, *, mount_table: str = MOUNT_TABLE) -> str | None:
    """Return the type of the file system that `path` lies on, or None if unknown."""
    try:
        with open(mount_table, encoding="utf-8", errors="surrogateescape") as table:
            rows = table.readlines()
    except OSError:
        return None
    real = os.path.realpath(path)
    best, kind = "", None
    for row in rows:
        place, _, rest = row.partition(" - ")
        fields, types = place.split(" "), rest.split(" ")
        if len(fields) < 5 or not types[0]:
            continue
        point = _unescape(fields[4])
        # ">=": of two mounts on one point, the later one is on top.
        if _is_below(real, point) and len(point) >= len(best):
            best, kind = point, types[0]
    return kind


def is_read_only(path: str) -> bool:
    """Return True if `path` lies on a file system that nobody may write to now."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _is_below(path: str, point: str) -> bool:
    return point in {"/", path} or path.startswith(point + "/")


def _unescape(point: str) -> str:
    for code, character in (("040", " "), ("011", "\t"), ("012", "\n"), ("134", "\\")):
        point = point.replace("\\" + code, character)
    return point
