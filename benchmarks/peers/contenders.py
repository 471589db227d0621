"""Who is measured: our shipper with several settings, and others beside it.

Each contender writes the configuration it needs into a directory and says with which
command it starts. All follow the log for ever, but for the bare loops, which end with
it. The peers are given batches of 200 lines, as large as ours.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ABSENT_NAMES = (
    "ssn", "card_no", "cvc", "pin_code", "iban", "credit_limit", "date_of_birth",
    "passport_no", "mother_maiden", "tax_id", "secret_word", "private_note",
)  # fmt: skip
# In every request's headers, every query, and each JSON body; see `data`.
PRESENT_NAMES = ("x-tenant", "cursor", "email")
BATCH_LINES = 200


@dataclass(frozen=True, slots=True)
class Start:
    """How a contender is started: its command, and what its environment needs."""

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where one run works: its directory, with `logs/app.log`, and the sink's port."""

    directory: Path
    port: int

    @property
    def log(self) -> Path:
        return self.directory / "logs" / "app.log"


@dataclass(frozen=True, slots=True)
class Contender:
    """One row of the table."""

    name: str
    does: str
    prepare: Callable[[Place], Start]
    ends_by_itself: bool = False


def ours(
    *,
    denylist: Sequence[str] = (),
    batch: Mapping[str, object] | None = None,
    top: Mapping[str, object] | None = None,
    paths: str = "app.log",
    once: bool = False,
) -> Callable[[Place], Start]:
    """Return how to start our shipper with these settings."""

    def prepare(place: Place) -> Start:
        state, config = place.directory / "state", place.directory / "shipper.toml"
        tables = {
            "readme": {"endpoint": f"http://127.0.0.1:{place.port}/v1/request"},
            "batch": batch or {},
            "filter": {"denylist": list(denylist)},
        }
        lines = [_toml("state_dir", str(state))]
        lines += [_toml(key, value) for key, value in (top or {}).items()]
        lines += ["[[source]]", _toml("paths", [str(place.log.parent / paths)])]
        for table, keys in tables.items():
            lines.append(f"[{table}]")
            lines += [_toml(key, value) for key, value in keys.items()]
        config.write_text("\n".join(lines) + "\n")
        command = [sys.executable, "-m", "shipper", "run", "--quiet"]
        command += ["--config", str(config)]
        return Start(
            [*command, "--once"] if once else command,
            {"README_API_KEY": "rdme_measured", "PYTHONPATH": str(ROOT)},
        )

    return prepare


def _toml(key: str, value: object) -> str:
    return f"{key} = {json.dumps(value)}"


def syslog_ng(
    *, is_json: bool, batch_lines: int = BATCH_LINES
) -> Callable[[Place], Start]:
    """Return how to start syslog-ng: lines as they are, or decoded and encoded."""
    decode = """
parser decoded { json-parser(prefix(".e.")); };
rewrite shorter { unset(value(".e.client")); };
"""
    body = '"$(format-json .e.* --shift-levels 2)"' if is_json else '"$MSG"'
    way = "parser(decoded); rewrite(shorter);" if is_json else ""

    def prepare(place: Place) -> Start:
        state, config = place.directory / "state", place.directory / "syslog-ng.conf"
        state.mkdir(exist_ok=True)
        config.write_text(f"""@version: 3.35
options {{ log-msg-size(4194304); stats-freq(0); use-dns(no); keep-hostname(yes); }};
source lines {{ wildcard-file(
    base-dir("{place.log.parent}") filename-pattern("*.log") recursive(no)
    max-files(2000) monitor-method("inotify") follow-freq(0.1) flags(no-parse)
    log-fetch-limit(1000) log-iw-size(2000000)); }};
{decode if is_json else ""}
destination sink {{ http(
    url("http://127.0.0.1:{place.port}/v1/request") method("POST")
    user("rdme_measured") password("") headers("Content-Type: application/json")
    batch-lines({batch_lines}) batch-bytes(16777216) batch-timeout(100)
    body-prefix("[") delimiter(",") body-suffix("]") body({body})
    workers(1) timeout(30) log-fifo-size(20000)); }};
log {{ source(lines); {way} destination(sink); flags(flow-control); }};
""")
        program = shutil.which("syslog-ng") or "/usr/sbin/syslog-ng"
        files = {"persist-file": "persist", "pidfile": "pid", "control": "control"}
        options = [f"--{name}={state / file}" for name, file in files.items()]
        return Start([program, "-F", "--no-caps", f"--cfgfile={config}", *options])

    return prepare


