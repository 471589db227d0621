"""A table of callers: from the text of a CSV or JSON file to a look-up by key.

Bytes come in, a `Table` goes out, or `UnusableError` with the line where the fault
stands. A key may be raw or masked already; only masks are kept. No message ever
holds a value of the file: a raw key is a credential.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from shipper.errors import ShipperError
from shipper.identify import Known
from shipper.parse import is_mask

MAX_TEXT_LENGTH: Final = 256  # characters of a label or e-mail, as in the writer
_DELIMITERS: Final = (",", ";", "\t")
_KEY_NAMES: Final = ("key", "api_key")
_OTHERS: Final = ("label", "email", "id")
_COLUMNS: Final = "expected the columns key, label, email and, if wanted, id"


class UnusableError(ShipperError):
    """A table, a function or a key file that cannot be used.

    Attributes:
        problem: What is wrong, without where; `hint` says how to mend it.
    """

    def __init__(self, problem: str, *, hint: str | None = None) -> None:
        super().__init__(problem, hint=hint)
        self.problem = problem


class Row(Struct, frozen=True, gc=False):
    """One caller as the file has it; `place` is its line or element, in words."""

    place: str
    key: str
    label: str
    email: str
    id: str


class _Members(tuple[tuple[str, Any], ...]):
    """The members of a JSON object, also those whose name stands there twice."""

    __slots__ = ()


class Table:
    """Callers by the mask of their key.

    Args:
        rows: What the file holds.
        mask: Masks a raw key, as the same key is masked where a request shows it.

    Raises:
        UnusableError: A key stands twice.
    """

    def __init__(self, rows: Iterable[Row], mask: Callable[[str], str]) -> None:
        self._known: dict[str, Known] = {}
        places: dict[str, str] = {}
        for row in rows:
            digest = _digest(_masked(row.key, mask))
            if digest in places:
                raise UnusableError(
                    f"{row.place} has the key of {places[digest]} again",
                    hint="leave one of the two",
                )
            places[digest] = row.place
            own_id = _masked(row.id, mask) if row.id else ""
            self._known[digest] = Known(row.label, row.email, own_id)

    def __len__(self) -> int:
        """Return how many keys are known."""
        return len(self._known)

    def find(self, id_: str) -> Known | None:
        """Return what is known of a masked id."""
        return self._known.get(_digest(id_))


def read_rows(content: bytes) -> list[Row]:
    """Return the rows of a table; JSON begins with a bracket, the rest is CSV.

    Raises:
        UnusableError: It is neither, or a row has no key.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnusableError(
            f"line {line} is not UTF-8", hint="save it as UTF-8"
        ) from error
    is_json = text.lstrip()[:1] in ("{", "[")
    return list(_json_rows(text) if is_json else _csv_rows(text))


def _csv_rows(text: str) -> Iterator[Row]:
    head = text.partition("\n")[0]
    delimiter = next((each for each in _DELIMITERS if each in head), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        if not any(name in columns for name in _KEY_NAMES):
            raise UnusableError("the first line names no column key", hint=_COLUMNS)
        for name in (*_KEY_NAMES, *_OTHERS):
            if columns.count(name) > 1:
                raise UnusableError(f"the first line names the column {name} twice")
        for cells in reader:
            if not any(map(str.strip, cells)):
                continue
            place = f"line {reader.line_num}"
            if len(cells) > len(columns):
                raise UnusableError(
                    f"{place} has {len(cells)} cells for {len(columns)} columns",
                    hint="a cell that holds the delimiter stands in quotes",
                )
            yield _row(place, dict(zip(columns, cells, strict=False)))
    except csv.Error as error:
        raise UnusableError(f"line {reader.line_num} is not CSV: {error}") from error


def _json_rows(text: str) -> Iterator[Row]:
    try:
        tree: Any = json.loads(text, object_pairs_hook=_Members)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UnusableError(f"{place} is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise UnusableError("it is not JSON that can be read") from error
    if isinstance(tree, _Members):
        for number, (key, member) in enumerate(tree, 1):
            place = f"member {number}"
            is_label = isinstance(member, str)
            facts = _Members([("label", member)]) if is_label else member
            yield _row(place, {**_object(place, facts), "key": key})
    else:
        for number, element in enumerate(tree, 1):
            place = f"element {number}"
            yield _row(place, _object(place, element))


def _object(place: str, node: object) -> Mapping[str, object]:
    if not isinstance(node, _Members):
        raise UnusableError(f"{place} is no object", hint=_COLUMNS)
    return {name.lower(): value for name, value in node}


def _row(place: str, facts: Mapping[str, object]) -> Row:
    texts: dict[str, str] = {}
    for name in (*_KEY_NAMES, *_OTHERS):
        value = facts.get(name)
        # An id that a JSON file has as a number is as good as its digits.
        if type(value) is int:
            value = str(value)
        if value is not None and not isinstance(value, str):
            raise UnusableError(f"{place} has a {name} that is no text")
        texts[name] = sound((value or "").strip())
    key = texts["key"] or texts["api_key"]
    if not key:
        raise UnusableError(f"{place} has no key", hint=_COLUMNS)
    label, email = texts["label"][:MAX_TEXT_LENGTH], texts["email"][:MAX_TEXT_LENGTH]
    return Row(place, key, label, email, texts["id"])


def sound(text: str) -> str:
    """Return a text that has UTF-8: half of a surrogate pair becomes U+FFFD."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _masked(key: str, mask: Callable[[str], str]) -> str:
    return key if is_mask(key) else mask(key)


def _digest(mask: str) -> str:
    """Leave out the shown end of a mask; whether it is there is a setting."""
    return mask.partition("?")[0]
