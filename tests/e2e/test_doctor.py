"""`shipper doctor` on machines that are well, and on machines that are not.

Real files, sockets and certificates; most examinations run in this process, since
starting an interpreter for each would take longer than all they do.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shipper.cli.root import main
from tests.support.certificates import CA_FILE, server_tls
from tests.support.commands import KEY, Shop
from tests.support.connect_proxy import ConnectProxy
from tests.support.loopback import LoopbackServer, Reply

pytestmark = pytest.mark.e2e

FOREIGN = ("SHIPPER_", "README_", "CREDENTIALS_")
Examined = Callable[..., "Report"]
FAR = "https://receiver.example/v1/request"  # reached through a proxy only


@dataclass(frozen=True)
class Report:
    """What a doctor said."""

    code: int
    result: dict[str, Any]
    text: str

    def verdict(self, code: str) -> str:
        """Return the verdict of the one check with this code."""
        (check,) = self.of(code)
        return str(check["verdict"])

    def of(self, code: str) -> list[dict[str, str]]:
        """Return every check with this code."""
        return [check for check in self.result["checks"] if check["code"] == code]

    def failed(self) -> list[str]:
        """Return the codes of what has failed."""
        checks = self.result["checks"]
        return [check["code"] for check in checks if check["verdict"] == "failure"]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory with a log and the authority's certificate in it."""
    shutil.copy(CA_FILE, tmp_path / "ca.pem")
    shop = Shop(tmp_path)
    shop.record(2)
    return shop


