"""What an examination says as a whole, and of units and firewalls."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from shipper.network import NetworkSettings, route_to
from shipper.reports.doctor import firewall, systemd, way
from shipper.reports.doctor.check import (
    KINDS,
    MOST_GOOD,
    PRECEDENCE,
    Verdict,
    exit_code_of,
    failure,
    ok,
    shortened,
    warning,
)
from tests.support.connect_proxy import ConnectProxy

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_exit_code_is_the_first_thing_a_person_has_to_mend() -> None:
    """Configuration comes before all, the network last; warnings change nothing."""
    down = failure("SHP031", "", "", "")
    refused = failure("SHP036", "", "", "")
    wrong = failure("SHP001", "", "", "")

    assert exit_code_of([ok("SHP001", "", ""), warning("SHP035", "", "", "")]) == 0
    assert exit_code_of([down]) == 75
    assert exit_code_of([down, refused]) == 77
    assert exit_code_of([down, refused, wrong]) == 78
    assert {kind.exit_code for kind in KINDS.values()} == set(PRECEDENCE)


def test_behind_a_proxy_its_name_is_the_one_to_resolve() -> None:
    """The endpoint's is the proxy's business."""
    with ConnectProxy(1) as proxy:
        url = f"https://127.0.0.1:{proxy.port}/"
    route = route_to("https://a.example/", NetworkSettings(environ={}, proxy=url))
    checks = {
        check.code: check
        for check in way.way_checks(
            route, user_agent="x", connect_seconds=5.0, answer_seconds=5.0, now=NOW
        )
    }

    assert checks["SHP030"].verdict is Verdict.OK
    assert "a.example:443 is resolved by the proxy" in checks["SHP030"].why


def test_units_and_credentials_are_found(tmp_path: Path) -> None:
    """By control groups and by what systemd hands over."""
    for process, group in (("self", "a.service"), ("7", "shipper@prod.service")):
        (tmp_path / process).mkdir()
        text = f"0::/system.slice/{group}\n"
        (tmp_path / process / "cgroup").write_text(text)
    environ = {"INVOCATION_ID": "x", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    without = list(systemd.systemd_checks(environ, 7, processes=str(tmp_path)))
    (tmp_path / systemd.CREDENTIAL_NAME).write_text("rdme_x")
    with_key = list(systemd.systemd_checks(environ, None, processes=str(tmp_path)))

    assert [check.where for check in without[:2]] == [
        "a.service",
        "shipper@prod.service",
    ]
    assert [without[-1].verdict, with_key[-1].verdict] == ["warning", "ok"]


def test_without_systemd_nothing_is_said_of_it(tmp_path: Path) -> None:
    """Nor where its groups cannot be seen."""
    (check,) = systemd.systemd_checks({}, 7, processes=str(tmp_path))

    assert check.verdict is Verdict.SKIPPED


def test_the_request_for_the_firewall_names_all_that_is_asked() -> None:
    """Host, port, protocol, direction, proxy and purpose."""
    far = NetworkSettings(environ={}, proxy="http://owl:s3cret@proxy.example:3128")
    route = route_to("https://metrics.readme.io/v1/request", far)
    near = route_to("http://127.0.0.1:8000/", NetworkSettings(environ={}))
    openings = [
        firewall.opening_for(each, min_tls="1.2", purpose="logs")
        for each in (route, near)
    ]
    text = firewall.request_text(openings, source="owl")

    assert "s3cret" not in text
    for words in (
        "metrics.readme.io",
        "443",
        "SNI metrics.readme.io",
        "outbound",
        "proxy.example:3128",
        "logs",
        "8000",
        "HTTP without TLS",
    ):
        assert words in text


def test_of_many_good_checks_the_first_ones_are_shown() -> None:
    """A thousand logs do not bury the one that needs somebody; that one is shown."""
    many = [ok("SHP014", f"log {number}", "fine") for number in range(30)]
    bad = warning("SHP014", "log 99", "soon", "hurry")

    shown = list(shortened([*many, bad], "log"))

    assert shown[:MOST_GOOD] == many[:MOST_GOOD]
    assert shown[MOST_GOOD:] == [
        bad,
        ok("SHP014", "", "10 more logs without trouble"),
    ]
    assert list(shortened(many[:MOST_GOOD], "log")) == many[:MOST_GOOD]
