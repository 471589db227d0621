"""The tables, as a list of migrations; ``PRAGMA user_version`` counts those done.

A migration is never edited once released: a new one is added at the end.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    -- One row a file; the position is committed, never guessed.
    CREATE TABLE files (
        file_id TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        dev INTEGER NOT NULL,
        ino INTEGER NOT NULL,
        head_length INTEGER NOT NULL,
        head_digest BLOB NOT NULL,
        start_bytes INTEGER NOT NULL,
        offset_bytes INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        mark_length INTEGER NOT NULL,
        mark_digest BLOB NOT NULL,
        size_bytes INTEGER,
        mtime_ns INTEGER NOT NULL,
        state TEXT NOT NULL,
        packing TEXT NOT NULL,
        first_seen TEXT NOT NULL,
        last_seen TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX files_by_head ON files (head_digest);
    CREATE INDEX files_by_state ON files (state, last_seen);

    -- What the lines of each stretch became; stretches of a file are contiguous.
    CREATE TABLE ranges (
        file_id TEXT NOT NULL,
        start_bytes INTEGER NOT NULL,
        end_bytes INTEGER NOT NULL,
        crc_before INTEGER NOT NULL,
        crc_after INTEGER NOT NULL,
        delivered INTEGER NOT NULL,
        skipped INTEGER NOT NULL,
        dead INTEGER NOT NULL,
        blank INTEGER NOT NULL,
        PRIMARY KEY (file_id, start_bytes)
    ) WITHOUT ROWID;

    CREATE TABLE dead_letters (
        file_id TEXT NOT NULL,
        start_bytes INTEGER NOT NULL,
        end_bytes INTEGER NOT NULL,
        id TEXT,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        payload BLOB,
        sha256 TEXT NOT NULL,
        length_bytes INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'kept',
        PRIMARY KEY (file_id, start_bytes)
    );
    CREATE INDEX dead_letters_by_age ON dead_letters (created_at);
    CREATE INDEX dead_letters_by_id ON dead_letters (id);

    CREATE TABLE counters (
        name TEXT PRIMARY KEY,
        amount INTEGER NOT NULL
    ) WITHOUT ROWID;

    -- Commands for the daemon, which alone may write.
    CREATE TABLE requests (
        number INTEGER PRIMARY KEY,
        verb TEXT NOT NULL,
        argument TEXT NOT NULL,
        asked_at TEXT NOT NULL,
        answered_at TEXT,
        answer TEXT
    );
    """,
    """
    -- How far each writer has counted, and which of its numbers were not seen.
    CREATE TABLE writers (
        pid INTEGER NOT NULL,
        opened_ns INTEGER NOT NULL,
        high INTEGER NOT NULL,
        file_id TEXT NOT NULL,
        summed INTEGER NOT NULL,
        seen_at TEXT NOT NULL,
        PRIMARY KEY (pid, opened_ns)
    ) WITHOUT ROWID;
    CREATE TABLE gaps (
        pid INTEGER NOT NULL,
        opened_ns INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        is_settled INTEGER NOT NULL,
        PRIMARY KEY (pid, opened_ns, first)
    ) WITHOUT ROWID;
    CREATE INDEX gaps_waiting ON gaps (pid, opened_ns) WHERE NOT is_settled;
    -- Of writers opened until then, the beginning may have been read before; what a
    -- state of an earlier version has read is not known by its numbers.
    CREATE TABLE horizon (opened_ns INTEGER NOT NULL);
    INSERT INTO horizon SELECT CASE WHEN EXISTS (SELECT 1 FROM ranges)
        THEN CAST(strftime('%s', 'now') AS INTEGER) * 1000000000 ELSE 0 END;
    """,
    """
    -- A letter has a number that a person can type, given out once and never again.
    ALTER TABLE dead_letters RENAME TO letters_before;
    DROP INDEX dead_letters_by_age;
    DROP INDEX dead_letters_by_id;
    CREATE TABLE dead_letters (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        file_id TEXT NOT NULL,
        start_bytes INTEGER NOT NULL,
        end_bytes INTEGER NOT NULL,
        id TEXT,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        length_bytes INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        tried_at TEXT,
        retries INTEGER NOT NULL DEFAULT 0,
        size_bytes INTEGER NOT NULL,
        excerpt BLOB,
        payload BLOB,
        UNIQUE (file_id, start_bytes)
    );
    INSERT INTO dead_letters (file_id, start_bytes, end_bytes, id, reason, detail,
        sha256, length_bytes, created_at, size_bytes, payload)
    SELECT file_id, start_bytes, end_bytes, id, reason, detail, sha256, length_bytes,
        created_at, 256 + length(detail) + coalesce(length(payload), 0), payload
    FROM letters_before ORDER BY created_at, file_id, start_bytes;
    DROP TABLE letters_before;
    CREATE INDEX dead_letters_by_age ON dead_letters (created_at);
    CREATE INDEX dead_letters_by_size ON dead_letters (size_bytes);

    -- How many of `dead` are no longer kept: evicted, or purged by hand.
    ALTER TABLE ranges ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
    """,
    """
    -- Files that were read as history: under which label, and which part of them.
    CREATE TABLE backfills (
        file_id TEXT PRIMARY KEY,
        label TEXT NOT NULL,
        choices TEXT NOT NULL,
        begun_at TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    -- Lines that left in a bundle, until its receipt says what became of them. A
    -- stretch belongs to one bundle, or to none.
    ALTER TABLE ranges ADD COLUMN exported INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE ranges ADD COLUMN bundle TEXT;
    CREATE INDEX ranges_by_bundle ON ranges (bundle) WHERE bundle IS NOT NULL;
    -- One row a bundle; `sums` and `hmac` are what is left to be written while
    -- `sealed_at` is not set.
    CREATE TABLE bundles (
        id TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        records INTEGER NOT NULL,
        manifest_sha256 TEXT NOT NULL,
        sums TEXT NOT NULL,
        hmac TEXT NOT NULL,
        exported_at TEXT NOT NULL,
        sealed_at TEXT,
        acknowledged_at TEXT,
        delivered INTEGER,
        dead INTEGER
    ) WITHOUT ROWID;
    """,
    """
    -- Where a file was cut while lines read beyond that were under way: reading goes
    -- on there, whatever is committed by then.
    ALTER TABLE files ADD COLUMN cut_bytes INTEGER;
    ALTER TABLE files ADD COLUMN cut_mark_length INTEGER;
    ALTER TABLE files ADD COLUMN cut_mark_digest BLOB;
    """,
    """
    -- How many lines were read without a newline, which may have come since.
    ALTER TABLE ranges ADD COLUMN torn INTEGER NOT NULL DEFAULT 0;
    """,
)
VERSION = len(MIGRATIONS)
