"""Build what finds the callers: masks, table and functions of `[identify]`.

Settings come in, an `Identifier` for each source goes out, or one `ConfigError` with
everything that cannot be used. The part of `service` that knows `[identify]`; nothing
else imports users' modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from shipper.clock import Clock, SystemClock
from shipper.config.settings import IdentifySettings, Settings
from shipper.errors import ConfigError, Fault
from shipper.events import Events
from shipper.identify import Identifier
from shipper.lookup import (
    Complaints,
    TableFile,
    UnusableError,
    UserFunction,
    directory_of,
    load_function,
    read_mask_key,
)
from shipper.rules import function_in
from wsgi_writer.mask import Masks


class Callers(Struct, frozen=True):
    """What finds callers.

    Attributes:
        general: By the rules of `[identify]` alone.
        by_source: For each `[[source]]`, in order: by its own rule, then by those.
        functions: Users' functions among the rules.
    """

    general: Identifier
    by_source: tuple[Identifier, ...]
    functions: tuple[UserFunction, ...] = ()

    def close(self) -> None:
        """End the threads that the functions answer on."""
        for function in self.functions:
            function.close()


def callers_of(
    settings: Settings, *, events: Events | None = None, clock: Clock | None = None
) -> Callers:
    """Return what applies the rules for callers.

    Args:
        settings: What `config.load` returned.
        events: Told of what goes wrong later on, or None.
        clock: Says when a table is looked at again; None asks the system's.

    Raises:
        ConfigError: A table, a key or a function cannot be used.
    """
    identify = settings.identify
    complaints = Complaints(events, mask=identify.mask)
    faults: list[Fault] = []
    masks = Masks()
    with _blaming(faults, settings, "mask_key_file", identify.mask_key_file):
        masks = masks_of(identify)
    directory = None
    if identify.lookup:
        with _blaming(faults, settings, "lookup", identify.lookup):
            directory = TableFile(
                identify.lookup,
                mask=masks.key,
                clock=clock or SystemClock(),
                interval_seconds=settings.poll_interval,
                complaints=complaints,
            )
    functions: dict[str, UserFunction] = {}
    own = [source.identity for source in settings.sources if source.identity]
    for rule in dict.fromkeys((*identify.rules, *own)):
        if (name := function_in(rule)) is not None:
            with _blaming(faults, settings, "rules.from", rule):
                functions[rule] = UserFunction(
                    rule,
                    load_function(name, directory_of(settings.origin)),
                    timeout_seconds=identify.function_timeout,
                    complaints=complaints,
                )
    if faults:
        raise ConfigError(tuple(faults))

    def identifier(*first: str) -> Identifier:
        return Identifier(
            rules=(*first, *identify.rules),
            unidentified=identify.unidentified,
            masks=masks,
            directory=directory,
            functions=functions,
            on_other_mask=complaints.other_mask,
        )

    general = identifier()
    return Callers(
        general,
        tuple(
            identifier(source.identity) if source.identity else general
            for source in settings.sources
        ),
        tuple(functions.values()),
    )


def identifier_of(
    settings: Settings, *, events: Events | None = None, clock: Clock | None = None
) -> Identifier:
    """Return what applies the rules of `[identify]` alone; see `callers_of`."""
    return callers_of(settings, events=events, clock=clock).general


def masks_of(identify: IdentifySettings) -> Masks:
    """Return the masks that values found in clear are given.

    Raises:
        UnusableError: The file of the key cannot be used.
    """
    key = read_mask_key(identify.mask_key_file) if identify.mask_key_file else None
    return Masks(
        mask=identify.mask, mask_key=key, mask_short_keys=identify.mask_short_keys
    )


@contextmanager
def _blaming(
    faults: list[Fault], settings: Settings, key: str, value: str
) -> Iterator[None]:
    """Turn what cannot be used into a fault; the lines are `config`'s to tell."""
    try:
        yield
    except UnusableError as error:
        where = settings.origin or "environment"
        problem = f"{value}: {error.problem}"
        faults.append(Fault(where, f"identify.{key}", problem, error.hint))
