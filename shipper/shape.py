"""What one line becomes: an item, by each of the rules in turn.

A line comes in; an entry to be sent, a skip or a reject goes out, or word of a version
that is not known. Pure: the rules are given, and nothing is remembered between lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from shipper.filters import Filters
from shipper.identify import Identifier
from shipper.model import Item, Line, Reject, Skip
from shipper.parse import Record, UnknownVersion, parse, serial_in
from shipper.payload import PayloadBuilder
from shipper.redact import Redacted, Redactor
from shipper.sample import SAMPLE, Sampler
from shipper.values import Detector


@dataclass(frozen=True, slots=True)
class Shaper:
    """What one line becomes: parse, keep or skip, identify, redact, check, payload.

    Attributes:
        sampler: Asked after the filters, so that it takes its share of what they keep.
        detector: Asked after the redactor, about what would still leave.
    """

    filters: Filters
    identifier: Identifier
    redactor: Redactor
    payloads: PayloadBuilder
    sampler: Sampler = field(default_factory=Sampler)
    detector: Detector = field(default_factory=Detector)

    def shape(self, line: Line) -> Item | UnknownVersion:
        """Return the line's item; never raises for what the line holds."""
        if line.fault is not None:
            why = "the line has no usable bytes"
            return Reject(line.fault.reason, why, serial_in(line.data))
        record = parse(line.data)
        if not isinstance(record, Record):
            if isinstance(record, Reject):
                # Kept as a dead letter, it is not missing.
                return Reject(record.reason, record.detail, serial_in(line.data))
            return record
        reason = self.filters.reason_to_skip(record)
        if reason is not None:
            return Skip(reason, record.w, record.dropped)
        if not self.sampler.keeps(record):
            return Skip(SAMPLE, record.w, record.dropped)
        caller = self.identifier.caller_of(record)
        if caller is None:
            return Skip("unidentified", record.w, record.dropped)
        redacted = self.redactor.apply(record)
        if isinstance(redacted, Reject):
            return Reject(redacted.reason, redacted.detail, record.w, record.dropped)
        checked = self.detector.check(redacted.entry)
        if checked is not None:
            withheld = redacted.withheld + checked.withheld
            redacted = Redacted(checked.entry, withheld)
        if self.sampler.is_on:
            entry = self.sampler.noted(record, redacted.entry)
            redacted = Redacted(entry, redacted.withheld)
        item = self.payloads.build(record, caller, redacted)
        return item if checked is None else replace(item, suspicions=checked.suspicions)
