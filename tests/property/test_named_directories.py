"""A path is judged as a glob on the disk would judge it, without looking there."""

from __future__ import annotations

import glob
import os
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shipper.source.siblings import Pattern

NAMES = ("a", "ab", ".h")
STEPS = ("a", "ab", ".h", "*", "**", "?", "[a]*", "[!a]", ".*", "***", "a**", "[[]")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every directory of up to three steps, the log in each of them."""
    root = tmp_path_factory.mktemp("tree")
    for depth in range(4):
        for names in product(NAMES, repeat=depth):
            directory = root.joinpath(*names)
            directory.mkdir(exist_ok=True)
            (directory / "app.log").touch()
    return root


@given(st.lists(st.sampled_from(STEPS), max_size=4))
@example(["**", "a", "**"])
@example(["**", "**"])
@example(["*", "**", "ab"])
def test_a_directory_is_a_patterns_if_its_glob_gives_it(
    tree: Path, steps: list[str]
) -> None:
    """The files that it has are the ones that `glob` finds, and no other."""
    text = os.path.join(glob.escape(str(tree)), *steps, "app.log")
    pattern = Pattern(text)
    everything = [str(path) for path in tree.rglob("app.log")]

    found = {os.path.normpath(path) for path in glob.glob(text, recursive=True)}
    assert {path for path in everything if pattern.has(path)} == found
    looked_at = {f"{each}/app.log" for each in pattern.directories()}
    assert set(filter(os.path.isfile, looked_at)) == found
