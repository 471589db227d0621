"""requests, imported without the library that guesses the encoding of a text.

It is looked for at the import and never asked here: answers are read as bytes. Without
it the process is 2.5 MB smaller and starts 10 ms sooner. A `Response.text` is UTF-8
then, unless the answer says otherwise; whoever imports that library later gets it.
"""

from __future__ import annotations

import sys
import warnings
from typing import Final

_UNASKED: Final = {"chardet", "charset_normalizer"} - sys.modules.keys()
# An import of None is an ImportError.
sys.modules.update(dict.fromkeys(_UNASKED))  # type: ignore[arg-type]
try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # requests tells that it found neither
        import requests
finally:
    for name in _UNASKED:
        del sys.modules[name]

__all__ = ["requests"]