@pytest.fixture
def examined(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Examined:
    """Have a doctor look at the shop when it sends to an URL."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("README_API_KEY", KEY)

    def look(url: str | None, more: str = "") -> Report:
        if url is not None:
            shop.configure(url)
            shop.configure_more(more)
        code = main(["doctor", "--json", "--config", str(shop.config)])
        out, err = capsys.readouterr()
        return reported(code, out or err)

    return look


def reported(code: int, text: str) -> Report:
    """Return what was said, once it is known that the key was not."""
    assert KEY not in text
    result = json.loads(text)
    assert (result["schema_version"], result["exit_code"]) == (1, code)
    return Report(code, result, text)


def test_a_machine_that_is_well(shop: Shop) -> None:
    """Everything is looked at, a test record is taken, and the exit code is 0."""
    with shop.receiving() as receiver:
        shop.configure(receiver.url)
        done = shop.shipper("doctor", "--json", "--send-test")
        report = reported(done.returncode, done.stdout + done.stderr)
    (sent,) = [json.loads(text) for text in shop.payloads()]

    assert (report.code, report.failed()) == (0, []), report.text
    assert {"SHP010", "SHP014", "SHP020", "SHP021", "SHP035", "SHP040"} <= {
        check["code"] for check in report.result["checks"]
    }
    assert report.verdict("SHP036") == report.verdict("SHP037") == "ok"
    assert sent["development"] is True
    assert not (shop.directory / "state").exists()


def test_people_read_it_with_the_request_for_the_firewall_below(shop: Shop) -> None:
    """Offline nothing is asked, and the ticket's text is there all the same."""
    with LoopbackServer() as server:
        shop.configure(server.url)
        shop.configure_more('[heartbeat]\nurl = "https://monitor.example/ping"\n')
        done = shop.shipper("doctor", "--offline")
        heard = server.heard

    assert (done.returncode, heard) == (0, []), done.stderr
    assert "skipped  SHP030  name resolution: not checked with --offline" in done.stdout
    assert f"port       {server.port}" in done.stdout
    assert "purpose    delivers logged API exchanges to ReadMe" in done.stdout
    assert "to host    monitor.example" in done.stdout


def test_a_name_that_nobody_knows(examined: Examined) -> None:
    """Exit 75, and what depends on the name is skipped."""
    report = examined("https://nowhere.invalid/v1/request")

    assert (report.code, report.failed()) == (75, ["SHP030"]), report.text
    assert report.verdict("SHP031") == report.verdict("SHP036") == "skipped"


def test_a_closed_port(examined: Examined) -> None:
    """The name is good, and the connection is refused."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody else's, and nobody listens
        report = examined(f"http://127.0.0.1:{taken.getsockname()[1]}/v1/request")

    assert (report.code, report.failed()) == (75, ["SHP031"]), report.text
    assert report.verdict("SHP030") == "ok"


def test_a_proxy_that_re_signs(examined: Examined) -> None:
    """The private authority in the middle is named, and nothing is shown to it."""
    with LoopbackServer(tls=server_tls()) as server:
        with ConnectProxy(server.port) as proxy:
            table = f'[network]\nproxy = "http://127.0.0.1:{proxy.port}"\n'
            report = examined(FAR, more=table)
            trusting = examined(FAR, more=f'{table}ca_file = "ca.pem"\n')
        heard = server.heard
    (check,) = report.of("SHP033")

    assert (report.code, report.failed()) == (75, ["SHP033"]), report.text
    assert report.verdict("SHP032") == "ok"
    assert "your proxy re-signs with CN=Private Test Authority" in check["mend"]
    assert "network.ca_file" in check["mend"]
    assert (trusting.code, len(heard)) == (0, 2), trusting.text
    assert trusting.result["firewall"]["openings"][0]["proxy"] == (
        f"127.0.0.1:{proxy.port}"
    )


def test_a_proxy_that_wants_credentials(examined: Examined) -> None:
    """It is the proxy that refuses, not ReadMe; the password is not shown."""
    with ConnectProxy(1, credentials="owl:right") as proxy:
        table = f'[network]\nproxy = "http://owl:wr0ng@127.0.0.1:{proxy.port}"\n'
        report = examined(FAR, more=table)

    assert (report.code, report.failed()) == (75, ["SHP032"]), report.text
    assert "wr0ng" not in report.text


def keys_shown(requests: Iterable[Any]) -> list[tuple[str, bytes]]:
    """Return method and body of the requests that carry a key."""
    return [
        (heard.line.split()[0], heard.body)
        for heard in requests
        if "authorization" in heard.headers
    ]


def test_a_refused_key(examined: Examined) -> None:
    """Exit 77, found with a request that makes no record."""
    with LoopbackServer([Reply(), Reply(401)]) as server:
        report = examined(server.url)
        heard = server.heard

    assert (report.code, report.failed()) == (77, ["SHP036"]), report.text
    assert keys_shown(heard) == [("POST", b"[]")]


def test_a_clock_that_is_wrong(examined: Examined) -> None:
    """The answer's Date tells; it is a warning, since records are delivered."""
    date = ("Date", "Mon, 23 Nov 2020 12:00:00 GMT")
    with LoopbackServer([Reply(404, headers=(date,))]) as server:
        report = examined(server.url)
    (check,) = report.of("SHP035")

    assert (report.code, check["verdict"]) == (0, "warning"), report.text
    assert "ahead of" in check["why"]


def test_a_configuration_with_faults_is_looked_at_as_far_as_it_goes(
    examined: Examined,
) -> None:
    """Exit 78 before all others; the way is still checked when only a file is bad."""
    with LoopbackServer() as server:
        more = '[egress_log]\nfile = "nowhere/egress.jsonl"\n'
        report = examined(server.url, more=more)
    nothing = examined("https://[", more="[batch]\nmax_records = 0\n")

    assert (report.code, report.failed()) == (78, ["SHP001"]), report.text
    assert report.verdict("SHP034") == "ok"
    assert (nothing.code, set(nothing.failed())) == (78, {"SHP001"}), nothing.text
    assert nothing.verdict("SHP034") == "skipped"


def test_a_fault_of_this_machine_does_not_hide_the_key(examined: Examined) -> None:
    """A directory that is missing says nothing about the key, which is tried."""
    with LoopbackServer([Reply(), Reply(401)]) as server:
        more = '[egress_log]\nfile = "nowhere/egress.jsonl"\n'
        report = examined(server.url, more=more)

    assert report.failed() == ["SHP001", "SHP036"], report.text
    assert report.verdict("SHP002") == "ok"


def test_what_is_not_there_is_not_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file, no source, no key: each says so, and the rest goes on."""
    monkeypatch.delenv("README_API_KEY", raising=False)
    config = tmp_path / "config.toml"
    config.write_text(f'state_dir = "{tmp_path}/state"\n')
    code = main(["doctor", "--json", "--offline", "--config", str(config)])
    report = reported(code, "".join(capsys.readouterr()))

    assert (code, set(report.failed())) == (78, {"SHP001", "SHP002"})
    assert report.verdict("SHP010") == report.verdict("SHP034") == "skipped"


def test_a_key_in_a_file_and_a_monitor(examined: Examined, shop: Shop) -> None:
    """Both are looked at, and neither needs inotify when files are polled."""
    (shop.directory / "key").write_text(KEY)
    (shop.directory / "key").chmod(0o644)
    with LoopbackServer() as server, LoopbackServer() as monitor:
        more = f'api_key_file = "key"\n[heartbeat]\nurl = "{monitor.url}"\n'
        shop.configure(server.url)
        shop.config.write_text('watch = "poll"\n' + shop.config.read_text() + more)
        report = examined(None)

    assert (report.code, report.verdict("SHP003")) == (0, "warning"), report.text
    assert report.verdict("SHP012") == "skipped"
    assert (report.verdict("SHP038"), monitor.heard) == ("ok", [])


def test_only_trouble_is_told_to_who_wants_quiet(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a test record needs the network."""
    shop.configure("http://127.0.0.1:9/v1/request")
    words = ["doctor", "--offline", "--config", str(shop.config)]
    main([*words, "--quiet"])
    quiet = capsys.readouterr().out

    assert all(
        line.startswith(("warning", "failure", " "))
        for line in quiet.split("\n")
        if line
    )
    assert main([*words, "--send-test"]) == 2
