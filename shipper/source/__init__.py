"""The set of followed files: found, known again, read in turns, as one stream.

From the outside in: `source` joins the feeds, `feed` looks, `turns` reads,
`census` says who is who on the `roster`; the other rooms serve these.
"""

from shipper.source.journal import Catalog
from shipper.source.opening import Opening
from shipper.source.reread import LineReader, Unread
from shipper.source.source import FileView, Followed, Source

__all__ = [
    "Catalog",
    "FileView",
    "Followed",
    "LineReader",
    "Opening",
    "Source",
    "Unread",
]
