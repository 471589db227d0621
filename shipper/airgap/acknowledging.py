"""Receipts are counted on the exporting host when no shipper is running there.

What a receipt says comes in, the number of a request that is answered goes out. Nothing
else that was asked is carried out on the way: it might need the network.
"""

from __future__ import annotations

from contextlib import ExitStack

from shipper.clock import Clock
from shipper.config.settings import Settings
from shipper.joints import letterbox_of
from shipper.store import (
    ACKNOWLEDGE,
    Acknowledgement,
    Letterbox,
    StateLock,
    open_store,
)


def acknowledge(
    settings: Settings, told: Acknowledgement, *, number: int | None, clock: Clock
) -> int:
    """Count what became of the records of a bundle.

    Args:
        settings: What `config.load` returned; needs no key.
        told: What the receipt says.
        number: The request, if it is written down already.
        clock: For stamps.

    Returns:
        The request's number.

    Raises:
        StateLockedError: A shipper is running; ask it.
        StateError: The state cannot be read or written.
    """
    with ExitStack() as parts:
        lock = StateLock(settings.state_dir)
        lock.acquire()
        parts.callback(lock.release)
        store = open_store(
            settings.state_dir, on_state_error=settings.on_state_error, clock=clock
        )
        parts.callback(store.close)
        letterbox = letterbox_of(settings, store)
        if number is None:
            number = letterbox.ask(ACKNOWLEDGE, told)
        carry_out_acknowledgements(letterbox)
    return number


def carry_out_acknowledgements(letterbox: Letterbox) -> None:
    """Count every receipt that waits."""
    for request in letterbox.requests():
        if request.verb == ACKNOWLEDGE:
            letterbox.acknowledge(request)
