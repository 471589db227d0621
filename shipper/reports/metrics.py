"""Where shipping stands, as metrics: names, help and the exposition format.

A `Standing` comes in, the text that Prometheus reads goes out. Every total comes
from the state, so it goes on after a restart; it begins anew only with a new state.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from shipper.detect import KINDS
from shipper.reports.standing import Standing

# One series for each before the first has happened: to Prometheus, a series that
# begins at 1 has not increased, and an alert on that would miss the first one.
_OUTCOMES = ("delivered", "skipped", "dead")
_NO_SECRETS = dict.fromkeys(KINDS, 0)


@dataclass(frozen=True, slots=True, eq=False)  # a registry wants it hashable
class _Standing(Collector):
    standing: Standing
    version: str
    now: float  # seconds since 1970

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self._process()
        yield from self._backlog()
        yield from self._records()
        yield from self._losses()

    def _process(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "shipper_build_info",
            "The version that made these metrics; always 1.",
            labels=("version", "python"),
        )
        build.add_metric((self.version, platform.python_version()), 1)
        yield build
        holder = self.standing.holder
        if holder.is_known:
            yield GaugeMetricFamily(
                "shipper_running",
                "Whether a process holds the lock of the state directory.",
                value=holder.pid is not None,
            )

    def _backlog(self) -> Iterator[Metric]:
        standing = self.standing
        yield GaugeMetricFamily(
            "shipper_backlog_bytes",
            "Bytes on disk that are not committed yet; packed ones of archives.",
            value=standing.waiting_bytes,
        )
        yield GaugeMetricFamily(
            "shipper_backlog_files",
            "Files that hold bytes which are not committed yet.",
            value=standing.waiting_files,
        )
        age = 0.0 if standing.oldest is None else self.now - standing.oldest
        yield GaugeMetricFamily(
            "shipper_oldest_unsent_seconds",
            "Age of the oldest record that is not committed yet; 0 if none waits.",
            value=max(0.0, age),
        )
        if standing.last_delivery is not None:
            yield GaugeMetricFamily(
                "shipper_last_delivery_timestamp_seconds",
                "When a delivery was committed last; absent before the first.",
                value=standing.last_delivery,
            )

    def _records(self) -> Iterator[Metric]:
        standing = self.standing
        records = CounterMetricFamily(
            "shipper_records",
            "Records by what became of them; one that was delivered after it had "
            "been a dead letter counts as both.",
            labels=("outcome",),
        )
        lines = standing.lines
        amounts = lines.delivered, lines.skipped, lines.dead + standing.recovered
        for outcome, amount in zip(_OUTCOMES, amounts, strict=True):
            records.add_metric((outcome,), amount)
        yield records
        yield GaugeMetricFamily(
            "shipper_dead_letters",
            "Dead letters that are kept.",
            value=standing.letters,
        )
        yield GaugeMetricFamily(
            "shipper_exported_records",
            "Records in bundles that are not acknowledged yet.",
            value=lines.exported,
        )
        losses = standing.losses
        yield _by(
            "shipper_skipped_records", "Records left out, by rule.", losses.skipped
        )
        yield _by(
            "shipper_rejected_lines",
            "Lines that are no records, by reason.",
            losses.rejected,
        )
        yield _by(
            "shipper_withheld_bodies",
            "Bodies that were not sent, by reason.",
            losses.withheld,
        )
        yield _by(
            "shipper_suspected_secrets",
            "Records with what looks like a secret, by kind, hidden or not.",
            {**_NO_SECRETS, **losses.detected},
            label="kind",
        )

    def _losses(self) -> Iterator[Metric]:
        losses = self.standing.losses
        # What may still come is no loss yet, and a total must not shrink when a record
        # that was given up turns up after all.
        given_up = losses.missing_records - losses.waiting_records
        missing = given_up + losses.found_records
        for name, help_text, amount in (
            (
                "missing_records",
                "Records given up as lost; one that turned up later counts too.",
                missing,
            ),
            (
                "dropped_records",
                "Records that their writer said it dropped; part of the missing.",
                losses.dropped_records,
            ),
            ("lost_bytes", "Unread bytes of files that vanished.", losses.lost_bytes),
            ("lost_files", "Files that vanished unread.", losses.lost_files),
            ("shrunk_bytes", "Bytes that read files lost.", losses.shrunk_bytes),
            (
                "truncated_files",
                "Files that were replaced in place.",
                losses.truncated_files,
            ),
        ):
            yield CounterMetricFamily(f"shipper_{name}", help_text, value=amount)


def exposition(standing: Standing, *, version: str, now: float) -> str:
    """Return the metrics in Prometheus' text format.

    Args:
        standing: What they tell.
        version: Of this program.
        now: Seconds since 1970.
    """
    registry = CollectorRegistry()
    registry.register(_Standing(standing, version, now))
    return generate_latest(registry).decode()


def _by(
    name: str, help_text: str, amounts: Mapping[str, int], *, label: str = "reason"
) -> Metric:
    family = CounterMetricFamily(name, help_text, labels=(label,))
    for reason, amount in amounts.items():
        family.add_metric((reason,), amount)
    return family
