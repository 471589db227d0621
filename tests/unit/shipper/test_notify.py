"""The service manager hears what sd_notify(3) says it hears, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from shipper.notify import MAX_STATUS_CHARACTERS, Notifier, watchdog_seconds
from tests.support.clock import FakeClock
from tests.support.events import RecordingEvents
from tests.support.service_manager import ServiceManager, service_manager


def a_notifier(manager: ServiceManager) -> Notifier:
    """Return one that speaks to this manager."""
    return Notifier(manager.environ, events=RecordingEvents(), clock=FakeClock())


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_every_message_has_its_form(
    kind: Literal["path", "abstract"], tmp_path: Path
) -> None:
    """Each is one datagram, over a socket in the file system or an abstract one."""
    with service_manager(tmp_path, kind) as manager:
        notifier = a_notifier(manager)
        notifier.ready("none waits")
        notifier.status("3 wait")
        notifier.reloading()
        notifier.alive()
        notifier.stopping("SIGTERM")
        manager.await_line("STOPPING")

    assert manager.heard == [
        {"READY": "1", "STATUS": "none waits"},
        {"STATUS": "3 wait"},
        {"RELOADING": "1", "MONOTONIC_USEC": "1000000000"},
        {"WATCHDOG": "1"},
        {"STOPPING": "1", "STATUS": "SIGTERM"},
    ]


def test_a_status_that_is_no_news_is_not_told(tmp_path: Path) -> None:
    """The manager is not woken to hear the same again."""
    with service_manager(tmp_path) as manager:
        notifier = a_notifier(manager)
        notifier.ready("same")
        notifier.status("same")
        notifier.alive()
        manager.await_line("WATCHDOG")

    assert len(manager.heard) == 2


def test_a_status_is_one_short_line(tmp_path: Path) -> None:
    """No reason, whatever a server put into it, can begin a line of its own."""
    with service_manager(tmp_path) as manager:
        a_notifier(manager).status("bad\nREADY=1" + "x" * 1000)
        message = manager.await_line("STATUS")

    assert list(message) == ["STATUS"]
    assert message["STATUS"].startswith("bad\\nREADY=1xxx")
    assert len(message["STATUS"]) == MAX_STATUS_CHARACTERS


@pytest.mark.parametrize("name", ["", "relative", "vsock:2:1234"])
def test_without_a_socket_nothing_is_said(name: str) -> None:
    """Outside a service manager every message is dropped, and nobody is told."""
    events = RecordingEvents()
    notifier = Notifier({"NOTIFY_SOCKET": name}, events=events, clock=FakeClock())
    notifier.ready("here")

    assert not notifier.is_heard
    assert events.told == []


def test_a_socket_that_is_gone_is_told_once(tmp_path: Path) -> None:
    """A manager that cannot be reached stops nothing, and fills no log."""
    events = RecordingEvents()
    environ = {"NOTIFY_SOCKET": str(tmp_path / "gone")}
    notifier = Notifier(environ, events=events, clock=FakeClock())
    notifier.ready("here")
    notifier.alive()

    assert events.told == [("notify_failed", {"why": "No such file or directory"})]


def test_a_manager_that_does_not_listen_holds_nobody_up(tmp_path: Path) -> None:
    """When its queue is full, remarks are dropped, and the last one is told later."""
    with service_manager(tmp_path) as manager:
        events = RecordingEvents()
        notifier = Notifier(manager.environ, events=events, clock=FakeClock())
        for number in range(5000):
            notifier.status(f"{number} delivered")
        queued = len(manager.listen(0.0))
        notifier.status("4999 delivered")
        late = manager.listen(0.0)

    assert queued < 5000
    assert late == [{"STATUS": "4999 delivered"}]
    assert events.told == []


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_on_when_it_is_meant_for_us(
    environ: dict[str, str], seconds: float | None
) -> None:
    """Both variables are honoured: they may be a parent's."""
    assert watchdog_seconds(environ, pid=7) == seconds
