"""``shipper bundle``: what was exported elsewhere, checked, sent, and reported back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click
from msgspec import to_builtins

from shipper.cli import ask, bundle_told, console, hmac_key, options
from shipper.clock import SystemClock
from shipper.errors import EXIT_BAD_DATA, EXIT_NO_INPUT, EXIT_OK, ShipperError
from shipper.events import one_line

if TYPE_CHECKING:
    from shipper.airgap.checking import OpenBundle

WAIT = "30s"

directory = click.argument("directory", metavar="DIR")


class NoReceiptError(ShipperError):
    """The receipt cannot be read."""

    exit_code = EXIT_NO_INPUT


@click.group("bundle")
def command() -> None:
    """Check, list, send or acknowledge a bundle."""


@command.command("verify")
@options.output
@directory
@hmac_key.option("Demand that the bundle was made with the key in this file.")
def verify(chosen: options.Common, *, directory: str, hmac_key_file: str | None) -> int:
    """Read every byte of a bundle, and tell whether it is what was sealed.

    Needs no configuration, key or network. Exits 65, naming the parts, when a byte
    was changed, or a part is missing or foreign.
    """
    from shipper.airgap.checking import faults_in, open_bundle  # noqa: PLC0415 - late

    key = hmac_key.read(hmac_key_file)
    bundle = open_bundle(directory, hmac_key=key)
    faults = list(faults_in(bundle))
    if chosen.as_json:
        console.say_json(
            {
                "bundle": bundle.manifest.id,
                "records": bundle.manifest.records,
                "is_sound": not faults,
                "faults": faults,
                "has_hmac": bundle.has_hmac,
                "is_authentic": key is not None,
            }
        )
    else:
        for fault in faults:
            console.notice(f"wrong: {one_line(fault)}")
        if not faults and not chosen.is_quiet:
            who = bundle_told.authenticity(bundle, key)
            console.say(f"sound: {bundle_told.heading(bundle)}; {who}")
    return EXIT_BAD_DATA if faults else EXIT_OK


@command.command("list")
@options.output
@directory
def list_(chosen: options.Common, *, directory: str) -> int:
    """Show what is in a bundle, or in all bundles of a directory.

    Reads manifests alone; "shipper bundle verify" reads the rest.
    """
    bundles = list(_bundles_in(directory))
    if chosen.as_json:
        console.say_json(
            {
                "bundles": [
                    {
                        "path": bundle.directory,
                        "manifest_sha256": bundle.manifest_sha256,
                        "has_hmac": bundle.has_hmac,
                        "manifest": to_builtins(bundle.manifest),
                    }
                    for bundle in bundles
                ]
            }
        )
        return EXIT_OK
    for bundle in bundles:
        for line in bundle_told.description(bundle):
            console.say(line)
    if not bundles:
        console.say(f"no bundle in {directory}")
    return EXIT_OK


@command.command("send")
@options.common
@directory
@hmac_key.option("Demand a bundle made with this key, and sign the receipt with it.")
@click.option(
    "--receipt",
    metavar="FILE",
    help="Where the receipt goes.  [default: receipt.json in DIR]",
)
@click.option(
    "--max-duration",
    callback=options.duration,
    metavar="DURATION",
    help="Exit 75 when there are records left after this time.",
)
def send(
    chosen: options.Common,
    *,
    directory: str,
    hmac_key_file: str | None,
    receipt: str | None,
    max_duration: float | None,
) -> int:
    """Deliver what is in a bundle, and write a receipt for the host it came from.

    Stopped or killed, the same command goes on where it was. Sent again, a bundle
    is not sent twice. A record that is refused is in the receipt, with the reason.
    """
    # Late, because it takes a tenth of a second that --help should not pay.
    from shipper.airgap.checking import open_bundle  # noqa: PLC0415
    from shipper.airgap.send import send as deliver  # noqa: PLC0415
    from shipper.config import load  # noqa: PLC0415

    key = hmac_key.read(hmac_key_file)
    settings = load(chosen.config, os.environ, needs_source=False)
    bundle = open_bundle(directory, hmac_key=key)
    if bundle.has_hmac and key is None and not chosen.is_quiet:
        console.notice(bundle_told.authenticity(bundle, key))
    clock = SystemClock()
    sent = deliver(
        settings,
        bundle,
        receipt=receipt,
        hmac_key=key,
        max_duration_seconds=max_duration,
        events=console.event_log(chosen, clock),
        clock=clock,
    )
    if chosen.as_json:
        console.say_json(
            {
                "bundle": bundle.manifest.id,
                "records": sent.records,
                "delivered": sent.delivered,
                "dead": sent.dead,
                "settled_now": sent.now,
                "receipt": sent.receipt,
                "exit_code": sent.exit_code,
            }
        )
    elif not chosen.is_quiet:
        left = sent.records - sent.delivered - sent.dead
        end = f"{left:,} left" if sent.receipt is None else f"receipt: {sent.receipt}"
        console.say(
            f"bundle {bundle.manifest.id}: {sent.delivered:,} delivered, "
            f"{sent.dead:,} dead ({sent.now:,} of them now); {end}"
        )
    return sent.exit_code


@command.command("ack")
@options.common
@click.argument("receipt", metavar="RECEIPT")
@hmac_key.option("Demand that the receipt was made with the key in this file.")
@click.option(
    "--wait",
    callback=options.duration,
    default=WAIT,
    show_default=True,
    metavar="DURATION",
    help="How long to wait for the outcome.",
)
def ack(
    chosen: options.Common, *, receipt: str, hmac_key_file: str | None, wait: float
) -> int:
    """Count the records of a bundle as its RECEIPT says, on the host it came from.

    What was exported becomes delivered, or a dead letter with the reason. A running
    shipper is asked to do it; without one, it is done here. Exits 65 when the receipt
    is damaged, or of no bundle that was exported from here.
    """
    from shipper.airgap.receipt import decode_receipt  # noqa: PLC0415 - late, as above
    from shipper.store import ACKNOWLEDGE  # noqa: PLC0415 - late, as above

    key = hmac_key.read(hmac_key_file)
    try:
        with open(receipt, "rb") as file:
            content = file.read()
    except OSError as error:
        why = error.strerror or str(error)
        raise NoReceiptError(f"cannot read the receipt: {receipt}: {why}") from error
    found = decode_receipt(content, key, path=receipt)
    told = found.acknowledgement()
    errand = ask.Errand(chosen, ACKNOWLEDGE, told, SystemClock())
    with closing(errand):
        answer = errand.outcome(within_seconds=wait)
    if chosen.as_json:
        fields: dict[str, Any] = {"answered": answer is not None}
        if answer is not None:
            fields |= {
                "delivered": answer.delivered,
                "dead": answer.refused,
                "was_acknowledged": answer.is_repeated,
                "error": answer.error,
            }
        console.say_json({"bundle": found.bundle, **fields})
    if answer is None:
        return ask.no_outcome()
    if answer.error:
        console.notice(f"the receipt is refused: {receipt}: {answer.error}")
        return EXIT_BAD_DATA
    if not chosen.as_json and not chosen.is_quiet:
        for note in answer.notes:
            console.notice(note)
        console.say(
            f"bundle {found.bundle}: {answer.delivered:,} delivered, "
            f"{answer.refused:,} dead"
        )
    return EXIT_OK


def _bundles_in(directory: str) -> Iterator[OpenBundle]:
    """Yield the bundle, or those just below; what is not sealed is told of."""
    from shipper.airgap.checking import names_in, open_bundle  # noqa: PLC0415 - late
    from shipper.airgap.layout import MANIFEST, BundleError  # noqa: PLC0415

    if not os.path.isdir(directory) or _has(directory, MANIFEST):
        yield open_bundle(directory)
        return
    for name in sorted(names_in(directory)):
        path = os.path.join(directory, name)
        if _has(path, MANIFEST):
            try:
                yield open_bundle(path)
            except BundleError as error:
                console.notice(str(error))


def _has(directory: str, name: str) -> bool:
    return os.path.lexists(os.path.join(directory, name))
