"""The state directory: positions, ledger, dead letters and counters in SQLite.

This is the one place that moves a position. `open_store` is for the process that
holds the lock; `open_reader` is for everybody who looks on.
"""

from shipper.store.bundles import Bundle, Exported
from shipper.store.checkpoints import Store, open_store
from shipper.store.dead_letters import KeptLetter, Tried
from shipper.store.letterbox import Letterbox
from shipper.store.lock import StateLock
from shipper.store.positions import NotJoinedError
from shipper.store.reader import Reader, open_reader
from shipper.store.requests import (
    ACKNOWLEDGE,
    PURGE,
    RETRY,
    Acknowledgement,
    Answer,
    Argument,
    Counter,
    DeadRecord,
    Request,
    Selection,
)
from shipper.store.sums import FileSums, Outcomes, Sums

__all__ = [
    "ACKNOWLEDGE",
    "PURGE",
    "RETRY",
    "Acknowledgement",
    "Answer",
    "Argument",
    "Bundle",
    "Counter",
    "DeadRecord",
    "Exported",
    "FileSums",
    "KeptLetter",
    "Letterbox",
    "NotJoinedError",
    "Outcomes",
    "Reader",
    "Request",
    "Selection",
    "StateLock",
    "Store",
    "Sums",
    "Tried",
    "open_reader",
    "open_store",
]
