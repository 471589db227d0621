"""Who made each request, from the log to what the receiver gets."""

from __future__ import annotations

import gzip
import json
import os
import signal
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import Shop, line_with, running, stop
from tests.support.exchanges import an_exchange, encoded
from wsgi_writer.mask import Masks, mask_key

pytestmark = pytest.mark.e2e

KEY_1, KEY_2 = "owl-key-number-one", "owl-key-number-two"
FUNCTIONS = """\
import time

def by_team(request):
    team = request.query.get("team")
    if team is None:
        return None
    return {"api_key": team, "label": f"Team {team}", "email": f"{team}@example.com"}

def hangs(request):
    time.sleep(60)

def fails(request):
    raise KeyError("a-secret-of-" + request.client)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A directory with a module of functions beside the configuration."""
    (tmp_path / "owl_callers.py").write_text(FUNCTIONS)
    return Shop(tmp_path)


def record(shop: Shop, masks: Masks | None = None, **exchange: Any) -> None:
    """Append one exchange to the log."""
    with shop.log.open("ab") as file:
        file.write(encoded(an_exchange(**exchange), masks))


def rules(*texts: str) -> str:
    """Return the tables of rules."""
    return "".join(f'[[identify.rules]]\nfrom = "{text}"\n' for text in texts)


def with_key(key: str) -> list[tuple[str, str]]:
    """Return the headers of a request that carries a key."""
    return [("Host", "api.example.com"), ("X-Api-Key", key)]


def groups(shop: Shop) -> Sequence[dict[str, str]]:
    """Return whom the receiver was told of, in order."""
    return [json.loads(payload)["group"] for payload in shop.payloads()]


def test_a_table_names_the_callers_by_raw_and_by_masked_keys(shop: Shop) -> None:
    """What the writer masked is found under its raw key, and under its mask."""
    table = (
        f"key,label,email\n{KEY_1},Owl One,one@example.com\n{mask_key(KEY_2)},Two,\n"
    )
    (shop.directory / "callers.csv").write_text(table)
    record(shop, request_headers=with_key(KEY_1))
    record(shop, request_headers=with_key(KEY_2))
    record(shop, request_headers=with_key("somebody-else-s-key"))
    with shop.receiving():
        shop.configure_more(
            '[identify]\nlookup = "callers.csv"\n' + rules("header:X-Api-Key")
        )
        done = shop.shipper("run", "--once")

    assert done.returncode == 0, done.stderr
    assert [
        {"id": mask_key(KEY_1), "label": "Owl One", "email": "one@example.com"},
        {"id": mask_key(KEY_2), "label": "Two"},
        {"id": mask_key("somebody-else-s-key")},
    ] == [{name: text for name, text in each.items() if text} for each in groups(shop)]


def test_a_running_shipper_takes_a_new_table(shop: Shop) -> None:
    """A bad one in between is told and changes nothing; no restart is needed."""
    path = shop.directory / "callers.csv"

    def name(text: str) -> None:
        new = path.with_suffix(".new")
        new.write_text(text)
        new.rename(path)

    def label_of_next() -> str:
        before = len(shop.payloads())
        record(shop, id=str(uuid.uuid4()), request_headers=with_key(KEY_1))
        deadline = time.monotonic() + 20
        while len(shop.payloads()) == before:
            assert time.monotonic() < deadline
            os.sched_yield()
        return groups(shop)[-1]["label"]

    name(f"key,label\n{KEY_1},First\n")
    with shop.receiving():
        shop.configure_more(
            '[batch]\nflush_interval = 0\n[identify]\nlookup = "callers.csv"\n'
            + rules("header:X-Api-Key")
        )
        with running("run", "--config", str(shop.config)) as process:
            line_with(process, "lookup_loaded")
            labels = [label_of_next()]
            name("nonsense\n")
            looked_at = time.monotonic() + 0.2  # four times the interval of looks
            while time.monotonic() < looked_at:
                labels.append(label_of_next())
            labels.append(label_of_next())
            name(f"key,label\n{KEY_1},Second\n")
            while labels[-1] != "Second":
                labels.append(label_of_next())
            _, _, err = stop(process, signal.SIGTERM)

    assert set(labels) == {"First", "Second"}
    assert (err.count("lookup_failed"), err.count("lookup_loaded")) == (1, 1)


def test_a_function_names_the_callers(shop: Shop) -> None:
    """A module beside the configuration does what the vendor's function did."""
    record(shop, target="/owls?team=barn-owls")
    record(shop)
    with shop.receiving():
        shop.configure_more(rules("owl_callers:by_team", "client-ip"))
        done = shop.shipper("run", "--once")

    assert done.returncode == 0, done.stderr
    first, second = groups(shop)
    assert first == {
        "id": mask_key("barn-owls"),
        "label": "Team barn-owls",
        "email": "barn-owls@example.com",
    }
    assert second["id"] == mask_key("203.0.113.9")


