"""`shipper run` over a log that another program writes, from line to receiver."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
from pathlib import Path

import pytest

from shipper.adopt import record_id
from shipper.fileid import head_of
from shipper.receiver.faults import Faults
from tests.support.access_logs import BASE, AccessShop, combined, ids_of
from tests.support.commands import line_with, running, stop
from tests.support.foreign_logs import sample

pytestmark = pytest.mark.e2e

CRI = b"2026-11-23T12:00:00.000000000Z "
W3C = b"#Fields: date time cs-method cs-uri-stem sc-status c-ip cs-host\n"
UNREADABLE = 8_898  # its index; the line ends inside a quoted field


@pytest.fixture
def shop(tmp_path: Path) -> AccessShop:
    """A directory without anything in it, for a combined log."""
    return AccessShop(tmp_path)


def once(shop: AccessShop) -> None:
    """Send what is there."""
    done = shop.shipper("run", "--once")
    assert done.returncode == 0, done.stderr


def test_a_real_log_is_followed_while_it_is_written(shop: AccessShop) -> None:
    """10,000 lines in pieces that end anywhere; ids as the rule has them, once each."""
    lines = sample("apache-combined-elastic-10k.log.xz")
    stream = b"".join(line + b"\n" for line in lines)
    chance = random.Random(10)
    pieces, at = [], 0
    while at < len(stream):
        size = chance.randrange(1, 60_000)
        pieces.append(stream[at : at + size])
        at += size
    torn = lines[UNREADABLE]
    expected = ids_of(stream, is_read=lambda line: line != torn)
    assert len(expected) == 9_999
    with (
        shop.receiving(),
        running("run", "--config", str(shop.config)) as process,
    ):
        line_with(process, "started")
        whole = 0
        for number, piece in enumerate(pieces):
            shop.append(piece)
            whole += piece.count(b"\n")
            if number % 10 == 0:
                # Not all pieces may be there before the first one is read.
                shop.await_received(whole - 200)
        shop.await_received(len(expected))
        code, _, err = stop(process, signal.SIGTERM)

    assert code == 128 + signal.SIGTERM, err
    assert sorted(expected) == sorted(shop.received())
    assert shop.audited() == {
        "delivered": 9_999,
        "skipped": 0,
        "dead": 1,
        "blank": 0,
        "exported": 0,
    }
    (letter,) = shop.dead_letters()
    assert letter["reason"] == "half-line"


def test_a_last_line_without_its_newline_waits(shop: AccessShop) -> None:
    """It is sent when it is whole, and its id is that of the whole line."""
    stream = combined(1) + combined(2)
    with shop.receiving():
        shop.append(stream[:-20])
        once(shop)
        first = shop.received()
        shop.append(stream[-20:])
        once(shop)

    assert ids_of(stream)[:1] == first
    assert ids_of(stream) == shop.received()


def test_a_packed_and_renamed_log_has_the_same_ids(shop: AccessShop) -> None:
    """Another shipper that meets the log as an archive sends the same records."""
    stream = b"".join(map(combined, range(50)))
    with shop.receiving():
        packed = shop.log.with_name("access.log.2.gz")
        packed.write_bytes(gzip.compress(stream))
        once(shop)

    assert ids_of(stream) == shop.received()


def test_what_the_log_names_is_masked_and_identified(shop: AccessShop) -> None:
    """Keys in the query are masked as the writer masks them; the rule names callers."""
    with shop.receiving():
        shop.append(combined(1).replace(b"page=2", b"token=s3cr3t-owl"))
        once(shop)

    (payload,) = shop.payloads()
    sent = json.loads(payload)
    assert "s3cr3t" not in payload
    assert sent["clientIPAddress"] == "203.0.113.2"
    assert sent["group"]["id"] != "anonymous"
    (entry,) = sent["request"]["log"]["entries"]
    assert entry["request"]["url"].startswith("https://api.example.com/owls/1?token=")


def test_each_source_has_its_own_rule(shop: AccessShop) -> None:
    """Beside our own log, which keeps the general rules."""
    with shop.receiving():
        shop.configure_more(
            '[identify]\nunidentified = "drop"\n'
            '[[source]]\npaths = ["exchanges.jsonl"]\n'
        )
        shop.append(combined(1))
        (shop.directory / "exchanges.jsonl").write_bytes(b"what is this\n")
        once(shop)
        again = shop.shipper("identify", "--json")

    assert len(shop.received()) == 1
    assert shop.sums()["dead"] == 1
    assert again.returncode == 0


@pytest.mark.parametrize("command", ["identify", "scan"])
def test_those_who_look_see_records(shop: AccessShop, command: str) -> None:
    """What waits in a foreign log is translated for them; headers do not count."""
    with shop.receiving():
        shop.append(combined(1), b"\n", b"what is this\n")
        done = shop.shipper(command, "--json")

    seen = json.loads(done.stdout)
    assert (seen["records"], seen["unreadable"]) == (1, 1)
    if command == "identify":
        (rule,) = [rule for rule in seen["rules"] if rule["rule"] == "client-ip"]
        assert rule["records"] == 1


def test_a_preview_shows_what_would_leave(shop: AccessShop) -> None:
    """The payload that is sent later, byte for byte but for the agent's line."""
    with shop.receiving():
        shop.append(combined(1))
        shown = shop.shipper("preview")
        once(shop)

    assert shop.payloads() == shown.stdout.splitlines(), shown.stderr


