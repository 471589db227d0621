"""What an operator may write as a rule for callers, and what is wrong with the rest.

The text of `[[identify.rules]] from` comes in; a `Rule` or a complaint goes out.
The kinds are a closed list. Anything else that reads ``module:function`` names a
function, unless it looks like one of the kinds misspelt.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

FUNCTION: Final = "function"

_NAMED: Final = {
    "header": "header:X-Api-Key",
    "jwt": "jwt:sub",
    "query": "query:NAME",
    "cookie": "cookie:NAME",
    "body": "body:account.id",
}
_PLAIN: Final = ("bearer", "basic-user", "client-ip")
_SLIP: Final = 0.7  # `headers`, `cookies` and `client_ip` are slips, `callers` is not
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")  # RFC 9110 section 5.1
_KNOWN: Final = ", ".join((*_PLAIN, *_NAMED.values(), "module:function"))


class Rule(Struct, frozen=True):
    """One way to find who made a request.

    Attributes:
        text: As the operator wrote it.
        kind: Such as ``header``, or `FUNCTION`.
        name: What stands behind the colon; of a function, all of it.
    """

    text: str
    kind: str
    name: str = ""


def read_rule(text: str) -> Rule:
    """Return the rule that a text is.

    Raises:
        ValueError: It is none; the message says what was expected.
    """
    kind, colon, name = text.partition(":")
    if kind in _NAMED:
        problem = _name_problem(kind, name)
        if problem is not None:
            raise ValueError(problem)
        return Rule(text, kind, name)
    if kind in _PLAIN:
        if colon:
            raise ValueError(f"{kind} takes no name")
        return Rule(text, kind)
    import difflib  # noqa: PLC0415 - late: only a wrong word needs it

    kinds = (*_NAMED, *_PLAIN)
    meant = difflib.get_close_matches(kind.lower(), kinds, n=1, cutoff=_SLIP)
    if meant:
        likely = f"{meant[0]}:{name}" if meant[0] in _NAMED and name else meant[0]
        raise ValueError(f"expected one of {_KNOWN}; did you mean {likely}?")
    if not _is_function(kind, name):
        raise ValueError(f"expected one of {_KNOWN}")
    return Rule(text, FUNCTION, text)


def check_rule(text: str) -> str | None:
    """Return what is wrong with a rule, or None if it may be used."""
    try:
        read_rule(text)
    except ValueError as error:
        return str(error)
    return None


def function_in(text: str) -> str | None:
    """Return the ``module:function`` that a rule names, or None for another rule."""
    try:
        rule = read_rule(text)
    except ValueError:
        return None
    return rule.name if rule.kind == FUNCTION else None


def _name_problem(kind: str, name: str) -> str | None:
    if not name:
        return f"{kind}: needs a name, as in {_NAMED[kind]}"
    if kind == "header" and _HEADER_NAME.match(name) is None:
        return "that is not the name of a header"
    if kind == "body" and not all(name.split(".")):
        return "expected names with dots between them, as in body:account.id"
    return None


def _is_function(module: str, function: str) -> bool:
    names = [*module.split("."), *function.split(".")]
    return all(map(str.isidentifier, names))
