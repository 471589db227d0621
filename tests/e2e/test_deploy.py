"""docs/deploy.md keeps its word: its own commands are typed here, in order."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

from shipper.receiver.server import Receiver
from tests.support.checkout import Checkout, copied
from tests.support.commands import KEY as COMMAND_KEY
from tests.support.commands import Shop
from tests.support.typed import Block, Host, blocks
from tests.support.wheels import HERE, built_wheel, needed_packages
from wsgi_writer._version import __version__

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
        # Our wheel, and what it needs as it is installed here, stand in for the index.
        PIP_NO_INDEX="1",
        PIP_NO_COMPILE="1",  # what is not run need not be compiled
        PIP_FIND_LINKS=str(built_wheel(tmp_path_factory).parent),
        PYTHONPATH=str(needed_packages(tmp_path / "packages", "shipper")),
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
    for name in ("shipper.pex", "shipper.pex.sha256"):
        shutil.copy(checkout.dist / name, carried)
    host = _host(tmp_path / "host", PIP_INDEX_URL=NOWHERE)

    _ship(host, [*blocks(DOCUMENT, "pex"), *REST], carried, tmp_path / "received")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_one_file_as_it_is(checkout: Checkout, tmp_path: Path) -> None:
    """In an empty directory it tells its version, plays the demo, and ships."""
    host = _host(tmp_path / "host", PEX_ROOT=str(tmp_path / "cache"))
    shop = Shop(tmp_path / "shop")
    shop.directory.mkdir()
    pex = checkout.dist / "shipper.pex"

    version = host.run(f"{pex} --version", cwd=shop.directory)
    demo = host.run(f"{pex} demo", cwd=shop.directory)
    with shop.receiving():
        recorded = shop.record(3)
        host.environ["README_API_KEY"] = COMMAND_KEY
        del host.environ["CREDENTIALS_DIRECTORY"]
        ran = host.run(f"{pex} run --once --config config.toml", cwd=shop.directory)

    assert version.stdout == f"shipper {__version__}\n"
    assert demo.returncode == 0, demo.stdout
    assert ran.returncode == 0, ran.stdout
    assert shop.received() == recorded


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_one_file_without_a_home(checkout: Checkout) -> None:
    """A user without a home is told so and leaves nothing; PEX_ROOT mends it."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own is closed to others
        place = Path(name)
        place.chmod(0o755)
        pex = place / "shipper.pex"
        shutil.copy(checkout.dist / pex.name, pex)
        scratch, cache = place / "tmp", place / "cache"
        for directory in (scratch, cache):
            directory.mkdir()
            directory.chmod(0o777)
        bare = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TMPDIR": str(scratch)}

        homeless = _as_nobody(pex, bare)
        first = _as_nobody(pex, {**bare, "PEX_ROOT": str(cache)})
        second = _as_nobody(pex, {**bare, "PEX_ROOT": str(cache)})

        assert homeless.returncode == 0, homeless.stderr
        assert "PEXWarning: PEX_ROOT is configured as" in homeless.stderr
        assert list(scratch.iterdir()) == []
        for done in (first, second):
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout == f"shipper {__version__}\n"


def _as_nobody(pex: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Ask for the version as a user who owns nothing."""
    probe = "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))"
    python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
    if subprocess.run([python, "-c", probe], check=False).returncode:
        pytest.skip("the system's python3 is none that the file was made for")
    nobody = 65534 if os.geteuid() == 0 else None
    return subprocess.run(
        [python, pex, "--version"],
        env=environ,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=nobody,
        group=nobody,
        extra_groups=None if nobody is None else [],
    )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_same_sources_give_the_same_bytes(checkout: Checkout) -> None:
    """Wheel and source archive do not depend on the day they are made."""
    before = (checkout.dist / "SHA256SUMS").read_text()
    for path in checkout.root.glob("shipper/**/*.py"):
        os.utime(path)

    checkout.make("dist")

    assert len(before.splitlines()) == 2
    assert (checkout.dist / "SHA256SUMS").read_text() == before


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_both_archives_are_whole(checkout: Checkout) -> None:
    """Licence, schemas and units are in the wheel, and all sources in the archive."""
    (wheel,) = checkout.dist.glob("hartail-*.whl")
    (archive,) = checkout.dist.glob("hartail-*.tar.gz")
    in_wheel = {"/".join(name.split("/")[-2:]) for name in ZipFile(wheel).namelist()}
    with tarfile.open(archive) as opened:
        in_archive = {name.partition("/")[2] for name in opened.getnames()}

    assert in_wheel >= {
        "licenses/LICENSE",
        "schemas/config.schema.json",
        "schemas/record.schema.json",
        "units/shipper@.service",
    }
    sources = {
        str(path.relative_to(checkout.root))
        for top in ("docs", "shipper", "systemd", "tests", "wsgi_writer")
        for path in (checkout.root / top).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert sources <= in_archive
    assert in_archive >= {"LICENSE", "Makefile", "README.md", "requirements.lock"}
