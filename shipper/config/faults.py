"""How a breach of the configuration schema is told to an operator.

The bare facts of a validator come in, faults in plain words go out: what was
expected, what was found, and "did you mean". A value that may be a credential
is never repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from msgspec import Struct

from shipper.config.schema import Key, keys
from shipper.config.toml_lines import KeyPath
from shipper.errors import Fault

MAX_SHOWN_CHARACTERS = 40

# Names an operator may bring from the vendor's SDK or guess at.
_ELSEWHERE: Mapping[str, str] = {
    "api_key": "the project key never stands in this file: put it into a file of its "
    "own and name that with readme.api_key_file",
    "base_log_url": "it belongs to the app: ExchangeWriter(..., base_log_url=...)",
    "grouping_function": "callers are named in the app, ExchangeWriter(..., "
    "identify=...), or by [[identify.rules]]",
    "grouping_func": "callers are named in the app, ExchangeWriter(..., "
    "identify=...), or by [[identify.rules]]",
    "blacklist": "it is called filter.denylist",
    "whitelist": "it is called filter.allowlist",
    "metrics_api": "it is called readme.endpoint; README_METRICS_SERVER holds too",
    "logger": "the log goes to stderr: see shipper run --log-format",
}


# What backfill takes as a format, and no followed log can be.
_NOT_FOLLOWED: Mapping[str, str] = {
    "har": "a HAR file is one document and not lines: shipper backfill sends it",
    "auto": "a followed log is not guessed at: shipper backfill --dry-run FILE says "
    "which format it is, and so does formats.md",
}


class Breach(Struct, frozen=True):
    """One rule of the schema that the document breaks.

    Attributes:
        rule: The schema's keyword, such as ``minimum``.
        path: Where in the document, array elements as numbers.
        found: The value that stands there.
        schema: The part of the schema that it breaks.
    """

    rule: str
    path: KeyPath
    found: Any  # whatever TOML held
    schema: Mapping[str, Any]  # JSON Schema: a free form by nature


class Places(Protocol):
    """Who knows where a key was written."""

    def where(self, path: KeyPath) -> str:
        """Return ``FILE:LINE`` or the name of an environment variable."""
        ...


def faults(
    breaches: Iterable[Breach], schema: Mapping[str, Any], places: Places
) -> Iterator[Fault]:
    """Return the faults, one for each key however many rules it breaks."""
    known = keys(schema)
    told: set[KeyPath] = set()
    for breach in breaches:
        if breach.rule == "additionalProperties":
            for name in breach.found:
                if name not in breach.schema["properties"]:
                    yield _unknown(name, breach, known, places)
        elif breach.rule == "required":
            for name in breach.schema["required"]:
                if name not in breach.found:
                    yield _missing(name, breach, places)
        elif breach.path not in told:
            told.add(breach.path)
            yield _wrong(breach, places)


def dotted(path: KeyPath) -> str:
    """Return a path as messages name it: ``source[0].paths``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def expectation(schema: Mapping[str, Any]) -> str:
    """Return what the schema wants, as the end of "expected …"."""
    if "enum" in schema:
        return " or ".join(f'"{word}"' for word in schema["enum"])
    kind = schema["type"]
    if isinstance(kind, list):
        return f'text such as "{schema["examples"][0]}" or a whole number'
    if kind in {"integer", "number"}:
        noun = "a whole number" if kind == "integer" else "a number"
        unit = f" of {schema['unit']}" if "unit" in schema else ""
        return f"{noun}{unit} from {schema['minimum']} to {schema['maximum']}"
    if kind == "array":
        example = shown_list(schema["examples"][0]) if "examples" in schema else ""
        return f"a list such as {example}" if example else "a list of tables"
    return {"boolean": "true or false", "object": "a table"}.get(kind, "text")


def shown_list(words: Iterable[str]) -> str:
    """Return a list of strings as TOML writes it."""
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def close_match(word: str, words: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """Return the likeliest word that was meant, whatever its case, or None."""
    import difflib  # noqa: PLC0415 - late: only a wrong word needs it

    spelling = {known.lower(): known for known in words}
    matches = difflib.get_close_matches(word.lower(), spelling, n=1, cutoff=cutoff)
    return spelling[matches[0]] if matches else None


def _unknown(
    name: str, breach: Breach, known: tuple[Key, ...], places: Places
) -> Fault:
    path = (*breach.path, name)
    return Fault(
        where=places.where(path),
        key=dotted(path),
        problem="there is no such key",
        hint=_hint(name, breach, known),
    )


def _hint(name: str, breach: Breach, known: tuple[Key, ...]) -> str | None:
    if name.lower() in _ELSEWHERE:
        return _ELSEWHERE[name.lower()]
    siblings = close_match(name, breach.schema["properties"])
    if siblings == name.lower():
        return f'did you mean "{siblings}"? keys are written in lower case'
    elsewhere = next((key for key in known if key.path[-1] == name), None)
    if elsewhere is not None:
        return f"did you mean {elsewhere.dotted}? check the [table] above this line"
    if siblings is not None:
        return f'did you mean "{siblings}"?'
    anywhere = close_match(name, [key.path[-1] for key in known])
    if anywhere is not None:
        key = next(key for key in known if key.path[-1] == anywhere)
        return f"did you mean {key.dotted}?"
    return None


def _missing(name: str, breach: Breach, places: Places) -> Fault:
    path = (*breach.path, name)
    schema = breach.schema["properties"][name]
    hint = None
    if path == ("source",):
        hint = 'begin with [[source]] and paths = ["/var/log/myapi/exchanges.jsonl"]'
    return Fault(
        where=places.where(breach.path),
        key=dotted(path),
        problem=f"is missing: expected {expectation(schema)}",
        hint=hint,
    )


def _wrong(breach: Breach, places: Places) -> Fault:
    hint = None
    if breach.rule == "minItems" and breach.schema["type"] == "array":
        problem = "is empty: expected at least one"
    elif breach.rule == "minLength":
        problem = "is empty: expected text"
    elif breach.rule == "maxLength":
        most, found = breach.schema["maxLength"], len(breach.found)
        problem = f"expected {most} characters at most, found {found}"
    else:
        problem = f"expected {expectation(breach.schema)}, found {_shown(breach.found)}"
    if breach.rule == "enum" and isinstance(breach.found, str):
        meant = close_match(breach.found, breach.schema["enum"])
        hint = f'did you mean "{meant}"?' if meant else None
        if breach.path[-1] == "format":
            hint = _NOT_FOLLOWED.get(breach.found, hint)
    elif breach.rule == "type" and breach.path == ("source",):
        hint = (
            "write [[source]] with two brackets; in a variable, "
            '[{paths = ["/var/log/myapi/exchanges.jsonl"]}]'
        )
    elif breach.rule == "type" and breach.path == ("identify", "rules"):
        hint = (
            "write [[identify.rules]] with two brackets; in a variable, "
            '[{from = "bearer"}]'
        )
    return Fault(places.where(breach.path), dotted(breach.path), problem, hint)


def _shown(value: Any) -> str:
    """Return a value for a message, unless it may be a secret."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    if not isinstance(value, str):
        return "a date or time"
    if value.startswith("rdme_"):
        return "what looks like a project key (not shown)"
    if len(value) > MAX_SHOWN_CHARACTERS:
        value = value[:MAX_SHOWN_CHARACTERS] + "..."
    return f'"{value}"'
