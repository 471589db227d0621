"""Promises of `journal`: who is calling, what is left out, what is counted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.wsgi import (
    TEXT,
    App,
    a_writer,
    an_environ,
    answering,
    header_values,
    records,
    serve,
    serve_both,
    the_record,
)
from wsgi_writer.mask import mask_key

DOCS = "https://docs.example.com"
OWL = {"api_key": "owlbert-api-key", "label": "Owl", "email": "owl@example.com"}
UUID4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the records go."""
    return tmp_path / "exchanges.jsonl"


def names(served_headers: list[tuple[str, str]]) -> list[str]:
    """The names of response headers, in lower case."""
    return [name.lower() for name, _ in served_headers]


def setting(**keys: Any) -> App:
    """An application that puts these keys into its environment."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ.update({f"wsgi_writer.{key}": value for key, value in keys.items()})
        start_response("200 OK", TEXT)
        return [b"x"]

    return app


def test_the_client_gets_the_id_of_the_record(log: Path) -> None:
    """The documentation header ends in the record's id, which is a UUID 4."""
    served = serve(a_writer(answering(b"x"), log, base_log_url=DOCS + "/"))

    link = served.header("x-documentation-url")
    assert re.fullmatch(f"{DOCS}/logs/{UUID4}", link)
    assert the_record(log)["id"] == link.rpartition("/")[2]


def test_the_record_shows_the_header_the_client_got(log: Path) -> None:
    """What was added on the way out is part of the response."""
    served = serve(a_writer(answering(b"x"), log, base_log_url=DOCS))

    response = the_record(log)["entry"]["response"]
    assert header_values(response, "x-documentation-url") == [
        served.header("x-documentation-url")
    ]


def test_the_applications_own_header_is_replaced(log: Path) -> None:
    """One link per response: ours, whatever an inner application had put there."""
    inner = [("X-Documentation-Url", "old"), ("X-Other", "1")]
    served = serve(a_writer(answering(b"x", headers=inner), log, base_log_url=DOCS))

    assert names(served.headers) == ["x-other", "x-documentation-url"]


def test_without_a_base_url_there_is_no_header(log: Path) -> None:
    """The one change to a response is made only if it was asked for."""
    served = serve(a_writer(answering(b"x"), log))

    assert names(served.headers) == ["content-type"]


def test_the_application_knows_the_id(log: Path) -> None:
    """An error page may print the id under which its exchange is logged."""
    seen = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ["wsgi_writer.id"])
        start_response("200 OK", TEXT)
        return [b"x"]

    serve(a_writer(app, log))

    assert seen == [the_record(log)["id"]]


def test_the_caller_is_recorded_masked(log: Path) -> None:
    """Of the key only ReadMe's mask is written."""
    serve(a_writer(answering(b"x"), log, identify=lambda environ: OWL))

    caller = the_record(log)["caller"]
    assert caller == {**{k: OWL[k] for k in ("label", "email")}, "id": caller["id"]}
    assert caller["id"] == mask_key("owlbert-api-key")


def test_the_callers_dictionary_is_not_changed(log: Path) -> None:
    """One shared dictionary gives the same caller at every request."""
    shared = dict(OWL)
    writer = a_writer(answering(b"x"), log, identify=lambda environ: shared)
    serve(writer)
    serve(writer)

    first, second = records(log)
    assert shared == OWL
    assert first["caller"] == second["caller"]


@pytest.mark.parametrize("options", [{}, {"base_log_url": DOCS}])
def test_nobody_means_no_record_and_no_header(
    options: dict[str, Any], log: Path
) -> None:
    """When `identify` returns None the exchange is left out altogether."""
    served = serve_both(
        lambda _: answering(b"x"), log, identify=lambda environ: None, **options
    )

    assert names(served.headers) == ["content-type"]
    assert records(log) == []


