"""What identification asks of the world: a table in a file, a user's function, a key.

The impure part of `identify`, which only knows protocols. Each part is made at start,
where what is wrong with it stops the shipper; from then on none of them raises.
"""

from __future__ import annotations

from shipper.lookup.complaints import Complaints
from shipper.lookup.function import UserFunction, directory_of, load_function
from shipper.lookup.keyfile import read_mask_key
from shipper.lookup.table import UnusableError
from shipper.lookup.table_file import TableFile, try_table

__all__ = [
    "Complaints",
    "TableFile",
    "UnusableError",
    "UserFunction",
    "directory_of",
    "load_function",
    "read_mask_key",
    "try_table",
]
