"""docs/deploy.md keeps its word: its own commands are typed here, in order."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from shipper.receiver.server import Receiver
from tests.support.checkout import Checkout, copied
from tests.support.typed import Block, Host, blocks
from tests.support.wheels import HERE, built_wheel, locked_packages

KEY = "rdme_deploy_test"
DOCUMENT = (HERE / "docs/deploy.md").read_text("utf-8")
INSTALL, *REST = blocks(DOCUMENT)
NOWHERE = "http://127.0.0.1:9/"  # in place of an index: to ask for it would fail

pytestmark = pytest.mark.e2e


def _host(root: Path, *, is_quick: bool = False, **environ: str) -> Host:
    """Return a host whose /etc/shipper the command looks into without being told."""
    host = Host(
        root,
        {
            "HOME": str(root),
            "SHIPPER_CONFIG": f"{root}/etc/shipper/config.toml",
            "CREDENTIALS_DIRECTORY": f"{root}/etc/shipper",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **environ,
        },
    )
    host.prepare(is_quick=is_quick)
    return host


def _ship(host: Host, path: Sequence[Block], cwd: Path, store: Path) -> None:
    """Type a path to its end: a record arrives, and the cron job stays silent."""
    receiver = Receiver(store=store, api_key=KEY)
    receiver.start()
    host.environ["README_METRICS_SERVER"] = receiver.url
    try:
        for block in path:
            asks = "/dev/stdin /etc/shipper/readme-api-key" in block.commands
            host.type(block, cwd=cwd, typed=f"{KEY}\n" if asks else "")
        job = host.path("/etc/cron.d/shipper").read_text().splitlines()[-1]
        command = job.partition(" shipper ")[2].replace("--splay 30s", "--splay 0s")
        cron = host.run(command, cwd=cwd)
    finally:
        receiver.stop()

    (line,) = (store / "logs.jsonl").read_text().splitlines()
    (entry,) = json.loads(line)["request"]["log"]["entries"]
    assert entry["response"]["content"]["text"] == "hello"
    assert (cron.returncode, cron.stdout) == (0, "")


def test_from_nothing_to_a_record_and_back(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a newcomer types with pip ships a record; undone, the log is left."""
    host = _host(
        tmp_path / "host",
        is_quick=True,
        # Our wheel and the packages of requirements.lock stand in for the index.
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(built_wheel(tmp_path_factory).parent),
        PYTHONPATH=str(locked_packages(tmp_path / "packages")),
    )

    _ship(host, [INSTALL, *REST], tmp_path, tmp_path / "received")
    for block in blocks(DOCUMENT, "undo"):
        host.type(block, cwd=tmp_path)

    left = [path.name for path in host.root.rglob("*") if path.is_file()]
    assert sorted(set(left) - {"python3"}) == [
        "exchanges.jsonl",
        "lock",
        "state.sqlite3",
    ]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which everything that is published has been made."""
    place = copied(tmp_path_factory.mktemp("deploy") / "checkout")
    place.make("pex")
    return place


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_with_pip_and_an_index(checkout: Checkout, tmp_path: Path) -> None:
    """The same with an environment of its own and packages that are downloaded."""
    host = _host(tmp_path / "host", PIP_FIND_LINKS=str(checkout.dist))

    _ship(host, [INSTALL, *REST], tmp_path, tmp_path / "received")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_with_pip_offline(checkout: Checkout, tmp_path: Path) -> None:
    """What one host downloads, another installs and ships with, without an index."""
    connected = _host(tmp_path / "connected")
    for block in blocks(DOCUMENT, "download"):
        connected.type(block, cwd=checkout.root)
    host = _host(tmp_path / "host", PIP_INDEX_URL=NOWHERE)

    offline = blocks(DOCUMENT, "offline")
    _ship(host, [*offline, *REST], checkout.dist / "offline", tmp_path / "received")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_with_one_file(checkout: Checkout, tmp_path: Path) -> None:
    """The one file makes an environment without pip, and that ships."""
    carried = tmp_path / "carried"
    carried.mkdir()
    for name in ("shipper.pex", "SHA256SUMS"):
        shutil.copy(checkout.dist / name, carried)
    host = _host(tmp_path / "host", PIP_INDEX_URL=NOWHERE)

    _ship(host, [*blocks(DOCUMENT, "pex"), *REST], carried, tmp_path / "received")