def test_status_counts_the_lines_that_wait(shop: AccessShop) -> None:
    """Whatever they will become; a member `v` makes no record of our own of them."""
    shop = AccessShop(shop.directory, table='format = "nginx-json"\n' + BASE)
    with shop.receiving():
        shop.append(b'{"v": 99, "entry": {}}\n', b"{}\n")
        done = shop.shipper("status", "--json")

    (file,) = json.loads(done.stdout)["files"]
    assert (file["records"]["pending"], file["stopped"]) == (2, None)


def test_a_refused_line_is_retried_as_what_it_is(shop: AccessShop) -> None:
    """A base URL that was forgotten is added, and the lines are read again."""
    bare = AccessShop(
        shop.directory, table='format = "combined"\nidentity = "client-ip"\n'
    )
    stream = combined(1) + combined(2)
    with bare.receiving():
        bare.append(stream)
        once(bare)
    assert [letter["reason"] for letter in bare.dead_letters()] == ["no-host"] * 2
    with shop.receiving():
        done = shop.shipper("dead-letter retry", "--all", "--json")

    assert done.returncode == 0, done.stderr
    assert sorted(ids_of(stream)) == sorted(shop.received())
    assert shop.audited() == {
        "delivered": 2,
        "skipped": 0,
        "dead": 0,
        "blank": 0,
        "exported": 0,
    }


def test_what_is_kept_of_a_refused_line_is_masked(shop: AccessShop) -> None:
    """Nobody has masked it before us, whatever the reason it was refused for."""
    bare = AccessShop(
        shop.directory, table='format = "combined"\nidentity = "client-ip"\n'
    )
    line = combined(1).replace(b"page=2", b"token=s3cr3t-owl")
    with bare.receiving():
        bare.configure_more("[dead_letters]\nkeep_bytes = 4096\n")
        bare.append(line, line.replace(b"HTTP/1.1", b"RTSP/1.0"))
        once(bare)

    assert len(bare.dead_letters()) == 2
    for path in (shop.directory / "state").iterdir():
        kept = path.read_bytes()
        assert b"s3cr3t" not in kept
    done = bare.shipper("dead-letter show", "--json", "1")
    assert "/owls/1?token=[REDACTED]" in done.stdout, done.stdout + done.stderr


