"""Log objects as ReadMe wants them, with any field changed or left out."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

ABSENT = object()  # leaves the field out


def a_log_object(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a valid log object.

    Args:
        number: Told by its id.
        changes: By path, with ``__`` between the steps and numbers for indexes:
            ``request__log__entries__0__time=5``.
    """
    log_object: dict[str, Any] = {
        "_id": str(UUID(int=number, version=4)),
        "_version": 3,
        "clientIPAddress": "203.0.113.9",
        "development": False,
        "group": {"id": "sha512-abc?-key", "label": "Owl", "email": "owl@example.com"},
        "request": {
            "log": {
                "version": "1.2",
                "creator": {"name": "readme-metrics (python)", "version": "1.0"},
                "entries": [
                    {
                        "pageref": "https://api.example.com/users/{id}",
                        "startedDateTime": "2026-11-23T12:00:00.123Z",
                        "time": 12,
                        "request": {
                            "method": "POST",
                            "url": "https://api.example.com/users/1?a=b",
                            "httpVersion": "HTTP/1.1",
                            "headers": [{"name": "host", "value": "api.example.com"}],
                            "queryString": [{"name": "a", "value": "b"}],
                            "cookies": [],
                            "headersSize": -1,
                            "bodySize": 2,
                            "postData": {"mimeType": "application/json", "text": "{}"},
                        },
                        "response": {
                            "status": 200,
                            "statusText": "OK",
                            "headers": [],
                            "content": {
                                "size": 2,
                                "mimeType": "application/json",
                                "text": "{}",
                            },
                        },
                        "cache": {},
                        "timings": {"send": 0, "wait": 12, "receive": 0},
                    }
                ],
            }
        },
    }
    for path, value in changes.items():
        *steps, last = path.split("__") if not path.startswith("_") else [path]
        place: Any = log_object
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        if value is ABSENT:
            del place[last]
        else:
            place[last] = value
    return log_object


def a_payload(number: int = 1, **changes: Any) -> bytes:
    """Return a log object as it goes over the wire."""
    return json.dumps(a_log_object(number, **changes), separators=(",", ":")).encode()
