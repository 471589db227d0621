"""The report in Chromium: it shows, prints, adapts, and nothing in it can act."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.approval import DENYLIST, SECRET_SSN, a_day, hostile
from tests.support.browser import Browser
from tests.support.commands import Shop

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

TITLE = "<title>What would leave \u2013 hartail preview</title>"
MOST_SECONDS = 30


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    """A browser that keeps its things apart from the shop's."""
    directory = tmp_path / "browser"
    directory.mkdir()
    return Browser.installed(directory)


@dataclass
class Beacon:
    """An address, and how often somebody came there."""

    url: str
    visits: list[bytes] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Beacon]:
    """Listen for anybody who comes, and write down what they ask for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        beacon = Beacon(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def take() -> None:
            while True:
                try:
                    visitor, _ = listener.accept()
                except OSError:
                    return
                with visitor:
                    visitor.settimeout(MOST_SECONDS)
                    # Chromium opens a connection for a frame before it asks the
                    # policy, and then says nothing on it.
                    if asked := visitor.recv(4096):
                        beacon.visits.append(asked)
                    with suppress(OSError):
                        visitor.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        yield beacon
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(MOST_SECONDS)


def a_report(tmp_path: Path, log: bytes) -> Path:
    """Return the report of a log."""
    shop = Shop(tmp_path)
    shop.configure("https://metrics.example.com/v1/request")
    names = ", ".join(f'"{name}"' for name in DENYLIST)
    shop.configure_more(f"[filter]\ndenylist = [{names}]\n")
    shop.configure_more('allowed_http_hosts = ["api.example.com"]\n')
    shop.log.write_bytes(log)
    report = tmp_path / "report.html"
    done = shop.shipper("preview", "--html", str(report))
    assert done.returncode == 0, done.stderr
    return report


def test_it_is_drawn_in_light_and_dark_wide_and_narrow(
    tmp_path: Path, browser: Browser
) -> None:
    """Pictures of each, to be looked at by people; they differ, and none is empty."""
    report = a_report(tmp_path, a_day(600))
    sizes = {
        name: browser.picture(
            report, f"report-{name}.png", width=width, height=height, is_dark=is_dark
        ).read_bytes()
        for name, width, height, is_dark in (
            ("light", 1200, 2600, False),
            ("dark", 1200, 2600, True),
            ("narrow", 390, 3200, False),
        )
    }

    assert len(set(sizes.values())) == 3
    assert min(map(len, sizes.values())) > 50_000


def test_it_is_printed(tmp_path: Path, browser: Browser) -> None:
    """Into a PDF of some pages, the exact bytes unfolded."""
    paper = browser.print(a_report(tmp_path, a_day(60)), "report.pdf").read_bytes()

    assert paper.startswith(b"%PDF-")
    assert paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page ") >= 3


def test_hostile_text_does_nothing(tmp_path: Path, browser: Browser) -> None:
    """The title stays, nobody is called, and all of it can be read as text."""
    with listening() as beacon:
        tree = browser.tree(a_report(tmp_path, hostile(beacon.url)))

    assert TITLE in tree
    assert beacon.visits == []
    assert "&lt;script&gt;document.title='pwned'" in tree
    assert '<span class="odd">U+202E</span>' in tree
    for element in ("<script", "<img", "<iframe", "<link", "<object"):
        assert element not in tree
    assert SECRET_SSN not in tree


@pytest.mark.parametrize(
    "planted",
    [
        "<script>document.title='pwned'</script>",
        "<img src=x onerror=\"document.title='pwned'\">",
        "<script src='{beacon}/a.js'></script>",
        "<img src='{beacon}/a.png'>",
        "<link rel=stylesheet href='{beacon}/a.css'>",
        "<iframe src='{beacon}/a.html'></iframe>",
        "<style>body {{ background: url({beacon}/b) }}</style>",
        "<p style='background: url({beacon}/c)'>styled</p>",
        "<object data='{beacon}/o'></object>",
        "<body onload=\"document.title='pwned'\">",
    ],
)
def test_the_policy_stops_what_is_planted(
    planted: str, tmp_path: Path, browser: Browser
) -> None:
    """Even somebody who changes the file cannot make it act without the policy."""
    report = a_report(tmp_path, a_day(3))
    with listening() as beacon:
        text = report.read_text(encoding="utf-8")
        changed = text.replace("<main>", planted.format(beacon=beacon.url) + "<main>")
        report.write_text(changed, encoding="utf-8")
        tree = browser.tree(report)

    assert changed != text
    assert TITLE in tree
    assert beacon.visits == []


def test_without_the_policy_what_is_planted_would_act(
    tmp_path: Path, browser: Browser
) -> None:
    """The tests above can fail: the browser does run scripts and fetch pictures."""
    report = a_report(tmp_path, a_day(3))
    with listening() as beacon:
        text = report.read_text(encoding="utf-8")
        planted = f"<img src='{beacon.url}/a.png'><script>document.title='x'</script>"
        changed = text.replace("Content-Security-Policy", "Nothing")
        report.write_text(changed.replace("<main>", planted + "<main>"), "utf-8")
        tree = browser.tree(report)

    assert TITLE not in tree
    assert len(beacon.visits) == 1


def test_nothing_reaches_over_the_edge(tmp_path: Path, browser: Browser) -> None:
    """A narrow screen needs no scrolling sideways, not even for long words."""
    report = a_report(tmp_path, a_day(40) + hostile("http://127.0.0.1:9"))
    text = report.read_text(encoding="utf-8")
    probe = (
        "<script>document.title = document.documentElement.scrollWidth + ' of ' + "
        "document.documentElement.clientWidth</script></body>"
    )
    changed = text.replace("Content-Security-Policy", "Nothing")
    report.write_text(changed.replace("</body>", probe), encoding="utf-8")
    wide, _, screen = (
        browser.tree(report, width=390).partition("<title>")[2].partition("<")[0]
    ).partition(" of ")

    assert int(wide) <= int(screen)
