"""Plan a backfill with the real rules, and without state, key or network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from shipper.backfill.choices import Choices
from shipper.backfill.ledger import BlankLedger, places_of
from shipper.backfill.log import Log
from shipper.backfill.outcome import LEFT_ALONE, FileOutcome
from shipper.backfill.pacing import Limits, bytes_a_request, records_a_request
from shipper.backfill.parts import history_shaper_of
from shipper.backfill.plan import FilePlan, Planner
from shipper.backfill.reader import Opened, Reader
from shipper.backfill.shaping import HistoryShaper
from shipper.callers import masks_of
from shipper.config.settings import Settings
from shipper.rejected import RejectedText


def plan_all(
    settings: Settings,
    files: Sequence[FileOutcome],
    choices: Choices,
    limits: Limits,
) -> list[FilePlan]:
    """Read every log to its end and say what would be sent of it.

    Copies of one another are told apart as in a run; what earlier runs have sent is
    not looked up, because a plan needs no state.
    """
    masks = masks_of(settings.identify)
    planner = Planner(
        max_records=records_a_request(settings, limits),
        max_bytes=bytes_a_request(settings, limits),
    )
    shaper = history_shaper_of(settings, choices)
    places = {
        id(file): place for file, place in places_of(files, BlankLedger(), choices)
    }
    plans = []
    for file in files:
        plan = FilePlan(
            file.name, file.format, file.wrapper, file.packing, file.size_bytes
        )
        plans.append(plan)
        if file.state == LEFT_ALONE:
            plan.left_alone = file.why
            continue
        opened = Opened(
            file.name,
            places[id(file)],
            open_log=partial(Log, file.path, choices),
            translator_of=lambda log, place: log.translator(masks, place),
        )
        reader = Reader([opened])
        planner.plan(
            plan,
            reader,
            HistoryShaper(
                shaper,
                reader=reader,
                text=RejectedText(masks),
                on_reject=lambda refused: None,
            ),
        )
    return plans
