"""What `[identify]` says, built: all of it, or every fault at once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shipper.callers import callers_of, identifier_of
from shipper.errors import ConfigError
from shipper.model import Caller
from tests.support.events import RecordingEvents
from tests.support.records import MASK, a_record
from tests.support.settings import SMALLEST, Desk
from wsgi_writer.mask import Masks


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A directory that stands for /etc/shipper, with a module, a key and a table."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    desk = Desk(tmp_path)
    desk.write("def owl(request):\n    return {'api_key': 'owl'}\n", "owl_builder.py")
    desk.write("sixteen bytes!!!", "mask.key")
    desk.write("key,label\nowl,Owl\n", "callers.csv")
    return desk


def test_all_parts_are_joined(desk: Desk) -> None:
    """The function's key is masked with the key of the file, as the table's is."""
    settings = desk.settings(
        SMALLEST
        + '[identify]\nlookup = "callers.csv"\nmask = "hmac"\n'
        + 'mask_key_file = "mask.key"\nmask_short_keys = true\n'
        + '[[identify.rules]]\nfrom = "owl_builder:owl"\n'
    )
    masks = Masks(mask="hmac", mask_key=b"sixteen bytes!!!", mask_short_keys=True)
    events = RecordingEvents()

    identifier = identifier_of(settings, events=events)
    caller = identifier.caller_of(a_record(envelope={"caller": {"id": MASK}}))

    assert caller == Caller(MASK)
    assert identifier.caller_of(a_record()) == Caller(masks.key("owl"), "Owl")
    assert events.names() == ["lookup_loaded", "mask_mismatch"]


def test_every_part_that_cannot_be_used_is_told(desk: Desk) -> None:
    """Commands that read the file alone meet the faults here, without their lines."""
    path = desk.write(
        SMALLEST
        + '[identify]\nlookup = "none.csv"\nmask = "hmac"\n'
        + 'mask_key_file = "none.key"\n'
        + '[[identify.rules]]\nfrom = "owl_builder:nobody"\n'
    )
    settings = desk.load(path, checks="file")

    with pytest.raises(ConfigError) as caught:
        identifier_of(settings)

    assert [(fault.where, fault.key) for fault in caught.value.faults] == [
        (str(path), "identify.mask_key_file"),
        (str(path), "identify.lookup"),
        (str(path), "identify.rules.from"),
    ]


def test_no_module_is_imported_that_no_rule_names(desk: Desk) -> None:
    """Building has no effect beyond what the configuration asks for."""
    before = list(sys.path)

    identifier_of(desk.settings(SMALLEST + '[identify]\nunidentified = "drop"\n'))

    assert sys.path == before


def test_a_source_has_its_own_rule_before_the_others(desk: Desk) -> None:
    """Sources without one share the general rules; functions may stand there too."""
    foreign = '[[source]]\npaths = ["/a.log"]\nformat = "combined"\n'
    settings = desk.settings(
        SMALLEST
        + foreign
        + 'identity = "client-ip"\n'
        + foreign.replace("/a.log", "/b.log")
        + 'identity = "owl_builder:owl"\n'
        + '[[identify.rules]]\nfrom = "bearer"\n'
    )

    callers = callers_of(settings)

    assert callers.general.rules == ("bearer",)
    assert callers.by_source[0] is callers.general
    assert [one.rules for one in callers.by_source[1:]] == [
        ("client-ip", "bearer"),
        ("owl_builder:owl", "bearer"),
    ]
    assert callers.by_source[2].identify(a_record()).rule == "owl_builder:owl"
