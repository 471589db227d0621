"""The rotating append-only file, its budget, and what it says of itself.

`rotating` appends under the lock, `spool` rotates, `active` owns the
descriptor, `retention` names and evicts, `tally` counts, `alarm` warns.
"""

from __future__ import annotations

from wsgi_writer.rotate.options import Fsync, WhenFull, check_options
from wsgi_writer.rotate.rotating import RotatingFile

__all__ = ["Fsync", "RotatingFile", "WhenFull", "check_options"]
