"""The way to the endpoint as `[network]` describes it, and what is wrong with it.

A document comes in; the plain settings that `network` takes go out, or faults with
their lines. Files of certificates are opened when the settings are to be used here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from shipper import endpoint
from shipper.config.document import Document
from shipper.config.faults import dotted
from shipper.config.settings import DEFAULT_ENDPOINT, NetworkSettings
from shipper.config.toml_lines import KeyPath
from shipper.errors import ConfigError, Fault
from shipper.proxies import bypass_problem, parse_proxy

FILES = ("ca_file", "client_cert", "client_key")


def found_files(document: Document, network: NetworkSettings) -> NetworkSettings:
    """Return the settings with absolute paths."""

    def absolute(name: str, written: str) -> str:
        return document.absolute(written, key=("network", name)) if written else ""

    return replace(
        network,
        ca_file=absolute("ca_file", network.ca_file),
        client_cert=absolute("client_cert", network.client_cert),
        client_key=absolute("client_key", network.client_key),
    )


def word_faults(document: Document) -> Iterator[Fault]:
    """Find a proxy, an exception from it or an address that no machine could use."""
    key: KeyPath = ("network", "proxy")
    if proxy := document.text(*key):
        found = parse_proxy(proxy, where=document.where(key), key=dotted(key))
        if isinstance(found, Fault):
            yield found
    for index in range(document.length("network", "no_proxy")):
        key = ("network", "no_proxy", index)
        entry = document.text(*key)
        if entry and (problem := bypass_problem(entry)) is not None:
            told = f'"{entry}" {problem}'
            yield Fault(document.where(key), dotted(key), told)
    key = ("network", "source_address")
    if address := document.text(*key):
        try:
            ipaddress.ip_address(address)
        except ValueError:
            yield Fault(
                document.where(key),
                dotted(key),
                f"{address!r} is no address of this machine",
                "expected an IP address such as 192.0.2.7",
            )


def address_faults(document: Document) -> Iterator[Fault]:
    """Find a source address that no connection of this machine can start from."""
    import socket  # noqa: PLC0415 - late: a start need not try it

    key: KeyPath = ("network", "source_address")
    address = document.text(*key)
    if not address:
        return
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        return  # told with the other words
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.bind((address, 0))
    except OSError:
        yield Fault(
            document.where(key),
            dotted(key),
            f"{address} is no address of this machine",
            "ip -brief address shows those that are",
        )


def pair_faults(document: Document) -> Iterator[Fault]:
    """Find a key without its certificate."""
    key: KeyPath = ("network", "client_key")
    if document.text(*key) and not document.text("network", "client_cert"):
        yield Fault(
            document.where(key),
            dotted(key),
            "the key is of a certificate, and none is given",
            "name it with network.client_cert",
        )


def way_faults(
    document: Document, url: str, environ: Mapping[str, str]
) -> Iterator[Fault]:
    """Find certificates, and a proxy of the environment, that cannot be used here.

    What is wrong with the URL, or with the words of `[network]`, is told elsewhere and
    hides nothing: the rest is judged as if it were not there.
    """
    # Late: it loads requests, which commands that reach nobody should not pay.
    from shipper.network import NetworkSettings as Way  # noqa: PLC0415
    from shipper.network import route_to  # noqa: PLC0415

    if endpoint.problem(url, allow_plain_http=True) is not None:
        url = DEFAULT_ENDPOINT
    no_proxy = document.value("network", "no_proxy")
    paths = {
        name: document.absolute(written, key=("network", name))
        for name in FILES
        if (written := document.text("network", name))
    }
    way = Way(
        **paths,
        proxy=document.text("network", "proxy") or None,
        no_proxy=tuple(map(str, no_proxy)) if isinstance(no_proxy, list) else (),
        min_tls="1.3" if document.value("network", "min_tls") == "1.3" else "1.2",
        allow_plain_http=True,  # whether it is allowed is judged elsewhere
        environ=dict(environ),
    )
    try:
        route_to(url, way)
    except ConfigError as error:
        for fault in error.faults:
            if fault.key == "network.proxy":
                continue  # it has been told with the other words
            name = fault.key.removeprefix("network.")
            where = fault.where or document.where(("network", name))
            yield Fault(where, fault.key, fault.problem, fault.hint)
