"""The report for an approval, as one HTML page that needs nothing but itself.

`page` puts it together from `tables`, `charts` and `samples`; `text` renders what a
log holds inert; `style.css` is the look. All pure: values in, HTML out.
"""

from __future__ import annotations
