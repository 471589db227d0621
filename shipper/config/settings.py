"""What the configuration says, as frozen values with their defaults.

`config.load` builds them from one file and the environment; `service` takes
them apart into plain keyword values, and no room below it sees them. The
defaults here are the ones that hold; `config.schema.json` repeats them for
readers, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from msgspec import Struct

from shipper.detect import KINDS
from shipper.secretive import Secretive

Watch = Literal["auto", "events", "poll"]
ReadFrom = Literal["beginning", "end"]
Wrapper = Literal["auto", "none", "docker", "cri"]
Unidentified = Literal["anonymous", "drop"]
Redaction = Literal["mark", "remove"]
Mask = Literal["sha512", "hmac"]
Detecting = Literal["off", "warn", "redact"]
MinTls = Literal["1.2", "1.3"]
OnStateError = Literal["stop", "beginning", "end"]

OWN = "own"
DEFAULT_ENDPOINT = "https://metrics.readme.io/v1/request"
DEFAULT_STATE_DIR = "/var/lib/shipper"


class SourceSettings(Struct, frozen=True):
    """One `[[source]]`: which files are followed, and how they are read.

    Attributes:
        paths: Absolute paths or globs of active files; siblings are found later.
        format: The line format; ``own`` is the record of `wsgi_writer`. What follows
            is for other ones.
        read_from: Where a file without a saved position starts.
        base_url: Scheme and host of what the log names no host for, or empty.
        identity: The rule for callers that is tried before the others, or empty.
        timezone: IANA name of the zone of stamps that name none, or empty.
        fields: Members of a JSON log by our name.
        map: Absolute path of a file that holds the same, or empty.
        wrapper: What a container engine put around the lines.
    """

    paths: tuple[str, ...]
    format: str = OWN
    read_from: ReadFrom = "beginning"
    base_url: str = ""
    identity: str = ""
    timezone: str = ""
    fields: Mapping[str, str] = {}
    map: str = ""
    wrapper: Wrapper = "auto"

    @property
    def is_foreign(self) -> bool:
        """True for the log of another program."""
        return self.format != OWN


class ReadmeSettings(Secretive, frozen=True):
    """`[readme]`: where records go, and as whom.

    Attributes:
        endpoint: The whole URL of the ingestion call.
        api_key: The project key, stripped; empty only when it was not looked for.
        api_key_origin: Where the key was found, in words for people.
        development_mode: Marks every record as development data.
        timeout: Seconds to connect; an answer may take ten times as long.
    """

    hidden: ClassVar = ("api_key",)

    endpoint: str = DEFAULT_ENDPOINT
    api_key: str = ""
    api_key_origin: str = ""
    development_mode: bool = False
    timeout: float = 3.0


class BatchSettings(Struct, frozen=True):
    """`[batch]`: when waiting records are sent, and how much at once.

    Attributes:
        buffer_length: As soon as this many records wait, they are sent.
        flush_interval: Seconds a record waits for company at most.
        max_records: Records in one request at most.
        max_bytes: Bytes of one request body, unless a single record is larger.
        max_in_flight: Requests that may be unanswered or uncommitted at a time.
        background_worker_mode: False uploads one at a time, between two reads.
        workers: Processes that ``run`` shares the files among; 1 is no other one.
    """

    buffer_length: int = 10
    flush_interval: float = 1.0
    max_records: int = 100
    max_bytes: int = 1_000_000
    max_in_flight: int = 4
    background_worker_mode: bool = True
    workers: int = 1


class FilterSettings(Struct, frozen=True):
    """`[filter]`: what is left out of records, and which records are left out.

    Attributes:
        denylist: Names whose values are hidden; overrides the allowlist.
        allowlist: Names whose values are kept, everything else being hidden.
        redaction: Whether what is hidden is marked or taken out.
        allowed_http_hosts: Host names that are shipped; empty means all.
        skip_methods: Methods that are left out.
        include_paths: Globs of the only paths that are shipped; empty means all.
        exclude_paths: Globs of paths that are left out.
        include_statuses: The only statuses that are shipped; empty means all.
        exclude_statuses: Statuses that are left out.
        include_content_types: Globs of the only types of responses that are shipped.
        exclude_content_types: Globs of types of responses that are left out.
        sample_rate: Share of the records that is sent, errors aside.
        detectors: What happens to values that look like secrets.
        detect: Kinds of secrets that are looked for.
    """

    denylist: tuple[str, ...] = ()
    allowlist: tuple[str, ...] = ()
    redaction: Redaction = "mark"
    allowed_http_hosts: tuple[str, ...] = ()
    skip_methods: tuple[str, ...] = ("OPTIONS",)
    include_paths: tuple[str, ...] = ()
    exclude_paths: tuple[str, ...] = ()
    include_statuses: tuple[str, ...] = ()
    exclude_statuses: tuple[str, ...] = ()
    include_content_types: tuple[str, ...] = ()
    exclude_content_types: tuple[str, ...] = ()
    sample_rate: float = 1.0
    detectors: Detecting = "warn"
    detect: tuple[str, ...] = KINDS


class IdentifySettings(Struct, frozen=True):
    """`[identify]`: how a record without a caller gets one.

    Attributes:
        unidentified: What happens to a record that no rule matches.
        lookup: Absolute path of a table of callers, or empty.
        function_timeout: Seconds that a user's function may take for one record.
        mask: How a value that is found in clear is masked.
        mask_key_file: Absolute path of the key of ``hmac``, or empty.
        mask_short_keys: Masks show the last four characters of short values too.
        rules: Such as ``header:X-Api-Key``, in order; the first match wins.
    """

    unidentified: Unidentified = "anonymous"
    lookup: str = ""
    function_timeout: float = 1.0
    mask: Mask = "sha512"
    mask_key_file: str = ""
    mask_short_keys: bool = False
    rules: tuple[str, ...] = ()


class NetworkSettings(Secretive, frozen=True):
    """`[network]`: how the endpoint may be reached; an empty text is not set.

    Attributes:
        proxy: URL of a proxy; wins over the environment. May hold credentials.
        no_proxy: Names, addresses and ranges reached directly.
        ca_file: PEM file of authorities trusted besides the system's.
        client_cert: PEM file of our own certificate; `client_key` of its key.
        min_tls: The oldest version of TLS that is spoken.
        source_address: The local address that connections start from.
        allow_plain_http: Permits ``http://`` beyond the loopback interface.
    """

    hidden: ClassVar = ("proxy",)

    proxy: str = ""
    no_proxy: tuple[str, ...] = ()
    ca_file: str = ""
    client_cert: str = ""
    client_key: str = ""
    min_tls: MinTls = "1.2"
    source_address: str = ""
    allow_plain_http: bool = False


class LimitSettings(Struct, frozen=True):
    """`[limits]`: how fast the shipper may send, and when; empty is no limit.

    Attributes:
        rate: Records by time, such as ``50/s``.
        bwlimit: Bytes of request bodies a second, such as ``512k``, or a timetable.
        quiet_hours: Spans such as ``22:00-06:00`` in which nothing is sent.
        timezone: IANA name of the zone of both; empty is that of the host.
        max_duration: Seconds that ``run --once`` may take.
    """

    rate: str = ""
    bwlimit: str = ""
    quiet_hours: tuple[str, ...] = ()
    timezone: str = ""
    max_duration: float = 300.0  # a cron job of five minutes must not meet the next


class EgressLogSettings(Struct, frozen=True):
    """`[egress_log]`: what is written down of every request.

    Attributes:
        file: Absolute path of the log, or empty for none.
        required: Uploads wait while it cannot be written.
    """

    file: str = ""
    required: bool = False


class HeartbeatSettings(Secretive, frozen=True):
    """`[heartbeat]`: a monitor that is called while records are delivered.

    Attributes:
        url: Called with GET, or empty. Often holds a token.
        interval: Seconds between two calls, at least.
    """

    hidden: ClassVar = ("url",)

    url: str = ""
    interval: float = 60.0


class DeadLetterSettings(Struct, frozen=True):
    """`[dead_letters]`: what is kept of records that cannot be delivered.

    Attributes:
        max_bytes: What all of them may take up; beyond it the oldest are forgotten.
        max_age_days: How long one is kept.
        keep_bytes: How much of an unreadable line is kept, as it is on disk.
    """

    max_bytes: int = 100_000_000
    max_age_days: float = 30.0
    keep_bytes: int = 0


class Settings(Struct, frozen=True):
    """Everything the shipper was told.

    Attributes:
        sources: What is followed, at least one.
        state_dir: Absolute path of the directory with lock and database.
        poll_interval: Seconds between two looks at the files.
        watch: Whether file events wake the shipper earlier.
        on_state_error: What happens when the database is unreadable.
        shutdown_timeout: Seconds that a stopping shipper waits for answers.
        origin: The file that was read, or None when the environment said it all.
    """

    sources: tuple[SourceSettings, ...]
    state_dir: str = DEFAULT_STATE_DIR
    poll_interval: float = 1.0
    watch: Watch = "auto"
    on_state_error: OnStateError = "stop"
    shutdown_timeout: float = 4.0  # the whole end, saving included, takes under 5 s
    readme: ReadmeSettings = ReadmeSettings()
    batch: BatchSettings = BatchSettings()
    filter: FilterSettings = FilterSettings()
    identify: IdentifySettings = IdentifySettings()
    network: NetworkSettings = NetworkSettings()
    limits: LimitSettings = LimitSettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    egress_log: EgressLogSettings = EgressLogSettings()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    origin: str | None = None
