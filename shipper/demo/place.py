"""Where the demo's files lie: a directory that was asked for, or one that goes again.

What cannot be written there is told with the place; nothing of others is touched.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from shipper.errors import EXIT_CANNOT_CREATE, ShipperError

MARK = ".shipper-demo"  # says that a directory is ours to clear


class CannotKeepError(ShipperError):
    """The files cannot be put where they should be."""

    exit_code = EXIT_CANNOT_CREATE


def directory_of(keep: str | None) -> AbstractContextManager[str]:
    """Return an empty directory, which stays if it was asked for.

    Raises:
        CannotKeepError: It cannot be made, or holds what is not ours.
    """
    with told_of(keep or "TMPDIR"):
        if keep is None:
            return tempfile.TemporaryDirectory(prefix="shipper-demo-")
        directory = Path(keep).resolve()
        _clear(directory)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / MARK).touch()
    return nullcontext(str(directory))


@contextmanager
def told_of(place: str) -> Iterator[None]:
    """Say in which place something could not be written.

    Raises:
        CannotKeepError: Something could not.
    """
    try:
        yield
    except OSError as error:
        raise CannotKeepError(
            f"cannot keep the demo's files: {place}: {error.strerror or error}",
            hint="name a directory that you may write to, with some space",
        ) from error


def _clear(directory: Path) -> None:
    if (directory / MARK).exists():
        shutil.rmtree(directory)
    elif directory.exists() and any(directory.iterdir()):
        raise CannotKeepError(
            f"cannot keep the demo's files: {directory}: it holds other files",
            hint="name an empty or a new directory",
        )
