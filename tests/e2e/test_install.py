"""The base install: what an app gets, and nothing besides."""

from __future__ import annotations

import json
import subprocess
import venv
from pathlib import Path

import pytest

from tests.support.wheels import HERE, built_wheel, pip

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the base install alone."""
    place = tmp_path_factory.mktemp("install")
    venv.create(place / "env", with_pip=False, symlinks=True)
    interpreter = place / "env/bin/python"
    # Without an index, a single dependency would make this fail.
    wheel = built_wheel(tmp_path_factory)
    pip("--python", interpreter, "install", "-q", "--no-index", wheel)
    return interpreter


def _run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd="/")


def test_nothing_else_is_installed(python: Path) -> None:
    """An app that takes the writer takes no other package."""
    listed = json.loads(pip("--python", python, "list", "--format=json"))

    assert [package["name"] for package in listed] == ["hartail"]


def test_the_writer_works_with_the_standard_library(
    python: Path, tmp_path: Path
) -> None:
    """The middleware wraps an app and records an exchange."""
    log = tmp_path / "exchanges.jsonl"
    program = f"""
from wsgiref.util import setup_testing_defaults
from wsgi_writer import ExchangeWriter
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
environ = {{}}
setup_testing_defaults(environ)
body = ExchangeWriter(app, {str(log)!r}, min_free_bytes=1)(environ, lambda *_: None)
list(body)
body.close()
"""

    done = _run(python, "-I", "-c", program)

    assert done.returncode == 0, done.stderr
    assert json.loads(log.read_bytes())["entry"]["response"]["status"] == 200


def test_the_types_travel_with_the_packages(python: Path) -> None:
    """A type checker in the app's environment sees that both packages are typed."""
    packages = next(python.parents[1].glob("lib/python*/site-packages"))

    assert (packages / "wsgi_writer/py.typed").exists()
    assert (packages / "shipper/py.typed").exists()


def test_the_schemas_travel_with_the_package(python: Path) -> None:
    """The published schemas are files of the wheel."""
    packages = next(python.parents[1].glob("lib/python*/site-packages"))
    schemas = {path.name for path in packages.glob("shipper/schemas/*.json")}

    assert schemas == {"config.schema.json", "record.schema.json"}


def test_the_units_travel_with_the_package(python: Path) -> None:
    """What `shipper install systemd` fills in is there without a checkout."""
    program = (
        "import json; from shipper.install.systemd import TEMPLATES, template; "
        "print(json.dumps({name: template(name) for name in TEMPLATES.values()}))"
    )

    done = _run(python, "-I", "-c", program)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        path.name: path.read_text() for path in (HERE / "systemd").iterdir()
    }


def test_the_licence_travels_with_the_package(python: Path) -> None:
    """The metadata name the licence, and its text is a file of the wheel."""
    packages = next(python.parents[1].glob("lib/python*/site-packages"))
    (metadata,) = packages.glob("hartail-*.dist-info/METADATA")

    assert "License-Expression: MIT\nLicense-File: LICENSE\n" in metadata.read_text()
    assert (metadata.parent / "licenses/LICENSE").read_bytes() == (
        HERE / "LICENSE"
    ).read_bytes()


def test_the_command_without_its_extra_says_how_to_mend_it(python: Path) -> None:
    """One line with the command to type, and the exit code for configuration."""
    done = _run(python.with_name("shipper"), "run")

    assert done.returncode == 78
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "pip install 'hartail[shipper]'" in done.stderr
