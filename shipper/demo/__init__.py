"""A story with real parts: an app, its log, the shipper, and a local receiver.

Everything runs on this machine, and nothing here is used outside the demo.
"""

from __future__ import annotations