@pytest.mark.parametrize("options", [{}, {"base_log_url": DOCS}])
@pytest.mark.parametrize("answer", [KeyError("x"), "nonsense", {}, 7, {"label": "x"}])
def test_a_failing_identify_costs_the_caller_only(
    answer: Any, options: dict[str, Any], log: Path
) -> None:
    """An exception or nonsense: recorded without caller, with a note."""

    def identify(environ: dict[str, Any]) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    served = serve(a_writer(answering(b"x"), log, identify=identify, **options))

    assert served.body == b"x"
    record = the_record(log)
    assert record["notes"] == ["identify-failed"]
    assert "caller" not in record


def test_identify_sees_what_the_framework_found_out(log: Path) -> None:
    """With a header it is asked in start_response: the user is known by then."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        environ["REMOTE_USER"] = "owl"
        start_response("200 OK", TEXT)
        return [b"x"]

    serve(
        a_writer(
            app,
            log,
            base_log_url=DOCS,
            identify=lambda environ: {"api_key": environ["REMOTE_USER"]},
        )
    )

    assert the_record(log)["caller"]["id"] == mask_key("owl")


@pytest.mark.parametrize("options", [{}, {"base_log_url": DOCS}])
def test_identify_is_asked_once(options: dict[str, Any], log: Path) -> None:
    """However often a response is started, the function runs once an exchange."""
    calls = []

    def identify(environ: dict[str, Any]) -> dict[str, str]:
        calls.append(1)
        return OWL

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", TEXT)
        start_response("500 No", TEXT, (ValueError, ValueError("x"), None))
        return [b"x"]

    serve(a_writer(app, log, identify=identify, **options))

    assert calls == [1]


@pytest.mark.parametrize("options", [{}, {"base_log_url": DOCS}])
def test_the_applications_word_wins(options: dict[str, Any], log: Path) -> None:
    """What it puts into the environment stands, and `identify` is not asked."""

    def never(environ: dict[str, Any]) -> Any:
        raise AssertionError("asked")

    serve(a_writer(setting(caller=OWL), log, identify=never, **options))

    assert the_record(log)["caller"]["label"] == "Owl"


def test_the_applications_word_counts_even_late(log: Path) -> None:
    """Set after the response began, it still replaces what `identify` said."""

    def app(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", TEXT)
        yield b"x"
        environ["wsgi_writer.caller"] = {"api_key": "late"}

    serve(a_writer(app, log, base_log_url=DOCS, identify=lambda environ: OWL))

    assert the_record(log)["caller"]["id"] == mask_key("late")


def test_the_application_may_say_nobody(log: Path) -> None:
    """None in the environment leaves the exchange out, as from `identify`."""
    serve(a_writer(setting(caller=None), log))

    assert records(log) == []


def test_the_route_becomes_the_pageref(log: Path) -> None:
    """A route template groups the exchanges of one endpoint."""
    serve(a_writer(setting(route="/users/{id}"), log), an_environ("/users/7"))

    assert the_record(log)["entry"]["pageref"] == "/users/{id}"


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("localhost", "127.0.0.1"),
        ("unix", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        (7, "127.0.0.1"),
        (None, "127.0.0.1"),
    ],
)
def test_the_client_is_an_address(log: Path, peer: object, client: str) -> None:
    """Whatever a server makes of its socket, of both families or in the file system."""
    serve(a_writer(answering(b"x"), log), an_environ(REMOTE_ADDR=peer))

    assert the_record(log)["client"] == client


def test_a_real_client_behind_a_trusted_proxy(log: Path) -> None:
    """The record holds the client's address and the URL it asked for."""
    environ = an_environ(
        "/a",
        REMOTE_ADDR="10.0.0.1",
        HTTP_X_FORWARDED_FOR="203.0.113.9",
        HTTP_X_FORWARDED_PROTO="https",
        HTTP_X_FORWARDED_HOST="public.example.com",
    )
    serve(a_writer(answering(b"x"), log, trusted_proxies=["10.0.0.0/8"]), environ)

    record = the_record(log)
    assert record["client"] == "203.0.113.9"
    assert record["entry"]["request"]["url"] == "https://public.example.com/a"
