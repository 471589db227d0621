"""The way to ReadMe, layer by layer: what was seen of it becomes checks.

The layers are those of `probe`: what lies before the one that failed is good, what
lies behind it was not reached. The key is not on this way; `key` asks about it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from shipper.certificate import Names
from shipper.network import Route
from shipper.probe import (
    Layer,
    Sight,
    addresses_of,
    knock,
    look,
    nearest_host,
    stays_here,
)
from shipper.reports.amounts import in_time
from shipper.reports.doctor.check import Check, failure, ok, skipped, warning

SKEW_SECONDS = 60.0  # beyond it calls stand at a wrong minute of the dashboard

_CODES = {
    Layer.DNS: "SHP030",
    Layer.TCP: "SHP031",
    Layer.PROXY: "SHP032",
    Layer.TLS: "SHP033",
    Layer.HTTP: "SHP034",
}
CLOCK, HEARTBEAT = "SHP035", "SHP038"
WAY_CODES = (*_CODES.values(), CLOCK)
_MENDS = {
    Layer.DNS: "ask for this name in your resolver, or set network.proxy if names are "
    "resolved by a proxy here",
    Layer.TCP: "ask your network team to open this connection: see the firewall "
    "request below",
    Layer.PROXY: "check network.proxy (or HTTPS_PROXY), its credentials, and what it "
    "allows",
    Layer.TLS: "check what stands in between, and the clock of this machine",
    Layer.HTTP: "find out what closes the connection: a firewall, a relay, or ReadMe",
}


def way_checks(
    route: Route,
    *,
    user_agent: str,
    connect_seconds: float,
    answer_seconds: float,
    now: datetime,
) -> Iterator[Check]:
    """Yield one check a layer, and one of the clock.

    Args:
        route: The way.
        user_agent: Such as ``hartail/1.0``.
        connect_seconds: How long connecting may take.
        answer_seconds: How long an answer may take.
        now: This machine's wall time.
    """
    host = nearest_host(route)
    try:
        addresses = addresses_of(host)
    except OSError as error:
        sight = Sight(Layer.DNS, f"{host}: {error.strerror or error}")
        addresses = []
    else:
        sight = look(
            route,
            user_agent=user_agent,
            connect_seconds=connect_seconds,
            answer_seconds=answer_seconds,
        )
    for layer in Layer:
        if layer is sight.failed:
            yield _failed(route, layer, sight)
            rest = [_CODES[each] for each in tuple(Layer)[list(Layer).index(layer) :]]
            yield from skipped((*rest[1:], CLOCK), f"{layer} failed before")
            return
        yield _passed(route, layer, sight, addresses)
    yield _clock(route.name, sight, now)


def heartbeat_check(route: Route, *, connect_seconds: float) -> Check:
    """Return whether the monitor can be reached; it is not called.

    A call would tell it that records are delivered.
    """
    sight = knock(route, connect_seconds=connect_seconds)
    if sight.failed is None:
        return ok(HEARTBEAT, route.name, "can be reached; it was not called")
    mend = _mend(route, sight.failed)
    if sight.is_unknown_authority:
        mend = _authority_mend(route, sight.names)
    # The records go their way without it.
    why = f"{sight.failed}: {sight.why.partition(': ')[2]}"
    return warning(HEARTBEAT, route.name, why, mend)


def _passed(route: Route, layer: Layer, sight: Sight, addresses: list[str]) -> Check:
    code, proxy = _CODES[layer], route.proxy
    nearest = proxy.name if proxy is not None else route.name
    match layer:
        case Layer.DNS:
            why = f"resolved to {', '.join(addresses)}"
            if proxy is not None:
                why += f"; {route.name} is resolved by the proxy"
            return ok(code, nearest_host(route), why)
        case Layer.TCP:
            return ok(code, nearest, "connected")
        case Layer.PROXY:
            if proxy is None:
                return ok(code, route.name, "reached without a proxy")
            return ok(code, proxy.name, f"has let us through to {route.name}")
        case Layer.TLS:
            if not sight.tls:
                return ok(code, route.name, "not used: the endpoint is http://")
            return ok(code, route.name, f"{sight.tls}, {_issued(sight.names)}")
        case Layer.HTTP:
            # Any status: nothing was posted, and no key was shown.
            return ok(code, route.name, f"answered {sight.status} to a GET without key")


def _failed(route: Route, layer: Layer, sight: Sight) -> Check:
    where, _, why = sight.why.partition(": ")
    mend = _mend(route, layer)
    if layer is Layer.HTTP or (layer is Layer.TCP and route.source_address):
        mend = sight.hint or mend
    elif layer is Layer.TLS:
        why, _, general = why.partition("; ")
        mend = sight.hint or general or mend
        if sight.names is not None:
            why += f"; {_issued(sight.names)}"
        if sight.is_unknown_authority:
            mend = _authority_mend(route, sight.names)
    return failure(_CODES[layer], where, why, mend)


def _mend(route: Route, layer: Layer) -> str:
    if layer is Layer.TCP and stays_here(route):
        return "nothing listens there: start it on this machine, or correct the address"
    return _MENDS[layer]


def _authority_mend(route: Route, names: Names | None) -> str:
    if names is None:
        return "set network.ca_file to the authority that signs here"
    who = "your proxy re-signs" if route.proxy is not None else "something re-signs"
    return (
        f"{who} with {names.issuer}; set network.ca_file to the PEM file of that "
        "authority"
    )


def _issued(names: Names | None) -> str:
    if names is None:
        return "the certificate could not be read"
    return f"certificate of {names.subject}, issued by {names.issuer}"


def _clock(name: str, sight: Sight, now: datetime) -> Check:
    if sight.date is None:
        return ok(CLOCK, name, "the answer tells no time to compare with")
    # Whole seconds on the wire, and some on the way.
    skew = (now - sight.date).total_seconds()
    if abs(skew) < SKEW_SECONDS:
        return ok(CLOCK, name, f"within {SKEW_SECONDS:.0f} seconds of the answer's")
    word = "ahead of" if skew > 0 else "behind"
    why = f"this machine's clock is {in_time(abs(skew))} {word} the answer's"
    mend = "synchronise the clock (timedatectl status); calls show at wrong times"
    return warning(CLOCK, name, why, mend)