def test_a_hung_function_stops_nothing(shop: Shop) -> None:
    """It costs its time-outs, then nothing; every record is sent, by the next rule."""
    shop.record(30)
    with shop.receiving():
        shop.configure_more(
            "[identify]\nfunction_timeout = 0.2\n"
            + rules("owl_callers:hangs", "client-ip")
        )
        started = time.monotonic()
        done = shop.shipper("run", "--once")
        seconds = time.monotonic() - started

    assert done.returncode == 0, done.stderr
    assert seconds < 20  # the function would take half an hour
    assert {each["id"] for each in groups(shop)} == {mask_key("203.0.113.9")}
    assert len(groups(shop)) == 30
    assert done.stderr.count("identify_switched_off") == 1


def test_a_failing_function_says_so_without_a_value(shop: Shop) -> None:
    """The event names kind and line of the error, never its message."""
    shop.record(25)
    with shop.receiving():
        shop.configure_more(rules("owl_callers:fails"))
        done = shop.shipper("run", "--once")

    assert done.returncode == 0, done.stderr
    assert {each["id"] for each in groups(shop)} == {"anonymous"}
    assert done.stderr.count("identify_failed") == 2  # the 1st and the 10th
    assert "KeyError at owl_callers line 13" in done.stderr
    assert "a-secret-of" not in done.stderr


def test_what_cannot_be_used_is_a_fault_before_anything_is_sent(shop: Shop) -> None:
    """Table, key and functions are looked at before the first record is."""
    shop.record(1)
    with shop.receiving():
        shop.configure_more(
            '[identify]\nlookup = "none.csv"\n'
            'mask = "hmac"\nmask_key_file = "none.key"\n'
            + rules("owl_callers:nothing", "no_such_module:f")
        )
        done = shop.shipper("run", "--once")

    assert done.returncode == 78
    assert shop.payloads() == []
    for words in (
        ":8: identify.lookup: ",
        ":10: identify.mask_key_file: ",
        ":12: identify.rules[0].from: the module owl_callers has no nothing",
        ":14: identify.rules[1].from: there is no module no_such_module",
    ):
        assert words in done.stderr


def test_the_keyed_mask_is_one_on_both_sides(shop: Shop) -> None:
    """The same key under one file has one id, masked by the writer or here."""
    key_file = shop.directory / "mask.key"
    key_file.write_bytes(b"an owl's own key, 24 byt\n")
    masks = Masks(mask="hmac", mask_key=b"an owl's own key, 24 byt")
    record(shop, masks, request_headers=with_key(KEY_1))
    record(shop, masks, request_headers=[("X-Customer", KEY_1)])
    with shop.receiving():
        shop.configure_more(
            '[identify]\nmask = "hmac"\nmask_key_file = "mask.key"\n'
            + rules("header:X-Api-Key", "header:X-Customer")
        )
        done = shop.shipper("run", "--once")

    assert done.returncode == 0, done.stderr
    assert [masks.key(KEY_1)] * 2 == [each["id"] for each in groups(shop)]
    assert "mask_mismatch" not in done.stderr


def test_two_ways_to_mask_are_told_once(shop: Shop) -> None:
    """A log with keyed masks and a shipper without the key is a mistake."""
    masks = Masks(mask="hmac", mask_key=b"an owl's own key, 24 byt")
    for _ in range(3):
        record(shop, masks, request_headers=with_key(KEY_1))
    with shop.receiving():
        shop.configure_more(rules("header:X-Api-Key"))
        done = shop.shipper("run", "--once")

    assert done.returncode == 0, done.stderr
    assert done.stderr.count("mask_mismatch") == 1
    assert masks.key(KEY_1) == groups(shop)[0]["id"]


def test_identify_shows_who_is_known_and_who_is_not(shop: Shop) -> None:
    """Summed, without a key, a network or a state; no raw key is shown."""
    record(shop, request_headers=with_key(KEY_1))
    record(shop, target=f"/owls/7?team={KEY_2}")
    record(shop, target="/eggs/12")
    shop.configure("https://nowhere.invalid/")
    shop.configure_more(rules("header:X-Api-Key", "query:team"))

    summed = shop.shipper("identify", str(shop.log), environ={"README_API_KEY": ""})
    each = shop.shipper("identify", "--explain", str(shop.log))

    assert summed.returncode == 0, summed.stderr
    assert "           1           1  header:X-Api-Key" in summed.stdout
    assert "           1  api.example.com/eggs/{…}" in summed.stdout
    assert f"header:X-Api-Key: {mask_key(KEY_1)}" in each.stdout
    assert KEY_1 not in summed.stdout + each.stdout
    assert KEY_2 not in summed.stdout + each.stdout
    assert not (shop.directory / "state").exists()