def test_columns_are_known_where_reading_goes_on(shop: AccessShop) -> None:
    """Those of the last header before the place, at a start as at a retry."""
    shop = AccessShop(shop.directory, table='format = "w3c"\nidentity = "client-ip"\n')
    swapped = W3C.replace(b"c-ip cs-host", b"cs-host c-ip")
    line = b"2026-11-23 12:00:0%d GET /a 200 203.0.113.9 api.example.com\n"
    other = b"2026-11-23 12:00:0%d GET /a 200 api.example.com 203.0.113.9\n"
    with shop.receiving():
        shop.append(W3C, line % 1)
        once(shop)
        shop.append(line % 2, swapped, other % 3)
        once(shop)
        shop.append(other % 4)
        once(shop)

    hosts = [
        json.loads(payload)["request"]["log"]["entries"][0]["request"]["url"]
        for payload in shop.payloads()
    ]
    assert hosts == ["http://api.example.com/a"] * 4
    assert shop.audited() == {
        "delivered": 4,
        "skipped": 2,
        "dead": 0,
        "blank": 0,
        "exported": 0,
    }


def wrapped(stream: bytes, tag: bytes, text: bytes) -> bytes:
    """Return one line of a CRI log."""
    return CRI + stream + b" " + tag + b" " + text + b"\n"


def test_a_text_in_parts_is_sent_once_it_is_whole(shop: AccessShop) -> None:
    """A shipper killed between two parts begins with the first one again."""
    one, two = combined(1).strip(), combined(2).strip()
    pieces = [
        wrapped(b"stdout", b"F", one),
        wrapped(b"stdout", b"P", two[:30]),
        wrapped(b"stderr", b"F", b"what is this"),
        wrapped(b"stdout", b"F", two[30:]),
    ]
    with shop.receiving():
        with running("run", "--config", str(shop.config)) as process:
            shop.append(*pieces[:3])
            shop.await_fact(lambda: len(shop.received()) == 1)
            shop.await_fact(lambda: shop.sums()["delivered"] == 1)
            process.kill()
        once(shop)
        assert shop.sums()["pending"] == 2
        shop.append(pieces[3])
        once(shop)

    digest = head_of(pieces[0]).digest
    expected = [
        record_id("", digest, 0, one),
        record_id("", digest, len(pieces[0]), two),
    ]
    assert expected == shop.received()
    assert shop.audited() == {
        "delivered": 2,
        "skipped": 1,
        "dead": 1,
        "blank": 0,
        "exported": 0,
    }
    (letter,) = shop.dead_letters()
    assert (letter["reason"], letter["start_bytes"]) == (
        "shape",
        sum(map(len, pieces[:2])),
    )


def test_a_refused_text_in_parts_is_retried_whole(shop: AccessShop) -> None:
    """All its parts are read again, and what stands between them left alone."""
    bare = AccessShop(
        shop.directory, table='format = "combined"\nidentity = "client-ip"\n'
    )
    text = combined(1).strip()
    stream = b"".join(
        (
            wrapped(b"stdout", b"P", text[:30]),
            wrapped(b"stderr", b"F", b"what is this"),
            wrapped(b"stdout", b"F", text[30:]),
        )
    )
    with bare.receiving():
        bare.append(stream)
        once(bare)
    assert sorted(each["reason"] for each in bare.dead_letters()) == [
        "no-host",
        "shape",
    ]
    with shop.receiving():
        done = shop.shipper("dead-letter retry", "--all", "--json")

    assert done.stdout, done.stderr
    assert [record_id("", head_of(stream).digest, 0, text)] == shop.received()
    assert [each["reason"] for each in shop.dead_letters()] == ["shape"]
    assert shop.audited() == {
        "delivered": 1,
        "skipped": 1,
        "dead": 1,
        "blank": 0,
        "exported": 0,
    }


