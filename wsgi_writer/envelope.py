"""The optional members around a record's entry: caller, auth and notes.

What was learned of an exchange comes in; the members that there is something to say
in go out as JSON, each with its comma before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from json.encoder import encode_basestring as quoted

from wsgi_writer.caller import Caller
from wsgi_writer.credentials import masks_by_name
from wsgi_writer.exchange import NOTES
from wsgi_writer.headers import HeaderBlock


def caller_member(caller: Caller) -> str:
    """Return who made the request, as the application says."""
    return (
        f',"caller":{{"id":{quoted(caller.id)},"label":{quoted(caller.label)},'
        f'"email":{quoted(caller.email)}}}'
    )


def auth_member(
    asked: HeaderBlock, query: Mapping[str, str], user: str | None = None
) -> str:
    """Return what was learned of the caller before anything was masked.

    Args:
        asked: The request's headers.
        query: The masks of keys in the query.
        user: Who somebody else says it was, unless the credentials name a user.
    """
    credential = asked.authorization
    if not (asked.keys or asked.cookies or query or user):
        return credential.record if credential is not None else ""
    parts = []
    keys = asked.keys or {}
    if credential is not None and credential.auth:
        parts.append(credential.auth)
        keys = {**credential.masks, **keys}
    if user and not (credential is not None and '"user":' in credential.auth):
        parts.append(f'"user":{quoted(user)}')
    for member, masks in (
        ("headers", keys),
        ("query", query),
        ("cookies", asked.cookies),
    ):
        if masks:
            parts.append(f'"{member}":{masks_by_name(masks)}')
    return f',"auth":{{{",".join(parts)}}}' if parts else ""


def notes_member(notes: tuple[str, ...]) -> str:
    """Return the notes of the closed list, in its order and each once."""
    known = [f'"{note}"' for note in NOTES if note in notes]
    return f',"notes":[{",".join(known)}]' if known else ""
