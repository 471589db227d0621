"""A disk that forgets at a power failure what nobody has forced onto it.

Deeds go in, in their order; at any time it says what would be found after the power
had failed. Certain is only what was synced, file by file, and for names directory by
directory. Of everything later either nothing is left, or what a lot decides, page by
page and name by name: a system writes back when and in what order it likes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import assert_never

from tests.support.straced import (
    Append,
    Hear,
    Make,
    Moment,
    Remove,
    Rename,
    Resize,
    Say,
    Share,
    Sync,
    Write,
)

# What is written whole or not at all: a page of memory; a sector, by a drive that
# loses its power in the middle of a page.
UNITS_BYTES = (4096, 512)

Image = Mapping[str, bytes | None]
"""What is found, by path; None stands for a directory."""


@dataclass
class _File:
    """A file's bytes: those that are certain, and what was done to them since."""

    certain: bytearray = field(default_factory=bytearray)
    later: list[tuple[int, Write | Resize]] = field(default_factory=list)
    length: int = 0  # for now
    is_mapped: bool = False

    def change(self, ended: int, deed: Write | Resize) -> None:
        """Note what was done."""
        self.later.append((ended, deed))
        if isinstance(deed, Write):
            self.length = max(self.length, deed.at_bytes + len(deed.content))
        else:
            self.length = deed.size_bytes

    def sync(self, began: int) -> None:
        """Make certain what had come to its end before the call began."""
        for ended, deed in self.later:
            if ended < began:
                _apply(deed, self.certain)
        self.later = [each for each in self.later if each[0] >= began]

    def left(self, lot: Random | None) -> bytes:
        """Return what a power failure leaves."""
        if lot is None:
            return bytes(self.certain)
        if self.is_mapped:
            return lot.randbytes(lot.choice((0, 3, 4096, 32768)))
        return self._drawn(lot) if self.later else bytes(self.certain)

    def _drawn(self, lot: Random) -> bytes:
        """Take each unit, and the length, as of some moment since the last sync."""
        unit = lot.choice(UNITS_BYTES)
        content = bytearray(self.certain)
        lengths = [len(content)]
        versions: dict[int, list[bytes]] = {}
        for _, deed in self.later:
            before = len(content)
            place = deed.at_bytes if isinstance(deed, Write) else deed.size_bytes
            # What lies between the old end and a place beyond it reads as NULs.
            first = min(place, before) // unit
            size = len(deed.content) if isinstance(deed, Write) else 0
            last = max(place + size, before if not size else 0)
            for number in range(first, -(-last // unit)):
                at = number * unit
                versions.setdefault(number, [bytes(content[at : at + unit])])
            _apply(deed, content)
            for number in range(first, -(-last // unit)):
                at = number * unit
                versions[number].append(bytes(content[at : at + unit]))
            lengths.append(len(content))
        drawn = bytearray(self.certain)
        length = lot.choice(lengths)
        drawn[length:] = bytes(max(0, length - len(drawn)))
        for number, seen in versions.items():
            at = number * unit
            drawn[at : at + unit] = lot.choice(seen).ljust(unit, b"\0")
        return bytes(drawn[:length])


def _apply(deed: Write | Resize, content: bytearray) -> None:
    if isinstance(deed, Write):
        content.extend(bytes(max(0, deed.at_bytes - len(content))))
        content[deed.at_bytes : deed.at_bytes + len(deed.content)] = deed.content
    else:
        content.extend(bytes(max(0, deed.size_bytes - len(content))))
        del content[deed.size_bytes :]


@dataclass
class _Directory:
    """A directory's names: those of now, those that are certain, and what came since.

    None as what a name leads to stands for its removal. What is entered together
    comes to the disk together, as a rename does where there is a journal.
    """

    now: dict[str, _Node] = field(default_factory=dict)
    certain: dict[str, _Node] = field(default_factory=dict)
    later: list[tuple[int, _Names]] = field(default_factory=list)

    def enter(self, ended: int, names: _Names) -> None:
        """Note what names lead to from now on."""
        _enter(self.now, names)
        self.later.append((ended, names))

    def sync(self, began: int) -> None:
        """Make certain what had come to its end before the call began."""
        for ended, names in self.later:
            if ended < began:
                _enter(self.certain, names)
        self.later = [each for each in self.later if each[0] >= began]

    def left(self, lot: Random | None) -> dict[str, _Node]:
        """Return the names that a power failure leaves, and what they lead to."""
        names = dict(self.certain)
        for _, entered in self._drawn(lot):
            _enter(names, entered)
        return names

    def _drawn(self, lot: Random | None) -> Sequence[tuple[int, _Names]]:
        """Draw what came to the disk: nothing, all, the first of it, or any of it."""
        way = "nothing" if lot is None else lot.choice(("nothing", "first", "any"))
        if lot is None or way == "nothing":
            return ()
        if way == "first":
            return self.later[: lot.randint(0, len(self.later))]
        return [each for each in self.later if lot.random() < 0.5]


_Node = _File | _Directory
_Names = Mapping[str, _Node | None]


def _enter(names: dict[str, _Node], entered: _Names) -> None:
    for name, node in entered.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


class Disk:
    """A directory of which everything is known from its beginning.

    Args:
        root: Its path; it is there, empty and certain.
    """

    def __init__(self, root: Path) -> None:
        # Mutable state: all that is below.
        self._root_path = str(root)
        self._root = _Directory()

    def apply(self, moment: Moment) -> None:
        """Take in what was done next; what was said is no matter."""
        deed = moment.deed
        match deed:
            case Write() | Resize():
                self._file(deed.path).change(moment.ended, deed)
            case Append(path, content):
                file = self._file(path)
                file.change(moment.ended, Write(path, file.length, content))
            case Sync():
                self._node(deed.path).sync(moment.began)
            case Make():
                directory, name = self._place(deed.path)
                if name not in directory.now:
                    node = _Directory() if deed.is_directory else _File()
                    directory.enter(moment.ended, {name: node})
            case Remove():
                directory, name = self._place(deed.path)
                directory.enter(moment.ended, {name: None})
            case Rename(path, new_path):
                directory, name = self._place(path)
                beside, new_name = self._place(new_path)
                assert beside is directory, f"{path} moved to another directory"
                node = directory.now[name]
                directory.enter(moment.ended, {name: None, new_name: node})
            case Share():
                self._file(deed.path).is_mapped = True
            case Say() | Hear():
                pass
            case never:
                assert_never(never)

    def left(self, lot: Random | None) -> Image:
        """Return what would be found if the power failed now.

        Args:
            lot: Decides on what is not certain; None means that all of it is gone.
        """
        image: dict[str, bytes | None] = {}

        def find(directory: _Directory, path: str) -> None:
            for name, node in directory.left(lot).items():
                below = os.path.join(path, name)
                if isinstance(node, _File):
                    image[below] = node.left(lot)
                else:
                    image[below] = None
                    find(node, below)

        find(self._root, "")
        return image

    def _place(self, path: str) -> tuple[_Directory, str]:
        """Return the directory that a path is in, and its name there."""
        directory = self._node(os.path.dirname(path))
        assert isinstance(directory, _Directory)
        return directory, os.path.basename(path)

    def _file(self, path: str) -> _File:
        file = self._node(path)
        assert isinstance(file, _File)
        return file

    def _node(self, path: str) -> _Node:
        node: _Node = self._root
        below = os.path.relpath(path, self._root_path)
        for name in [] if below == "." else below.split("/"):
            assert isinstance(node, _Directory)
            node = node.now[name]
        return node


def write_image(image: Image, directory: Path) -> None:
    """Write down what would be found, below a directory that is made."""
    directory.mkdir()
    for path, content in image.items():
        if content is None:
            (directory / path).mkdir(mode=0o700)
        else:
            (directory / path).write_bytes(content)
