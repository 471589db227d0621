"""Which file system a path lies on, from the mount table."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipper.mounts import filesystem_type, network_type

TABLE = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:25 / /mnt rw - tmpfs tmpfs rw
31 30 0:40 / /mnt/logs rw,relatime shared:5 - nfs4 server:/logs rw,vers=4.2
32 30 0:41 / /mnt/with\040space rw - fuse.sshfs host:/ rw
33 30 0:42 / /mnt/twice rw - ext4 /dev/vdb rw
34 30 0:43 / /mnt/twice rw - cifs //host/share rw
not a row
"""


@pytest.mark.parametrize(
    ("path", "kind", "is_network"),
    [
        ("/etc", "ext4", False),
        ("/mnt", "tmpfs", False),
        ("/mnt/logs", "nfs4", True),
        ("/mnt/logs/deep/down", "nfs4", True),
        ("/mnt/logsandmore", "tmpfs", False),
        ("/mnt/with space/x", "fuse.sshfs", True),
        ("/mnt/twice/x", "cifs", True),
    ],
)
def test_the_longest_mount_point_decides(
    tmp_path: Path, path: str, kind: str, *, is_network: bool
) -> None:
    """Of nested mounts the inner one counts, of stacked ones the last."""
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)

    assert kind == filesystem_type(path, mount_table=str(table))
    assert (network_type(path, mount_table=str(table)) is not None) == is_network


def test_without_a_mount_table_nothing_is_known(tmp_path: Path) -> None:
    """Elsewhere than on Linux the type is unknown, and that counts as local."""
    missing = str(tmp_path / "none")

    assert filesystem_type("/", mount_table=missing) is None
    assert network_type("/", mount_table=missing) is None
