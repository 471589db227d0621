"""The set of followed files: found, known again, read in turns, as one stream.

From the outside in: `source` joins the feeds, `feed` looks, `turns` reads,
`census` says who is who on the `roster`; the other rooms serve these.
"""

from shipper.source.journal import Catalog
from shipper.source.opening import Opening
from shipper.source.reread import LineReader, Unread
from shipper.source.sharing import Share
from shipper.source.shelf import Kin, Shelf
from shipper.source.siblings import Name
from shipper.source.source import FileView, Followed, Source

__all__ = [
    "Catalog",
    "FileView",
    "Followed",
    "Kin",
    "LineReader",
    "Name",
    "Opening",
    "Share",
    "Shelf",
    "Source",
    "Unread",
]
