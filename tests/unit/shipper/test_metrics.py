"""Metrics: names, values and the format; and what the examples make of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_struct

from shipper.detect import KINDS
from shipper.reports.losses import Losses
from shipper.store.examined import Holder
from shipper.store.sums import Outcomes
from tests.support.standings import A_STANDING, NOW, exported_names, samples

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_every_number_stands_under_its_name() -> None:
    """Records that may still come are not missing; a retried letter was dead once."""
    found = samples(A_STANDING)
    (build,) = [name for name in found if name.startswith("shipper_build_info")]
    del found[build]

    assert "1.2.3" in build
    assert found == {
        "shipper_running": 1,
        "shipper_backlog_bytes": 4096,
        "shipper_backlog_files": 2,
        "shipper_oldest_unsent_seconds": 30,
        "shipper_last_delivery_timestamp_seconds": NOW - 60,
        "shipper_records_total delivered": 10,
        "shipper_records_total skipped": 3,
        "shipper_records_total dead": 6,
        "shipper_dead_letters": 2,
        "shipper_exported_records": 5,
        "shipper_skipped_records_total method": 3,
        "shipper_rejected_lines_total schema": 1,
        "shipper_withheld_bodies_total too deep": 8,
        **{f"shipper_suspected_secrets_total {kind}": 0 for kind in KINDS},
        "shipper_suspected_secrets_total jwt": 4,
        "shipper_missing_records_total": 7,
        "shipper_dropped_records_total": 5,
        "shipper_lost_bytes_total": 100,
        "shipper_lost_files_total": 1,
        "shipper_shrunk_bytes_total": 50,
        "shipper_truncated_files_total": 6,
    }


def test_the_missing_never_become_fewer() -> None:
    """A counter that goes back is taken for one that has begun anew."""
    before = samples(A_STANDING)
    losses = replace_struct(A_STANDING.losses, found_records=2)
    after = samples(replace(A_STANDING, losses=losses))

    assert (
        after["shipper_missing_records_total"]
        == 2 + (before["shipper_missing_records_total"])
    )


def test_what_alerts_ask_for_is_there_before_the_first() -> None:
    """A series that begins at 1 has not increased, and its alert would stay silent."""
    names = samples(replace(A_STANDING, lines=Outcomes(), losses=Losses()))
    alerts = (EXAMPLES / "prometheus-alerts.yml").read_text("utf-8")
    asked = set(re.findall(r"increase\((shipper_\w+)", alerts))

    assert len(asked) > 3
    assert asked <= {name.split(" ")[0] for name in names}


def test_what_is_not_known_is_not_claimed() -> None:
    """No delivery yet and no table of locks: those series are absent."""
    unknown = replace(A_STANDING, holder=Holder(is_known=False), last_delivery=None)
    found = samples(unknown)

    assert "shipper_running" not in found
    assert "shipper_last_delivery_timestamp_seconds" not in found


def test_nothing_is_older_than_now() -> None:
    """A record from the future, or none at all, has waited for no time."""
    future = replace(A_STANDING, oldest=NOW + 60)

    assert samples(future)["shipper_oldest_unsent_seconds"] == 0
    assert (
        samples(replace(A_STANDING, oldest=None))["shipper_oldest_unsent_seconds"] == 0
    )


@pytest.mark.parametrize("name", ["prometheus-alerts.yml", "grafana-dashboard.json"])
def test_the_examples_name_metrics_that_exist(name: str) -> None:
    """A dashboard or an alert on a name that nobody exports would stay silent."""
    text = (EXAMPLES / name).read_text("utf-8")
    named = set(re.findall(r"\bshipper_[a-z_]+", text))

    assert len(named) > 5
    assert named <= exported_names()


def test_the_dashboard_can_be_imported() -> None:
    """It is JSON, and no two panels have the same id."""
    dashboard = json.loads((EXAMPLES / "grafana-dashboard.json").read_text("utf-8"))
    ids = [panel["id"] for panel in dashboard["panels"]]

    assert len(set(ids)) == len(ids) > 5
