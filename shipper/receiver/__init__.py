"""The embedded receiver: ReadMe's side of the contract, on loopback, for trying out.

`contract` says what a request body must hold, `faults` when to misbehave,
`keeping` writes down what came; `body` and `handler` speak HTTP, `server` listens.
"""

from __future__ import annotations

from shipper.receiver.faults import Faults
from shipper.receiver.keeping import Counts
from shipper.receiver.server import Receiver

__all__ = ["Counts", "Faults", "Receiver"]
