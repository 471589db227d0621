"""Lives and deaths of an exporter, written down call by call, with its bundles.

State and bundles are on one disk, which is taken away when the story is over. What a
power failure would have left of it goes into its place: a state has the paths of its
bundles.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from shipper.airgap.checking import open_bundle
from shipper.airgap.export import export
from shipper.airgap.layout import SUMS
from shipper.airgap.sealing import seal_earlier, workshop_of
from shipper.clock import SystemClock
from shipper.config import load
from shipper.store import open_store
from tests.support.accounts import Accounts
from tests.support.bundles import ids_in
from tests.support.commands import Shop, environment
from tests.support.doomed import Doom, Nursery
from tests.support.events import RecordingEvents
from tests.support.outage import (
    DIED,
    STATE,
    Line,
    Story,
    keep_state_on_disk,
    lines_behind,
    logs_of,
    told,
)
from tests.support.straced import Rename, tracing

_NAMES = ("first", "second", "third")
_NOWHERE = "http://127.0.0.1:9/v1/request"  # the discard port: nobody answers
_BUNDLES = "media/bundles"


@dataclass
class Export(Story):
    """What exports did, moment by moment.

    Attributes:
        bundles: The records of every bundle, by its directory until it is sealed.
    """

    bundles: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def sealed_by(self, cut: int) -> frozenset[str]:
        """Return the records that may have been carried away before a moment."""
        sealed = [
            self.bundles[os.path.dirname(moment.deed.new_path)]
            for moment in self.moments[:cut]
            if isinstance(moment.deed, Rename)
            and os.path.basename(moment.deed.new_path) == SUMS
        ]
        return frozenset().union(*sealed)

    def export_the_rest(self) -> list[str]:
        """Give every command again; return what is in sealed bundles then."""
        bundles = self.root / _BUNDLES
        bundles.mkdir(parents=True, exist_ok=True)
        settings = load(str(self.shop.config), environment(), checks="file")
        for path in (bundles / name for name in (*_NAMES, "last")):
            if not path.exists():
                outcome = export(
                    settings,
                    str(path),
                    label="after the failure",
                    hmac_key=None,
                    max_duration_seconds=None,
                    events=RecordingEvents(),
                    clock=SystemClock(),
                )
                assert outcome.exit_code == 0
        return [name for path in _sealed_in(bundles) for name in ids_in(path)]


def _sealed_in(bundles: Path) -> list[Path]:
    """Return the sealed bundles in a directory, and fail if one has another name."""
    sealed = [path for path in bundles.iterdir() if (path / SUMS).exists()]
    assert {path.name for path in sealed} <= {*_NAMES, "last"}
    return sealed


def a_story_of_an_export(directory: Path) -> Export:
    """Let exports run over a log, five of them to a sudden end.

    Args:
        directory: A real path, without links.
    """
    shop, root, record = Shop(directory), directory / "disk", directory / "calls"
    root.mkdir()
    shop.configure(_NOWHERE)
    keep_state_on_disk(shop)
    accounts, events = Accounts(shop), directory / "events.log"
    first, second, third = (str(root / _BUNDLES / name) for name in _NAMES)
    # An operator has just made their directory, and forced nothing to the disk.
    mkdir = ["sh", "-c", 'mkdir "${0%/*}" "$0" && exec "$@"', str(root / _BUNDLES)]
    with Nursery([*tracing(record), *mkdir]) as nursery:
        doom = Doom(nursery, shop.config, events)
        accounts.write(8)
        accounts.write_unreadable()
        codes = [doom.live("before a part is closed", out=first)]
        codes.append(doom.live("after the commit", out=first))
        accounts.write(4)
        codes.append(doom.live("after the name", out=first))
        codes.append(doom.live(out=first))
        codes.append(doom.live("before its COMMIT", out=second))
        codes.append(doom.live("after the name", out=second))
        os.rename(shop.log, f"{shop.log}.20261123T120000000000Z")
        accounts.write_unreadable()
        # It seals the second bundle, and finds no record for one of its own.
        codes.append(doom.live(out=third))
        accounts.write(6)
        codes.append(doom.live(out=third))
    assert codes == [DIED, DIED, DIED, 0, DIED, DIED, 0, 0], events.read_text()
    bundles = {
        workshop_of(str(path), open_bundle(str(path)).manifest.id): frozenset(
            ids_in(path)
        )
        for path in _sealed_in(root / _BUNDLES)
    }
    shutil.rmtree(root)
    ids, settled = frozenset(accounts.sent), partial(_settled_in_bundles, logs_of(shop))
    return Export(shop, root, told(record, root), ids, settled, bundles=bundles)


def _settled_in_bundles(
    logs: Mapping[int, Sequence[Line]], disk: Path
) -> frozenset[str]:
    """Return what a state has exported, once each, in bundles that it can seal."""
    with closing(open_store(str(disk / STATE))) as store:
        # As every export begins.
        seal_earlier(store, "", RecordingEvents())
        bundles = [Path(bundle.path) for bundle in store.unacknowledged()]
        behind = lines_behind(store, logs)
        letters = len(list(store.dead_letters()))
        exported = store.sums().lines.exported
    ids = [line.id for line in behind if line.id is not None]
    assert (exported, letters) == (len(ids), len(behind) - len(ids))
    assert sorted(name for bundle in bundles for name in ids_in(bundle)) == sorted(ids)
    return frozenset(ids)
