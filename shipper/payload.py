"""One ReadMe log object from a record, its caller and the entry that may leave.

The entry's bytes are spliced in unread: what lies on disk is laid out for the wire
already. Everything around it is fixed but for five values. It follows
docs/record-format.md, and must never look into the entry.
"""

from __future__ import annotations

import msgspec

from shipper.model import Caller, Entry
from shipper.record import Record
from shipper.redact import Redacted

CREATOR_NAME = "hartail, readme-metrics (python)"  # the receiver knows its SDKs by it

_encode = msgspec.json.Encoder().encode


class PayloadBuilder:
    """Builds log objects.

    Args:
        version: Of this program.
        development_mode: Marks every record as development data.
        comment: Machine, system and language, such as ``x86_64-linux6.1/3.11.7``.
    """

    def __init__(self, *, version: str, development_mode: bool, comment: str) -> None:
        creator = {"name": CREATOR_NAME, "version": version, "comment": comment}
        # Left out, ReadMe's default of "development" is true.
        development = b"true" if development_mode else b"false"
        self._before_group = b',"development":' + development + b',"group":'
        self._before_entry = (
            b',"request":{"log":{"version":"1.2","creator":'
            + _encode(creator)
            + b',"entries":['
        )

    def build(self, record: Record, caller: Caller, redacted: Redacted) -> Entry:
        """Return the record's log object, ready to stand in a request's array."""
        payload = b"".join(
            (
                b'{"_id":',
                _encode(record.id),
                b',"_version":3,"clientIPAddress":',
                _encode(record.client),
                self._before_group,
                _encode(caller),
                self._before_entry,
                redacted.entry,
                b"]}}}",
            )
        )
        return Entry(record.id, payload, redacted.withheld, record.w, record.dropped)