@pytest.mark.parametrize("words", [(), ("--workers", "2")], ids=["alone", "crew"])
def test_history_of_the_same_log_has_the_same_ids(
    shop: AccessShop, tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Parts of two streams between each other, and a text that never ends."""
    texts = [combined(number).strip() for number in range(1, 5)]
    stream = b"".join(
        (
            wrapped(b"stdout", b"P", texts[0][:20]),
            wrapped(b"stderr", b"P", texts[1][:30]),
            wrapped(b"stdout", b"P", texts[0][20:40]),
            wrapped(b"stderr", b"F", texts[1][30:]),
            wrapped(b"stderr", b"F", texts[2]),
            wrapped(b"stdout", b"F", texts[0][40:]),
            wrapped(b"stderr", b"F", texts[3]),
            wrapped(b"stdout", b"P", b"what is this"),
        )
    )
    with shop.receiving():
        shop.append(stream)
        an_hour_ago = shop.log.stat().st_mtime - 3600
        os.utime(shop.log, (an_hour_ago, an_hour_ago))
        once(shop)
    other = AccessShop(tmp_path / "other")
    other.directory.mkdir()
    (other.directory / "old.log").write_bytes(stream)
    with other.receiving():
        done = other.shipper(
            "backfill",
            *("--base-url", "https://api.example.com", "--identity", "client-ip"),
            *("--rejects", str(tmp_path / "rejects"), "--max-rejects", "1", "--json"),
            *words,
            str(other.directory / "old.log"),
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(set(shop.received())) == 4
    assert sorted(shop.received()) == sorted(other.received())
    (refused,) = (tmp_path / "rejects").read_text().splitlines()
    told = json.loads(refused)
    assert (told["reason"], told["line"]) == ("unfinished", 8)
    assert shop.audited() == {
        "delivered": 4,
        "skipped": 3,
        "dead": 1,
        "blank": 0,
        "exported": 0,
    }


def test_a_text_that_nobody_ends_is_given_up(shop: AccessShop) -> None:
    """When its file has been quiet for a minute; what stands behind it goes on."""
    text = combined(1).strip()
    with shop.receiving():
        shop.append(wrapped(b"stdout", b"P", text[:30]), wrapped(b"stderr", b"F", text))
        an_hour_ago = shop.log.stat().st_mtime - 3600
        os.utime(shop.log, (an_hour_ago, an_hour_ago))
        once(shop)

    assert len(shop.received()) == 1
    assert [letter["reason"] for letter in shop.dead_letters()] == ["unfinished"]
    assert shop.audited() == {
        "delivered": 1,
        "skipped": 0,
        "dead": 1,
        "blank": 0,
        "exported": 0,
    }


def test_refused_records_of_a_foreign_log_are_sent_again(shop: AccessShop) -> None:
    """As their redacted payload, like those of our own."""
    with shop.receiving(faults=Faults(status=400)):
        shop.append(combined(1))
        once(shop)
    with shop.receiving():
        done = shop.shipper("dead-letter retry", "--all")

    assert done.returncode == 0, done.stderr
    assert ids_of(combined(1)) == shop.received()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_retry_reads_a_line_as_the_table_of_its_file_says(
    workers: int, shop: AccessShop
) -> None:
    """Another table's pattern has no say in a directory that is not its own."""
    torn = combined(7).replace(b'"', b"", 1)
    stream = combined(1) + torn + combined(2)
    with shop.receiving():
        tables = '[[source]]\npaths = ["own/*.log"]\n[[source]]\n'
        text = shop.config.read_text().replace("[[source]]\n", tables)
        shop.config.write_text(f"{text}[batch]\nworkers = {workers}\n")
        shop.append(combined(1) + torn)
        once(shop)
        (before,) = shop.dead_letters()
        done = shop.shipper("dead-letter retry", "--all")
        (after,) = shop.dead_letters()
        shop.append(combined(2))
        once(shop)

    assert done.returncode == 0, done.stderr
    assert (after["reason"], after["detail"]) == (before["reason"], before["detail"])
    assert ids_of(stream, is_read=lambda line: line + b"\n" in stream.split(torn)) == (
        shop.received()
    )
