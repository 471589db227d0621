"""The real shipper in processes of its own, each killed at a named point.

Run as a program this is a fork server: for every order on its standard input it
forks a shipper that kills itself with SIGKILL at the n-th passing of one point,
and says how it ended. Nothing in the shipper knows of it: public methods and
`sqlite3.connect` are wrapped in the child, before it begins.

`Doom` is the other side, for tests.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from tests.support.commands import SECONDS, environment

Deadly = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Order:
    """One life.

    Attributes:
        config: Path of the configuration.
        log: Where its events go, appended.
        point: A name of `POINTS`, or empty for a natural death.
        passing: Which passing of the point is the last thing that happens.
        once: Whether it ends by itself when nothing is left.
        out: The bundle that it exports; empty for a shipper that sends.
        bundle: The bundle that it sends, in place of followed files.
        is_remote: Its state seems to be on a network file system.
    """

    config: str
    log: str
    point: str = ""
    passing: int = 1
    once: bool = True
    out: str = ""
    bundle: str = ""
    is_remote: bool = False


def _around(
    owner: Any, name: str, kill: Deadly, *, before: bool, when: Callable[[Any], Any]
) -> None:
    """Wrap a public method or function so that `kill` is told of each call.

    Args:
        owner: The class or module; `name` is what it has.
        name: See above.
        kill: Told of each passing.
        before: Told before the call, else after.
        when: Says of the result whether the call counts; only asked after.
    """
    original = getattr(owner, name)

    def wrapped(*args: Any, **options: Any) -> Any:
        if before:
            kill()
        result = original(*args, **options)
        if not before and when(result):
            kill()
        return result

    setattr(owner, name, wrapped)


def _method(
    owner: str,
    name: str,
    *,
    before: bool = False,
    when: Callable[[Any], Any] = lambda _: True,
) -> Callable[[Deadly], None]:
    """Return what sets the trap before or after ``MODULE:CLASS.name``."""

    def install(kill: Deadly) -> None:
        module, _, kind_name = owner.partition(":")
        kind = getattr(import_module(module), kind_name)
        _around(kind, name, kill, before=before, when=when)

    return install


def _function(
    module: str, name: str, *, before: bool = False
) -> Callable[[Deadly], None]:
    """Return what sets the trap before or after a function that a module uses."""

    def install(kill: Deadly) -> None:
        owner = import_module(module)
        _around(owner, name, kill, before=before, when=lambda _: True)

    return install


def _statement(text: str, *, after: str = "") -> Callable[[Deadly], None]:
    """Return what sets the trap as SQLite begins a statement that holds `text`.

    Args:
        text: What stands in the statement.
        after: Only if a statement with this text was begun since the last COMMIT.
    """

    def install(kill: Deadly) -> None:
        # Mutable state: whether `after` was seen in this transaction.
        seen = {"after": not after}

        def begun(statement: str) -> None:
            if text in statement and seen["after"]:
                kill()
            if after and after in statement:
                seen["after"] = True
            if statement == "COMMIT":
                seen["after"] = not after

        connect = sqlite3.connect

        def traced(*args: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **options)
            connection.set_trace_callback(begun)
            return connection

        sqlite3.connect = traced  # type: ignore[assignment]  # of this process alone

    return install


_STORE = "shipper.store.checkpoints:Store"
_UPLOADER = "shipper.upload:Uploader"
# Of keeping a letter alone: a migration fills the same table.
_KEEPING = "ON CONFLICT (file_id, start_bytes) DO UPDATE"

# In the order of one batch's way; the last ones belong to the first start.
POINTS: Mapping[str, Callable[[Deadly], None]] = {
    "before a file is registered": _method(_STORE, "record", before=True),
    "while a file is registered": _statement("COMMIT", after="INSERT INTO files"),
    "after a file was registered": _method(_STORE, "record"),
    "after a look": _method("shipper.source:Source", "look"),
    "before a post": _method(_UPLOADER, "post", before=True),
    "after a post": _method(_UPLOADER, "post"),
    "after an answer": _method("shipper.channel:Channel", "post"),
    "after an answer was taken in": _method(_UPLOADER, "answered", when=bool),
    "before a commit": _method(_STORE, "commit", before=True),
    "before a position moves": _statement("UPDATE files SET offset_bytes"),
    "before the ledger": _statement("UPDATE ranges"),
    "before a dead letter": _statement(_KEEPING),
    "after a dead letter": _statement("COMMIT", after=_KEEPING),
    "before COMMIT": _statement("COMMIT", after="UPDATE files SET offset_bytes"),
    "after COMMIT": _method(_STORE, "commit"),
    "before the database is set up": _statement("PRAGMA journal_mode"),
    "while the schema is made": _statement("CREATE TABLE ranges"),
    "before the schema is counted": _statement("PRAGMA user_version="),
    "before the schema is committed": _statement("COMMIT", after="CREATE TABLE files"),
}


_SEALING = "shipper.airgap.sealing"
_ROW = "INSERT INTO bundles"

# In the order of one export; `write_whole` writes the manifest first, then the seal.
EXPORT_POINTS: Mapping[str, Callable[[Deadly], None]] = {
    "before the first line": _method("shipper.source:Source", "look"),
    "before a part is closed": _method(
        "shipper.airgap.partfile:OpenPart", "close", before=True
    ),
    "after a part was closed": _method("shipper.airgap.partfile:OpenPart", "close"),
    "after the manifest": _function(_SEALING, "write_whole"),
    "before the commit": _method(_STORE, "commit", before=True),
    "before the bundle's row": _statement(_ROW),
    "before its COMMIT": _statement("COMMIT", after=_ROW),
    "after the commit": _method(_STORE, "commit"),
    "before the name": _function("os", "rename", before=True),
    "after the name": _function("os", "rename"),
    "after it is noted": _method(_STORE, "sealed"),
}

_SENDING = "shipper.airgap.send"
_PROGRESS = "shipper.airgap.progress:Progress"

# In the order of one batch's way out of a bundle, and of the receipt.
SEND_POINTS: Mapping[str, Callable[[Deadly], None]] = {
    "before a part is read": _method(
        "shipper.airgap.checking:OpenBundle", "read", before=True
    ),
    "after an answer from outside": _method("shipper.channel:Channel", "post"),
    "before the journal": _method(_PROGRESS, "add", before=True),
    "after the journal": _method(_PROGRESS, "add"),
    "before the receipt": _function(_SENDING, "write_whole", before=True),
    "before the receipt's name": _function("os", "replace", before=True),
    "after the receipt": _function(_SENDING, "write_whole"),
}


def _killer(passing: int) -> Deadly:
    # Mutable state: how many passings are left.
    left = [passing]

    def kill() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return kill


def _live(order: Order) -> int:
    """Be the shipper that was ordered; returns its exit code, if it comes to that."""
    from shipper.airgap.checking import open_bundle
    from shipper.airgap.export import export
    from shipper.airgap.send import send
    from shipper.clock import SystemClock
    from shipper.config import load
    from shipper.events import EventLog
    from shipper.service import run
    from shipper.store import database

    if order.point:
        points = {**POINTS, **EXPORT_POINTS, **SEND_POINTS}
        points[order.point](_killer(order.passing))
    if order.is_remote:
        vars(database)["network_type"] = lambda _: "nfs"
    clock = SystemClock()
    with open(order.log, "a", encoding="utf-8") as stream:
        if order.out:
            return export(
                load(order.config, os.environ, checks="file"),
                order.out,
                label="doomed",
                hmac_key=None,
                max_duration_seconds=SECONDS,
                events=EventLog(stream, clock=clock, least="debug"),
                clock=clock,
            ).exit_code
        if order.bundle:
            return send(
                load(order.config, os.environ, needs_source=False),
                open_bundle(order.bundle),
                receipt=None,
                hmac_key=None,
                max_duration_seconds=SECONDS,
                events=EventLog(stream, clock=clock, least="debug"),
                clock=clock,
            ).exit_code
        return run(
            load(order.config, os.environ),
            once=order.once,
            max_duration_seconds=SECONDS,
            events=EventLog(stream, clock=clock, least="debug"),
            clock=clock,
        )


def serve() -> None:
    """Fork a shipper for each order, and say its pid and then its end."""
    # Imported once, for all lives.
    import jsonschema  # noqa: F401

    from shipper import service  # noqa: F401
    from shipper.airgap import export, send  # noqa: F401
    from shipper.config import load  # noqa: F401

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = _live(Order(**json.loads(line)))
            except BaseException as error:
                print(f"doomed: {error!r}", file=sys.stderr, flush=True)
            finally:
                os._exit(code)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


class Nursery:
    """The fork server; one is enough for many tests.

    Args:
        before: What to put before its command, to watch it.
    """

    def __init__(self, before: Sequence[str] = ()) -> None:
        # Mutable state: the server's pipes.
        self._server = subprocess.Popen(
            [*before, sys.executable, "-m", "tests.support.doomed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment({"PYTHONPATH": os.pathsep.join(sys.path)}),
            bufsize=0,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(SECONDS)
        self._server.stdout.close()

    def order(self, order: Order) -> int:
        """Start a life and return its pid."""
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        return self.answer()

    def answer(self) -> int:
        """Return the next number the server says: a pid, or how a life ended."""
        stream = self._server.stdout
        assert stream is not None
        ready = select.select([stream], [], [], SECONDS)[0]
        assert ready, f"no end within {SECONDS} s"
        return int(stream.readline())


class Doom:
    """Lives of one shipper, one after the other.

    Args:
        nursery: Where they begin.
        config: The configuration of all of them.
        log: Where their events go.
        is_remote: Their state seems to be on a network file system.
    """

    def __init__(
        self, nursery: Nursery, config: Path, log: Path, *, is_remote: bool = False
    ) -> None:
        # Mutable state: the pid of the present life, or 0.
        self._nursery = nursery
        self._order = partial(Order, str(config), str(log), is_remote=is_remote)
        self.log = log
        self.pid = 0

    def begin(
        self,
        point: str = "",
        passing: int = 1,
        *,
        once: bool = True,
        out: str = "",
        bundle: str = "",
    ) -> None:
        """Start a life that ends at a point; `end` waits for it."""
        order = self._order(
            point=point, passing=passing, once=once, out=out, bundle=bundle
        )
        self.pid = self._nursery.order(order)

    def end(self) -> int:
        """Wait for the end of the life; returns the exit code, or minus the signal."""
        code = self._nursery.answer()
        self.pid = 0
        return code

    def kill(self) -> int:
        """End the present life, if there is one, at whatever point it is."""
        if not self.pid:
            return 0
        os.kill(self.pid, signal.SIGKILL)
        return self.end()

    def live(
        self,
        point: str = "",
        passing: int = 1,
        *,
        once: bool = True,
        out: str = "",
        bundle: str = "",
    ) -> int:
        """Begin and end."""
        self.begin(point, passing, once=once, out=out, bundle=bundle)
        return self.end()


if __name__ == "__main__":
    serve()