def rsyslog(unpacked: Path) -> Callable[[Place], Start]:
    """Return how to start the rsyslog that lies unpacked there, with JSON decoded.

    Debian builds it without omhttp; omelasticsearch is the output it has that sends
    batches over HTTP.
    """
    libraries = next(unpacked.glob("usr/lib/*-linux-gnu"), unpacked)

    def prepare(place: Place) -> Start:
        state, config = place.directory / "state", place.directory / "rsyslog.conf"
        state.mkdir(exist_ok=True)
        config.write_text(f"""global(workDirectory="{state}" maxMessageSize="4m")
module(load="imfile" mode="inotify")
module(load="mmjsonparse")
module(load="omelasticsearch")
template(name="encoded" type="list") {{ property(name="$!all-json-plain") }}
input(type="imfile" file="{place.log.parent}/*.log" tag="log" ruleset="ship")
ruleset(name="ship" queue.type="LinkedList" queue.size="10000"
    queue.dequeueBatchSize="{BATCH_LINES}" queue.workerThreads="1"
    queue.timeoutEnqueue="100000") {{
  action(type="mmjsonparse" cookie="")
  unset $!client;
  action(type="omelasticsearch" server="127.0.0.1" serverport="{place.port}"
      template="encoded" searchIndex="log" bulkmode="on" maxbytes="16m"
      action.resumeRetryCount="-1")
}}
""")
        command = [str(unpacked / "usr/sbin/rsyslogd"), "-n", "-f", str(config)]
        command += ["-i", str(state / "pid"), "-M", f"{libraries / 'rsyslog'}/"]
        return Start(command, {"LD_LIBRARY_PATH": str(libraries)})

    return prepare


def loop(way: str) -> Callable[[Place], Start]:
    """Return how to start a bare loop of `loops`."""

    def prepare(place: Place) -> Start:
        program = str(Path(__file__).with_name("loops.py"))
        url = f"http://127.0.0.1:{place.port}/v1/request"
        command = [sys.executable, program, way, str(place.log), url]
        return Start(command, {"PYTHONPATH": str(ROOT)})

    return prepare


def all_contenders(rsyslog_directory: Path | None) -> list[Contender]:
    """Return the rows of the table, as far as this machine has what they need."""
    wide = {"max_records": BATCH_LINES}
    many = f"batches of {BATCH_LINES}"
    absent = ours(denylist=ABSENT_NAMES, batch=wide)
    present = ours(denylist=PRESENT_NAMES, batch=wide)
    usual = ours(denylist=ABSENT_NAMES)
    rows = [
        Contender("ours, 12 absent names", f"a denylist, {many}", absent),
        Contender("ours, default batches", "the same, batches of 100", usual),
        Contender("ours, all redacted", f"values to hide, {many}", present),
        Contender("raw loop", "posts the bytes: the floor", loop("raw"), True),
        Contender("lean loop", "decodes, searches, splices", loop("lean"), True),
        Contender("decode loop", "json and requests", loop("decode"), True),
    ]
    if shutil.which("syslog-ng") or os.path.exists("/usr/sbin/syslog-ng"):
        raw, encoded = syslog_ng(is_json=False), syslog_ng(is_json=True)
        rows.append(Contender("syslog-ng, raw", "lines as they are", raw))
        rows.append(Contender("syslog-ng, JSON", "decode, unset, encode", encoded))
    if rsyslog_directory is not None:
        way = rsyslog(rsyslog_directory)
        rows.append(Contender("rsyslog, JSON", "decode, unset, encode", way))
    return rows
