"""What can be told of the shipper's work without taking part in it."""

from __future__ import annotations
