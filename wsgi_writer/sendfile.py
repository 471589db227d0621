"""Leave files to the server: recognise its wrapped file and see it closed.

In go the environment and the application's result; out comes whether the result is
the product of `wsgi.file_wrapper`. Such a result must reach the server as the very
same object, or the kernel no longer sends the file by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsgi_writer.response import Watcher

FILE_WRAPPER: Final = "wsgi.file_wrapper"


class FileWrapperSpy:
    """Remembers what a ``wsgi.file_wrapper`` that is a plain function returned.

    Such servers know their wrapper's product by identity, so it must be
    returned untouched, and there is no class to recognise it by.
    """

    __slots__ = ("_function", "product")

    def __init__(self, function: Callable[..., Any]) -> None:
        # Touched only by the thread that is serving the exchange.
        self._function = function
        self.product: Any = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Wrap a file as the server does."""
        self.product = self._function(*args, **kwargs)
        return self.product


class FileClose:
    """Takes the place of ``close`` on a server's file wrapper object."""

    __slots__ = ("_close", "_watcher")

    def __init__(self, close: Callable[[], object] | None, watcher: Watcher) -> None:
        # Touched only by the thread that is sending the file.
        self._close = close
        self._watcher: Watcher | None = watcher

    def __call__(self) -> None:
        """Close as the server's object does; the first call ends the exchange."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.ended()
        close = self._close
        try:
            if close is not None:
                close()
        except BaseException as error:
            if watcher is not None:
                watcher.failed(error)
            raise
        finally:
            if watcher is not None:
                watcher.close()


def lend_spy(
    environ: dict[str, Any], received: dict[str, Any]
) -> FileWrapperSpy | None:
    """Put a spy in place of a file wrapper that has no class to know it by."""
    function = received.get(FILE_WRAPPER)
    if function is None or isinstance(function, type):
        return None
    spy = environ[FILE_WRAPPER] = FileWrapperSpy(function)
    return spy


def take_back(
    environ: dict[str, Any], received: dict[str, Any], spy: FileWrapperSpy
) -> None:
    """Give the server its own file wrapper back: it may test the result with it."""
    if environ.get(FILE_WRAPPER) is spy:
        environ[FILE_WRAPPER] = received[FILE_WRAPPER]


def is_server_file(
    result: object, received: dict[str, Any], spy: FileWrapperSpy | None
) -> bool:
    """Whether the server will know `result` as its own wrapped file."""
    if spy is not None:
        product, spy.product = spy.product, None
        return product is not None and product is result
    wrapper = received.get(FILE_WRAPPER)
    return isinstance(wrapper, type) and isinstance(result, wrapper)


def watch_close(result: Any, watcher: Watcher) -> bool:
    """Learn when the server is done with its file; False if that cannot be."""
    try:
        result.close = FileClose(getattr(result, "close", None), watcher)
    except (AttributeError, TypeError):
        return False
    return True
