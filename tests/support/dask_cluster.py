"""A Dask cluster of two workers on this machine, until standard input is closed.

Run as a program: it prints the scheduler's address on one line.
"""

from __future__ import annotations

import sys
from importlib import import_module

if __name__ == "__main__":
    with import_module("distributed").LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
