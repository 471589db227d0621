"""A standing with something to tell in every metric, and the metrics' names."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from shipper.reports.losses import Losses
from shipper.reports.metrics import exposition
from shipper.reports.standing import Standing
from shipper.store.examined import Holder
from shipper.store.sums import Outcomes

NOW = 1_800_000_000.0
A_STANDING = Standing(
    has_run=True,
    holder=Holder(pid=7),
    lines=Outcomes(delivered=10, skipped=3, dead=2, blank=1, exported=5),
    recovered=4,
    letters=2,
    losses=Losses(
        missing_records=9,
        waiting_records=2,
        dropped_records=5,
        lost_files=1,
        lost_bytes=100,
        shrunk_bytes=50,
        truncated_files=6,
        skipped={"method": 3},
        rejected={"schema": 1},
        withheld={"too deep": 8},
        detected={"jwt": 4},
    ),
    last_delivery=NOW - 60,
    waiting_bytes=4096,
    waiting_files=2,
    oldest=NOW - 30,
)


def samples(standing: Standing) -> dict[str, float]:
    """Return the values as Prometheus reads them, by name and label values."""
    text = exposition(standing, version="1.2.3", now=NOW)
    return {
        " ".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def exported_names() -> set[str]:
    """Return the names of everything that is exported."""
    return {sample.split(" ")[0] for sample in samples(A_STANDING)}
