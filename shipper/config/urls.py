"""The URLs that the configuration names: which one records go to, and if they may.

A document and the environment come in; the endpoint in force goes out, or faults.
What makes a URL acceptable is said by `shipper.endpoint`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from shipper import endpoint
from shipper.config.document import Document
from shipper.config.faults import dotted
from shipper.config.settings import DEFAULT_ENDPOINT
from shipper.config.toml_lines import KeyPath
from shipper.errors import Fault

SERVER_VARIABLE = "README_METRICS_SERVER"
_ENDPOINT: KeyPath = ("readme", "endpoint")


def url_faults(document: Document, environ: Mapping[str, str]) -> Iterator[Fault]:
    """Find an endpoint, or a heartbeat's URL, that nothing must be sent to."""
    yield from _endpoint_faults(document, environ)
    yield from _heartbeat_faults(document)


def endpoint_of(document: Document, environ: Mapping[str, str]) -> str:
    """Return the endpoint in force: our variable, the vendor's, the file's, default."""
    server = environ.get(SERVER_VARIABLE, "").strip()
    if server and not _is_overridden(document):
        return endpoint.on_server(server)
    written = document.value(*_ENDPOINT)
    if written is None:
        return DEFAULT_ENDPOINT
    # No text, or an empty one, is a fault that the schema has found already.
    return endpoint.complete(written) if written and isinstance(written, str) else ""


def _endpoint_faults(document: Document, environ: Mapping[str, str]) -> Iterator[Fault]:
    url = endpoint_of(document, environ)
    is_allowed = document.value("network", "allow_plain_http") is True
    problem = endpoint.problem(url, allow_plain_http=is_allowed) if url else None
    if problem is not None:
        is_server = environ.get(SERVER_VARIABLE) and not _is_overridden(document)
        yield Fault(
            where=SERVER_VARIABLE if is_server else document.where(_ENDPOINT),
            key="readme.endpoint",
            problem=problem,
            hint=_mend(problem),
        )


def _heartbeat_faults(document: Document) -> Iterator[Fault]:
    path: KeyPath = ("heartbeat", "url")
    url = document.text(*path)
    if not url:
        return
    is_allowed = document.value("network", "allow_plain_http") is True
    problem = endpoint.problem(
        url, allow_plain_http=is_allowed, carries="the URL", may_have_query=True
    )
    if problem is not None:
        yield Fault(document.where(path), dotted(path), problem, _mend(problem))


def _mend(problem: str) -> str | None:
    if "in clear" not in problem:
        return None
    return "write https://, or allow it with network.allow_plain_http = true"


def _is_overridden(document: Document) -> bool:
    return _ENDPOINT in document.variables
