"""What the doctor says of the way to ReadMe, and of the key."""

from __future__ import annotations

import json
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from shipper.network import NetworkSettings, route_to
from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused
from shipper.receiver.contract import Accepted
from shipper.receiver.contract import check as contract_check
from shipper.reports.doctor import key, way
from shipper.reports.doctor.check import Check
from tests.support.certificates import CA_FILE, server_tls
from tests.support.loopback import LoopbackServer, Move, Raw, Reply, Silence

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def checks_of(server: LoopbackServer, now: datetime = NOW) -> dict[str, Check]:
    """Return what is said of the way to a server, by code."""
    checks = way.way_checks(
        route_to(server.url, NetworkSettings(environ={})),
        user_agent="x",
        connect_seconds=20.0,
        answer_seconds=20.0,
        now=now,
    )
    return {check.code: check for check in checks}


def test_every_layer_of_a_good_way_is_told() -> None:
    """Without a proxy and without TLS, that is what is said."""
    date = ("Date", "Mon, 23 Nov 2026 11:59:30 GMT")
    with LoopbackServer([Reply(404, headers=(date,))]) as server:
        checks = checks_of(server)

    assert set(checks) == set(way.WAY_CODES)
    assert {check.verdict for check in checks.values()} == {"ok"}
    assert "without a proxy" in checks["SHP032"].why
    assert "http://" in checks["SHP033"].why


@pytest.mark.parametrize(
    ("hours", "words"), [(2, "2.0 hours ahead of"), (-2, "2.0 hours behind")]
)
def test_a_clock_that_is_wrong_says_which_way(hours: int, words: str) -> None:
    """By the answer's Date."""
    date = ("Date", "Mon, 23 Nov 2026 12:00:00 GMT")
    with LoopbackServer([Reply(headers=(date,))]) as server:
        check = checks_of(server, NOW + timedelta(hours=hours))["SHP035"]

    assert (check.verdict, words in check.why) == ("warning", True)


def test_an_answer_without_a_date_proves_nothing() -> None:
    """It is no fault of this machine."""
    with LoopbackServer() as server:
        check = checks_of(server)["SHP035"]

    assert (check.verdict, "no time" in check.why) == ("ok", True)


def test_a_monitor_is_not_called_to_see_whether_it_is_there() -> None:
    """A call would say that all is well."""
    with LoopbackServer() as server:
        route = route_to(server.url, NetworkSettings(environ={}))
        there = way.heartbeat_check(route, connect_seconds=20.0)
    gone = way.heartbeat_check(route, connect_seconds=20.0)
    with LoopbackServer(tls=server_tls()) as server:
        route = route_to(server.url, NetworkSettings(environ={}))
        unknown = way.heartbeat_check(route, connect_seconds=20.0)
        heard = server.heard

    assert [there.verdict, gone.verdict, unknown.verdict] == ["ok", *["warning"] * 2]
    assert gone.why.startswith("tcp: ")
    assert "something re-signs with CN=Private Test Authority" in unknown.mend
    assert heard == []


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        (Delivered(202), ["skipped", "skipped"]),
        (Refused(400, "400: empty"), ["skipped", "skipped"]),
        (Deferred(Cause.HOLD, "401: no", status=401), ["failure", "skipped"]),
        (Deferred(Cause.FORBIDDEN, "403: no", status=403), ["failure", "skipped"]),
        (Deferred(Cause.HOLD, "404: what?", status=404), ["warning", "skipped"]),
        (Deferred(Cause.NETWORK, "tcp: x: reset"), ["failure", "skipped"]),
    ],
)
def test_what_the_answer_to_nothing_says_of_the_key(
    receipt: Receipt, expected: list[str]
) -> None:
    """A refusal shows; an acceptance is not claimed."""
    checks = list(key.empty_checks(receipt, "host:443"))

    assert expected == [check.verdict for check in checks]
    assert [check.code for check in checks] == [key.ACCEPTED, key.TEST]


@pytest.mark.parametrize("status", [200, 302])
def test_whoever_answers_in_readmes_place_is_told_of(status: int) -> None:
    """A page to log in, or a way to another host: nothing is shipped until then."""
    receipt = Deferred(Cause.HOLD, f"{status}: a page", status=status, hint="log in")
    checks = list(key.empty_checks(receipt, "host:443"))

    assert [(check.code, check.verdict) for check in checks] == [
        ("SHP034", "failure"),
        (key.ACCEPTED, "skipped"),
        (key.TEST, "skipped"),
    ]
    assert checks[0].mend == "log in"


