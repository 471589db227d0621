"""One text shown to somebody who looks for secrets, with marks for what is found.

A text goes in with its place in the words of the lists, such as ``request.query.q``;
it comes out as it was, or with marks. JSON is shown value by value, so that it stays
JSON; a URL or a form piece by piece, so that it stays one. Where a secret shows only
through an encoding that cannot be undone in place, the whole text is hidden. Nothing
is remembered between two texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol
from urllib.parse import quote, unquote, unquote_plus

from shipper.bodies import read_media_type
from shipper.cards import FEWEST_DIGITS
from shipper.jsontext import is_json, looks_like_json, read_json, write_json
from shipper.lists import mark_of

MAX_NESTING: Final = 4  # JSON in JSON in …; deeper it is text
MOST_ROUNDS: Final = 8  # a text with more layers of secrets is hidden whole
WITHHELD: Final = "[NOT SENT: secret]"  # what stands for a body that stays here

_PIECES = re.compile(r"([/?&;=#]+)")
# Where parameters begin; the writer lays out the "#" of a target as "%23".
_PARAMETERS = re.compile(r"\?|#|%23")
_ESCAPE = re.compile(r"(?<!\\)\\++u([0-9a-fA-F]{4})")
# A name is shown only if it looks like one: a name may be a secret as well.
_NAME = re.compile(r"(?!.*[0-9]{6})[A-Za-z_$@][\w.$@\[\]-]{0,39}\Z", re.ASCII)


class Found(Protocol):
    """Where a secret stands: `text[start:end]`."""

    @property
    def start(self) -> int:
        """Its first character."""
        ...

    @property
    def end(self) -> int:
        """What stands after its last one."""
        ...


class Looker(Protocol):
    """Who looks for secrets."""

    def look(self, field: str, name: str, text: str) -> Sequence[Found]:
        """Return what is to be hidden in a text, in order, none overlapping.

        Args:
            field: Where it stands.
            name: What it is the value of, as the client wrote it; empty if unnamed.
            text: Decoded.
        """
        ...

    def may_look_into(self, content: bytes) -> bool:
        """Tell whether binary content is worth a look."""
        ...


def hide_in_body(looker: Looker, field: str, text: str, mime_type: str) -> str | None:
    """Hide what is found in the text of a body; None if all of it has to go."""
    hidden = _json(looker, field, text, WITHHELD) if looks_like_json(text) else None
    if hidden is None and read_media_type(mime_type).is_form:
        return _pieces(looker, field, text, unquote_plus)
    if hidden is None:
        return _plain(looker, field, "", text)
    return None if hidden == WITHHELD and text != WITHHELD else hidden


def hide_in_value(looker: Looker, place: str, name: str, text: str) -> str:
    """Hide what is found in the value of a header, a parameter or a cookie."""
    field = field_of(place, name)
    if looks_like_json(text):
        hidden = _json(looker, field, text, mark_of(text))
        if hidden is not None:
            return hidden
    if "%" in text or "://" in text:
        return _pieces(looker, field, text, unquote_plus, name)
    return hide_in_text(looker, field, name, text)


def hide_in_url(looker: Looker, field: str, text: str) -> str:
    """Hide what is found in a URL: in its path, and in each of its parameters."""
    mark = _PARAMETERS.search(text)
    if mark is None:
        return _pieces(looker, field, text, unquote)
    path = _pieces(looker, field, text[: mark.start()], unquote)
    # The parameters of a redirect are the redirect's; nothing else names them.
    place = field if field.startswith("response") else "request.query"
    return path + mark[0] + _pieces(looker, place, text[mark.end() :], unquote_plus)


def hide_in_text(looker: Looker, field: str, name: str, text: str) -> str:
    """Hide what is found in a text that is neither JSON nor a URL, or all of it."""
    hidden = _plain(looker, field, name, text)
    return mark_of(text) if hidden is None else hidden


def field_of(place: str, name: str) -> str:
    """Return where a named value stands, its name as it may be shown."""
    return f"{place}.{shown_name(name)}"


def shown_name(name: str) -> str:
    """Return a name as it may be shown: ``*`` for one that may be a secret itself."""
    return name if _NAME.match(name) else "*"


def _hidden(
    looker: Looker,
    field: str,
    name: str,
    text: str,
    written: Callable[[str], str] = str,
) -> str:
    """Put marks in the place of what is found."""
    # A secret may show only when its neighbour has gone.
    for _ in range(MOST_ROUNDS):
        found = looker.look(field, name, text)
        if not found:
            return text
        for one in reversed(found):
            mark = written(mark_of(text[one.start : one.end]))
            text = text[: one.start] + mark + text[one.end :]
    return written(mark_of(text))


def _plain(looker: Looker, field: str, name: str, text: str) -> str | None:
    """Hide what is found; None when that cannot be done in place."""
    text = _hidden(looker, field, name, text)
    if "\\u" in text or "%" in text:
        decoded = unquote(_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text))
        if decoded != text and looker.look(field, name, decoded):
            return None
    return text


def _pieces(
    looker: Looker,
    field: str,
    text: str,
    decode: Callable[[str], str],
    name: str = "",
) -> str:
    """Hide what is found between the separators of a URL or a form.

    Args:
        looker: Who looks.
        field: Where the whole stands, and what the names within it belong to.
        text: Percent-encoded, and so is what comes back.
        decode: How a piece is decoded.
        name: What the whole is the value of.
    """
    # In a piece too a secret may show only when its neighbour has gone.
    for _ in range(MOST_ROUNDS):
        hidden = _parted(looker, field, text, decode, name)
        if hidden == text:
            return text
        text = hidden
    return _quoted(mark_of(text))


def _parted(
    looker: Looker,
    field: str,
    text: str,
    decode: Callable[[str], str],
    name: str,
) -> str:
    """Hide what is found in the pieces, and then in the whole; see `_pieces`."""
    pieces = _PIECES.split(text)
    for index in range(0, len(pieces), 2):
        piece = pieces[index]
        named = ""
        if index >= 2 and pieces[index - 1] == "=":
            named = unquote_plus(pieces[index - 2])
        decoded = decode(piece)
        where = field_of(field, named) if named else field
        hidden = _hidden(looker, where, named, decoded)
        if hidden != decoded:
            pieces[index] = _quoted(hidden)
    # As it stands too: some secrets have separators in them.
    return _hidden(looker, field, name, "".join(pieces), _quoted)


def _json(
    looker: Looker, field: str, text: str, otherwise: str, depth: int = 0
) -> str | None:
    """Hide what is found in JSON, value by value; None if it is no JSON.

    Args:
        looker: Who looks.
        field: Where it stands.
        text: What may be JSON.
        otherwise: What takes its place when hiding would break it.
        depth: In how many documents it stands.
    """
    document = read_json(text)
    if document is None:
        return None
    holder = [document.root]
    if _tree(looker, field, "", holder, depth):
        document.root = holder[0]
        text = write_json(document)
    # Keys, and the first of two members of one name, stand in no tree.
    hidden = _hidden(looker, field, "", text)
    if hidden != text and not is_json(hidden):
        return otherwise
    return hidden


def _tree(looker: Looker, field: str, name: str, holder: list[Any], depth: int) -> bool:
    """Hide what is found in the one value of a holder; True if anything was."""
    # A stack, so that no depth of nesting can end the program.
    is_changed = False
    work: list[tuple[Any, Any, str, str]] = [(holder, 0, field, name)]
    while work:
        parent, key, here, named = work.pop()
        value = parent[key]
        match value:
            case str():
                hidden = _string(looker, here, named, value, depth)
                if hidden != value:
                    parent[key] = hidden
                    is_changed = True
            case int() if abs(value) >= 10 ** (FEWEST_DIGITS - 1):
                if looker.look(here, named, str(abs(value))):
                    parent[key] = mark_of(value)
                    is_changed = True
            case dict():
                work.extend(
                    (value, inner, field_of(here, str(inner)), str(inner))
                    for inner in reversed(value)
                )
            case list():
                work.extend(
                    (value, index, here, named) for index in reversed(range(len(value)))
                )
            case _:
                pass  # too short, or no value that could hold anything
    return is_changed


def _string(looker: Looker, field: str, name: str, text: str, depth: int) -> str:
    if depth < MAX_NESTING and looks_like_json(text):
        nested = _json(looker, field, text, mark_of(text), depth + 1)
        if nested is not None:
            return nested
    return hide_in_text(looker, field, name, text)


def _quoted(mark: str) -> str:
    return quote(mark, safe="")
