"""The project key: where it is, what it looks like, and whether ReadMe takes it.

Neither the key nor a part of it is in any check. Without `--send-test` nothing is
posted but an empty array, which makes no record: a refusal of the key shows then,
but that it is accepted is not proven, because what ReadMe says to nothing is unknown.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from shipper.payload import CREATOR_NAME
from shipper.receipt import Cause, Deferred, Delivered, Receipt, Refused
from shipper.reports.doctor.check import Check, failure, ok, skipped, warning

ANSWER, ACCEPTED, TEST = "SHP034", "SHP036", "SHP037"
_SHAPE = re.compile(r"rdme_[0-9A-Za-z_]{8,}")  # as ReadMe shows them
_REFUSED = frozenset({401, 403})
_NOT_ASKED = "not checked without --send-test"


def shape_check(key: str, origin: str) -> Check:
    """Return what the key looks like."""
    if _SHAPE.fullmatch(key):
        return ok("SHP002", origin, "found, and looks like a project key")
    why = (
        "found, but it does not look like a project key: rdme_ and eight or more "
        "letters and digits"
    )
    mend = "compare it with Configuration > API Keys in ReadMe"
    return warning("SHP002", origin, why, mend)


def file_checks(paths: tuple[str, ...]) -> Iterator[Check]:
    """Yield who may read the files that hold keys."""
    for path in paths:
        try:
            facts = os.stat(path)
        except OSError:
            continue  # told by the check of the configuration
        mode = stat.S_IMODE(facts.st_mode)
        if mode & stat.S_IRWXO:
            why = f"mode {mode:04o}: every user of this machine may read the key"
            mend = f"chmod 0600 {path} (or 0640 and a group of the shipper's user)"
            yield warning("SHP003", path, why, mend)
        elif mode & stat.S_IWGRP:
            why = f"mode {mode:04o}: a group may replace the key"
            yield warning("SHP003", path, why, f"chmod g-w {path}")
        else:
            yield ok("SHP003", path, f"mode {mode:04o}")


def empty_checks(receipt: Receipt, name: str) -> Iterator[Check]:
    """Yield what the answer to an empty array says of the key.

    Args:
        receipt: Of that answer.
        name: Who gave it.
    """
    match receipt:
        case Deferred() if _is_about_key(receipt):
            yield _refused(receipt, name)
        case Deferred(status=None):
            yield _unanswered(receipt, name, ACCEPTED)
        case Deferred(status=int(status)) if status < 400:
            # A page to log in, or a way to another host: nothing of ReadMe's.
            yield _unanswered(receipt, name, ANSWER)
            yield from skipped((ACCEPTED,), "somebody else answers in ReadMe's place")
        case Deferred(reason=reason):
            mend = "check readme.endpoint; what ReadMe answers to nothing is unknown, "
            yield warning(ACCEPTED, name, reason, mend + "so try --send-test")
        case _:
            why = f"not refused when nothing is posted; more is {_NOT_ASKED}"
            yield from skipped((ACCEPTED,), why)
    yield from skipped((TEST,), _NOT_ASKED)


def record_checks(receipt: Receipt, name: str) -> Iterator[Check]:
    """Yield what the answer to the test record says."""
    match receipt:
        case Delivered(status):
            yield ok(ACCEPTED, name, f"accepted: answered {status}")
            yield ok(TEST, name, "accepted, marked as development data")
        case Refused(status, reason):
            yield ok(ACCEPTED, name, f"not refused: answered {status}")
            mend = "report this: the record is one that should be accepted"
            yield failure(TEST, name, f"refused: {reason}", mend)
        case Deferred() if _is_about_key(receipt):
            yield _refused(receipt, name)
            yield from skipped((TEST,), "the key is refused")
        case Deferred():
            yield from skipped((ACCEPTED,), "the test record was not answered for")
            yield _unanswered(receipt, name, TEST)
        case _:
            assert_never(receipt)


def a_test_record(identifier: str, *, now: datetime, version: str) -> bytes:
    """Return a log object that says what it is (CONTRACT: the required fields)."""
    stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = "A test record of shipper doctor."
    request = {
        "method": "GET",
        "url": "https://shipper.invalid/doctor",
        "httpVersion": "HTTP/1.1",
        "headers": [{"name": "User-Agent", "value": f"hartail/{version}"}],
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": 0,
    }
    content = {"size": len(text), "mimeType": "text/plain", "text": text}
    response = {
        "status": 200,
        "statusText": "OK",
        "httpVersion": "HTTP/1.1",
        "headers": [{"name": "Content-Type", "value": "text/plain"}],
        "cookies": [],
        "content": content,
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": len(text),
    }
    entry = {
        "startedDateTime": stamp,
        "time": 0,
        "request": request,
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
    }
    log = {
        "version": "1.2",
        "creator": {"name": CREATOR_NAME, "version": version},
        "entries": [entry],
    }
    record = {
        "_id": identifier,
        "_version": 3,
        "clientIPAddress": "127.0.0.1",
        "development": True,
        "group": {"id": "shipper-doctor", "label": "shipper doctor"},
        "request": {"log": log},
    }
    return json.dumps(record, separators=(",", ":")).encode()


def _is_about_key(receipt: Deferred) -> bool:
    return receipt.status in _REFUSED


def _refused(receipt: Deferred, name: str) -> Check:
    mend = "check the project key: Configuration > API Keys in ReadMe shows it"
    if receipt.cause is Cause.FORBIDDEN:
        mend = "the key is blocked, or a gateway on the way refuses it"
    return failure(ACCEPTED, name, receipt.reason, mend)


def _unanswered(receipt: Deferred, name: str, code: str) -> Check:
    mend = receipt.hint or "see the checks of the way above, and try again"
    return failure(code, name, receipt.reason, mend)