def test_a_certificate_for_another_name_says_what_mends_it() -> None:
    """Whoever is told to look at the clock would look for long."""
    with LoopbackServer(tls=server_tls(certificate="other-name.pem")) as server:
        route = route_to(server.url, NetworkSettings(ca_file=CA_FILE, environ={}))
        checks = way.way_checks(
            route, user_agent="x", connect_seconds=20.0, answer_seconds=20.0, now=NOW
        )
        (failed,) = (check for check in checks if check.verdict == "failure")

    assert (failed.code, "readme.endpoint" in failed.mend) == ("SHP033", True)


@pytest.mark.parametrize(
    ("newest", "min_tls", "move", "code", "mend"),
    [
        (
            ssl.TLSVersion.TLSv1_2,
            "1.3",
            Reply(),
            "SHP033",
            "speaks no TLS 1.3 or newer",
        ),
        (ssl.TLSVersion.TLSv1_3, "1.2", Raw(), "SHP034", "network.client_cert"),
        (ssl.TLSVersion.TLSv1_3, "1.2", Silence(), "SHP034", "readme.timeout"),
    ],
    ids=["version", "closed", "silent"],
)
def test_what_fails_on_the_way_is_mended_as_a_run_says(
    newest: ssl.TLSVersion,
    min_tls: Literal["1.2", "1.3"],
    move: Move,
    code: str,
    mend: str,
) -> None:
    """The same key is named, and the version that is asked for."""
    with LoopbackServer([move], tls=server_tls(newest=newest)) as server:
        way_there = NetworkSettings(ca_file=CA_FILE, min_tls=min_tls, environ={})
        checks = way.way_checks(
            route_to(server.url, way_there),
            user_agent="x",
            connect_seconds=20.0,
            answer_seconds=0.2,
            now=NOW,
        )
        (failed,) = (check for check in checks if check.verdict == "failure")

    assert failed.code == code
    assert mend in failed.mend


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        (Delivered(202), ["ok", "ok"]),
        (Refused(400, "400: bad"), ["ok", "failure"]),
        (Deferred(Cause.HOLD, "401: no", status=401), ["failure", "skipped"]),
        (Deferred(Cause.BUSY, "429: no", status=429), ["skipped", "failure"]),
    ],
)
def test_what_the_answer_to_a_record_says(
    receipt: Receipt, expected: list[str]
) -> None:
    """Key and record are told apart."""
    checks = list(key.record_checks(receipt, "host:443"))

    assert expected == [check.verdict for check in checks]


def test_the_test_record_is_one_that_readme_takes() -> None:
    """It has every required field, and is marked as development data."""
    identifier = "7f1e0b46-5f3a-4b4a-9d3e-0d5a6a3c1d11"
    record = key.a_test_record(identifier, now=NOW, version="1.0")

    assert isinstance(contract_check(b"[" + record + b"]"), Accepted)
    assert json.loads(record)["development"] is True


@pytest.mark.parametrize(
    ("text", "verdict"), [("rdme_abcdefghij0123", "ok"), ("sk-abc", "warning")]
)
def test_a_key_is_judged_by_its_shape_and_never_shown(text: str, verdict: str) -> None:
    """One of another service is warned of."""
    check = key.shape_check(text, "README_API_KEY")

    assert check.verdict == verdict
    assert text not in str(check)


@pytest.mark.parametrize(
    ("mode", "verdict"),
    [(0o600, "ok"), (0o640, "ok"), (0o644, "warning"), (0o620, "warning")],
)
def test_a_file_with_a_key_is_closed_to_others(
    tmp_path: Path, mode: int, verdict: str
) -> None:
    """Others may not read it, and a group may not replace it."""
    path = tmp_path / "key"
    path.write_text("rdme_x")
    path.chmod(mode)
    (check,) = key.file_checks((str(path), str(tmp_path / "none")))

    assert check.verdict == verdict


def test_an_address_to_start_from_is_told_of_before_any_firewall() -> None:
    """One of the other version of IP leads nowhere, whoever opens what."""
    with LoopbackServer() as server:
        route = route_to(server.url, NetworkSettings(source_address="::1", environ={}))
        checks = way.way_checks(
            route, user_agent="x", connect_seconds=20.0, answer_seconds=20.0, now=NOW
        )
        (failed,) = (check for check in checks if check.verdict == "failure")

    assert (failed.code, "network.source_address" in failed.mend) == ("SHP031", True)


def test_what_does_not_listen_on_this_machine_is_no_case_for_the_network_team() -> None:
    """No firewall stands before the loopback interface."""
    with LoopbackServer() as server:
        pass
    check = checks_of(server)["SHP031"]
    route = route_to(server.url, NetworkSettings(environ={}))
    monitor = way.heartbeat_check(route, connect_seconds=20.0)

    assert check.verdict == "failure"
    for mend in (check.mend, monitor.mend):
        assert mend.startswith("nothing listens there: start it on this machine")
