"""The story: requests reach an app, its log a file, the file a receiver.

A directory comes in; what happened goes out as an `Outcome`, counted from what
lies on the disk and at the receiver rather than from what anybody says.
"""

from __future__ import annotations

import base64
import glob
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipper.demo.place import told_of
from shipper.demo.processes import DemoError, finished, serving
from shipper.demo.traffic import CALLS, HOST, LISTED, PLANTED, send
from shipper.receiver.keeping import LOGS_NAME

SHOWN_TARGET = "/login"  # the exchange whose payload is printed
_LOG_HEADER = "x-documentation-url"
_KEY = "rdme_demo"

_CONFIG = """\
state_dir = "state"

[[source]]
paths = ["{log}"]

[readme]
endpoint = "{endpoint}"
api_key_file = "readme-api-key"

[filter]
denylist = ["ssn"]
allowed_http_hosts = ["{host}"]
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the calls.

    Attributes:
        answered: Calls the app has answered.
        promised: Ids the app's clients were given in a response header.
        recorded: Ids found in the log files, in order.
        files: The log files, oldest first.
        sums: What the shipper says: delivered, skipped, dead, blank.
        received: Ids of the payloads the receiver has kept.
        payload: One of them, whole.
        leaks: Files that hold what they must not.
    """

    answered: int
    promised: frozenset[str]
    recorded: tuple[str, ...]
    files: tuple[Path, ...]
    sums: Mapping[str, int]
    received: tuple[str, ...]
    payload: Mapping[str, Any]  # a log object of ReadMe's contract
    leaks: tuple[str, ...]

    def faults(self) -> tuple[str, ...]:
        """Return each sum that does not add up; none when all is well."""
        asked = sum(call.is_recorded for call in CALLS)
        shipped = sum(call.is_recorded and call.is_shipped for call in CALLS)
        sums = self.sums
        settled = sums["delivered"] + sums["skipped"] + sums["dead"]
        checks = {
            f"{asked} exchanges should be in the log": asked == len(self.recorded),
            "each client's log id should be in the log": self.promised
            <= frozenset(self.recorded),
            "every record should be delivered, skipped or dead": settled
            == len(self.recorded),
            "every delivered record should have arrived once": sums["delivered"]
            == len(self.received)
            == len(set(self.received)),
            f"{shipped} records should have been shipped": shipped == sums["delivered"],
            "no secret should be found": not self.leaks,
        }
        return tuple(promise for promise, holds in checks.items() if not holds)


def tell(directory: Path, say: Callable[[str], None]) -> Outcome:
    """Let it happen in `directory`, and say what is going on.

    Raises:
        CannotKeepError: When there is no room in `directory`.
        DemoError: When a part does not start, or the shipper fails.
    """
    log = directory / "exchanges.jsonl"
    store = directory / "received"
    with serving("shipper", "receive", "--quiet", "--store", str(store)) as url:
        say(f"a receiver listens at {url}")
        with serving("shipper.demo.server", str(log)) as port:
            say(f"an app listens at http://127.0.0.1:{port} and writes {log}")
            answers = [send(int(port), call) for call in CALLS]
            say(f"{len(answers)} requests of every kind are answered")
        with told_of(str(directory)):
            _configure(directory, log, url)
        say("the shipper runs once")
        config = str(directory / "config.toml")
        words = ("shipper", "run", "--once", "--quiet", "--json", "--config", config)
        run = finished(*words)
    if run.returncode != 0:
        raise DemoError(f"shipper run: ended with exit code {run.returncode}")
    links = [answer.getheader(_LOG_HEADER) for answer in answers]
    return _counted(
        directory, log, store, json.loads(run.stdout), [link for link in links if link]
    )


def _configure(directory: Path, log: Path, url: str) -> None:
    key = directory / "readme-api-key"
    # Closed before the key is in it.
    os.close(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600))
    key.write_text(f"{_KEY}\n", encoding="utf-8")
    text = _CONFIG.format(log=log.name, endpoint=url, host=HOST)
    (directory / "config.toml").write_text(text, encoding="utf-8")


def _counted(
    directory: Path, log: Path, store: Path, sums: Mapping[str, int], links: list[str]
) -> Outcome:
    # Rotated names sort by time, and the active file is the youngest.
    rotated = sorted(glob.glob(f"{glob.escape(str(log))}.*"))
    files = (*map(Path, rotated), log)
    payloads = _objects([store / LOGS_NAME])
    shown = next(each for each in reversed(payloads) if SHOWN_TARGET in _url(each))
    return Outcome(
        answered=len(CALLS),
        promised=frozenset(link.rpartition("/")[2] for link in links),
        recorded=tuple(record["id"] for record in _objects(files)),
        files=files,
        sums=sums,
        received=tuple(payload["_id"] for payload in payloads),
        payload=shown,
        leaks=(*files_holding(PLANTED, directory), *files_holding(LISTED, store)),
    )


def _objects(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the objects of JSON Lines files."""
    lines = [line for file in files for line in file.read_bytes().splitlines() if line]
    return [json.loads(line) for line in lines]


def _url(payload: Mapping[str, Any]) -> str:
    url: str = payload["request"]["log"]["entries"][0]["request"]["url"]
    return url


def files_holding(word: str, directory: Path) -> list[str]:
    """Return the files that hold `word`, in clear or inside base64."""
    files = [file for file in sorted(directory.rglob("*")) if file.is_file()]
    forms = _forms(word.encode())
    contents = [(file, file.read_bytes()) for file in files]
    return [str(file) for file, data in contents if any(form in data for form in forms)]


def _forms(word: bytes) -> tuple[bytes, ...]:
    """Return `word` and what base64 makes of it at each of the three alignments."""
    encoded = [base64.b64encode(b"?" * shift + word) for shift in range(3)]
    # The first and last characters also depend on the neighbours.
    return (word, *(text[4 if at else 0 : -4] for at, text in enumerate(encoded)))
