"""Record every HTTP exchange of a WSGI application to a rotating file.

Standard library only: no network, no thread, no queue. One exchange's way to the
disk leads through the rooms middleware, capture, response, recorder, journal, record
and rotate; what may not be written in clear is decided in mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsgi_writer._version import __version__

if TYPE_CHECKING:
    from wsgi_writer.middleware import ExchangeWriter

__all__ = ["ExchangeWriter", "__version__"]


def __getattr__(name: str) -> object:
    # Not imported before it is asked for: the shipper uses the pure rooms alone.
    if name == "ExchangeWriter":
        from wsgi_writer.middleware import ExchangeWriter  # noqa: PLC0415 - see above

        return ExchangeWriter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
