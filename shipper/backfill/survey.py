"""All logs of a backfill looked at, before anything is sent.

Paths and the operator's choices come in; a `FileOutcome` of each goes out, with what it
is, or that it is left alone. Nothing is kept open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shipper.backfill.choices import Choices
from shipper.backfill.log import Log, NoExchangesError, NoLinesError
from shipper.backfill.outcome import FileOutcome


def survey(
    paths: Sequence[str], choices: Choices, names: Mapping[str, str] | None = None
) -> list[FileOutcome]:
    """Look at all logs before anything is sent.

    One without lines is left alone, and so is an error log beside others.

    Args:
        paths: Where they are.
        choices: How they are read.
        names: What is shown in place of some paths.

    Raises:
        NoInputError: One is not there; `BadInputError`: its format cannot be told;
            `NeedsMoreError`: it lacks what only the operator can say.
    """
    found = []
    strangers: list[NoExchangesError] = []
    for path in paths:
        file = FileOutcome(path, (names or {}).get(path, path))
        found.append(file)
        try:
            with Log(path, choices) as log:
                file.format = log.format.name
                file.wrapper = log.wrapper
                file.packing = log.packing
                file.size_bytes = log.size_bytes
        except NoLinesError as error:
            file.leave_alone(error.why)
        except NoExchangesError as error:
            file.leave_alone(error.why)
            strangers.append(error)
    if strangers and len(strangers) == len(found):
        raise strangers[0]
    return found
