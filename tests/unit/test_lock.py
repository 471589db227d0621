"""requirements.lock is in step with pyproject.toml, and says nothing but packages."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.wheels import HERE, LOCK, direct_needs, locked

PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ASKED = [Requirement(text) for text in EXTRAS["shipper"] + EXTRAS["zstd"]]
MEND = "run: make lock"


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: str(asked.name))
def test_what_the_shipper_needs_is_pinned(asked: Requirement) -> None:
    """Each dependency has a version that pyproject.toml allows."""
    pinned = locked().get(canonicalize_name(asked.name))

    assert pinned is not None, MEND
    assert asked.specifier.contains(pinned), MEND


@pytest.mark.parametrize("name", locked())
def test_what_a_package_needs_is_pinned_too(name: str) -> None:
    """With --require-hashes nothing can be fetched that the lock leaves out."""
    try:
        installed = version(name)
    except PackageNotFoundError:
        pytest.skip("one for other versions of Python")
    if installed != locked()[name]:
        pytest.skip(f"{installed} is installed here, which may need something else")

    needed = {canonicalize_name(need.name) for need in direct_needs(name)}

    assert needed <= set(locked()), MEND


def test_every_pin_has_a_hash() -> None:
    """No package is taken on its name alone."""
    entries = re.split(r"^(?=[a-z])", LOCK.read_text("utf-8"), flags=re.MULTILINE)[1:]

    assert len(entries) == len(locked())
    assert [
        entry.split()[0]
        for entry in entries
        if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)
    ] == []


def test_no_index_is_named() -> None:
    """Each site takes the packages from where it takes all of them."""
    text = LOCK.read_text("utf-8")

    assert "://" not in text
    assert re.findall(r"^-\S+", text, re.MULTILINE) == []
