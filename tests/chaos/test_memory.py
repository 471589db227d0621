"""Bodies of any size cost no memory: measured in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import ROOT

pytestmark = pytest.mark.chaos

ALLOWED_GROWTH_KIB = 5 * 1024

PROGRAM = """
import resource, sys
from tests.support.wsgi import a_writer, an_environ

CHUNK = bytes(65536)

class Upload:
    def __init__(self, size):
        self.left = size

    def read(self, size=-1):
        count = min(self.left, len(CHUNK) if size < 0 else size)
        self.left -= count
        return CHUNK[:count]

def download(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    for _ in range(int(environ["PATH_INFO"][1:])):
        yield CHUNK

def upload(environ, start_response):
    while environ["wsgi.input"].read(65536):
        pass
    start_response("204 No Content", [])
    return []

def run(writer, megabytes):
    environ = an_environ(f"/{megabytes * 16}", "POST")
    size = megabytes * 1024**2
    environ |= {"wsgi.input": Upload(size), "CONTENT_LENGTH": str(size)}
    result = writer(environ, lambda *_: lambda data: None)
    for _ in result:
        pass
    result.close()

writer = a_writer({"download": download, "upload": upload}[sys.argv[1]], sys.argv[2])
run(writer, 1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
run(writer, 200)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("direction", ["download", "upload"])
def test_memory_does_not_grow_with_the_body(direction: str, tmp_path: Path) -> None:
    """T29: 200 MB in or out raise the peak of the process by less than 5 MB."""
    finished = subprocess.run(
        [sys.executable, "-c", PROGRAM, direction, str(tmp_path / "log")],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=50,
    )

    assert int(finished.stdout) < ALLOWED_GROWTH_KIB
    assert (tmp_path / "log").stat().st_size > 0