def test_identify_explains_what_waits_to_programs(shop: Shop) -> None:
    """Without a file it looks at what a shipper would read next."""
    (shop.directory / "callers.csv").write_text(
        f"key,label,email\n{KEY_1},Owl One,one@example.com\n"
    )
    shop.record(2)
    with shop.receiving():
        shop.shipper("run", "--once")
        shop.configure_more(
            '[identify]\nunidentified = "drop"\nlookup = "callers.csv"\n'
            + rules("header:X-Api-Key")
        )
        record(shop, request_headers=with_key(KEY_1))
        record(shop)
        done = shop.shipper("identify", "--json", "--records")

    result = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (result["records"], result["unidentified"]) == (2, 1)
    first, second = result["explained"]
    assert first["caller"]["label"] == "Owl One"
    assert second["caller"] is None
    assert second["missed"] == [{"rule": "header:X-Api-Key", "why": "not there"}]


def test_identify_sums_up_a_long_list_of_places(shop: Shop) -> None:
    """The most frequent are shown, and how many records the others have."""
    for number in range(23):
        record(shop, target=f"/{chr(97 + number)}")
    record(shop, target="/z")
    record(shop, target="/z")
    shop.configure("https://nowhere.invalid/")

    done = shop.shipper("identify", str(shop.log))

    assert done.returncode == 0, done.stderr
    assert "           2  api.example.com/z\n" in done.stdout
    assert "           4  at 4 other places\n" in done.stdout


def test_identify_has_the_faults_of_the_configuration(shop: Shop) -> None:
    """What cannot be used is told as everywhere else."""
    record(shop)
    shop.configure("https://nowhere.invalid/")
    shop.configure_more('[identify]\nlookup = "none.csv"\n')

    done = shop.shipper("identify", str(shop.log))

    assert done.returncode == 78
    assert "identify.lookup: " in done.stderr


def test_identify_tells_of_two_ways_to_mask(shop: Shop) -> None:
    """The mistake is seen before anything is sent."""
    masks = Masks(mask="hmac", mask_key=b"an owl's own key, 24 byt")
    record(shop, masks, request_headers=with_key(KEY_1))
    shop.configure("https://nowhere.invalid/")
    shop.configure_more(rules("header:X-Api-Key"))

    done = shop.shipper("identify", str(shop.log))

    assert "1 record with hmac masks, [identify] mask is sha512" in done.stdout


def test_identify_reads_an_archive_as_far_as_it_goes(shop: Shop) -> None:
    """What could be read is told, then what is wrong, and the code is 65."""
    record(shop, request_headers=with_key(KEY_1))
    packed = shop.directory / "old.jsonl.gz"
    packed.write_bytes(gzip.compress(shop.log.read_bytes())[:-9])
    shop.configure("https://nowhere.invalid/")
    shop.configure_more('[identify]\nunidentified = "drop"\n' + rules("client-ip"))

    done = shop.shipper("identify", "--explain", str(packed))

    assert done.returncode == 65
    assert "old.jsonl.gz" in done.stderr
    assert "no rule matched: left out" in done.stdout
    assert "rule" in done.stdout


def test_validate_warns_of_an_open_key(shop: Shop) -> None:
    """It still holds, but everybody on the machine could read it."""
    key_file = shop.directory / "mask.key"
    key_file.write_bytes(b"sixteen bytes!!!")
    project_key_file = shop.directory / "project.key"
    project_key_file.write_text("rdme_0123456789")
    for file in (key_file, project_key_file):
        file.chmod(0o644)
    shop.configure("https://nowhere.invalid/")
    shop.configure_more(
        '[identify]\nmask = "hmac"\nmask_key_file = "mask.key"\n' + rules("client-ip")
    )

    environ = {"SHIPPER_README__API_KEY_FILE": str(project_key_file)}
    done = shop.shipper("validate", environ=environ)
    result = json.loads(shop.shipper("validate", "--json").stdout)

    assert done.returncode == 0, done.stderr
    assert f"{key_file} is open to every user" in done.stderr
    assert f"{project_key_file} is open to every user" in done.stderr
    assert len(result["warnings"]) == 1
    assert (
        "ok: callers: the record's own, then client-ip, then anonymous" in done.stdout
    )
