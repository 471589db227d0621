"""Promises of `settings` and the constructor: faults show before the first request."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.support.wsgi import a_writer, an_environ, answering, records, serve
from wsgi_writer import ExchangeWriter
from wsgi_writer.settings import SkippedPaths, logs_url, read_mask_key

APP = answering(b"x")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_body_bytes": "16k"}, TypeError, "max_body_bytes: .* got str"),
        ({"max_body_bytes": True}, TypeError, "max_body_bytes: .* got bool"),
        ({"max_body_bytes": 0}, ValueError, "max_body_bytes: .*positive.* got 0"),
        ({"max_record_bytes": -1}, ValueError, "max_record_bytes: .* got -1"),
        ({"max_bytes": 0}, ValueError, "max_bytes"),
        ({"max_bytes": 10, "max_total_bytes": 9}, ValueError, "max_total_bytes"),
        ({"when_full": "panic"}, ValueError, "when_full"),
        ({"fsync": "sometimes"}, ValueError, "fsync"),
        ({"mode": 0o7777}, ValueError, "mode"),
        ({"lock_timeout": -1}, ValueError, "lock_timeout"),
        ({"identify": "me"}, TypeError, "identify: .* got str"),
        ({"record_bodies": "no"}, TypeError, "record_bodies: .* got str"),
        ({"mask": "md5"}, ValueError, "mask"),
        ({"mask": "hmac"}, ValueError, "mask"),
        ({"mask_headers": "x-key"}, TypeError, "mask_headers"),
        ({"jwt_claims": "sub"}, TypeError, "jwt_claims"),
        ({"skip_paths": "/healthz"}, TypeError, "skip_paths: .* got one"),
        ({"skip_paths": [b"/"]}, TypeError, "skip_paths: expected strings"),
        ({"skip_paths": ["healthz"]}, ValueError, "skip_paths: .* got 'healthz'"),
        ({"skip_paths": ["/a*b"]}, ValueError, "skip_paths: .* got '/a"),
        ({"trusted_proxies": ["here"]}, ValueError, "trusted_proxies .* not 'here'"),
        ({"trusted_proxies": 5}, TypeError, "trusted_proxies must be .* not 5"),
        ({"trusted_proxies": b"::1"}, TypeError, "trusted_proxies must be .* not b'"),
        ({"skip_paths": 5}, TypeError, "skip_paths: .* got int"),
        ({"mask_headers": 5}, TypeError, "mask_headers must be .* not int"),
        ({"mask_fields": True}, TypeError, "mask_fields must be .* not bool"),
        ({"mask_short_keys": "no"}, TypeError, "mask_short_keys: .* got str"),
        ({"mask_key_file": 0}, TypeError, "mask_key_file: expected a path.* got int"),
    ],
)
def test_refuses_what_cannot_work(
    options: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    """Each wrong option is named, with what was expected and what was got."""
    with pytest.raises(error, match=message):
        a_writer(APP, tmp_path / "log", **options)


def test_refuses_an_application_that_cannot_be_called(tmp_path: Path) -> None:
    """Passing the module instead of the application shows at once."""
    with pytest.raises(TypeError, match=r"app: expected a callable, got module"):
        a_writer(logging, tmp_path / "log")  # type: ignore[arg-type]  # on purpose


def test_refuses_what_is_no_path() -> None:
    """A number would be taken for a descriptor of the application's."""
    with pytest.raises(TypeError, match=r"path must be a path.*, got int"):
        a_writer(APP, 5)  # type: ignore[arg-type]  # on purpose


def test_options_are_given_by_name(tmp_path: Path) -> None:
    """Only the application and the path are positional."""
    with pytest.raises(TypeError, match="positional"):
        ExchangeWriter(APP, tmp_path / "log", None)  # type: ignore[call-arg]  # so


def test_a_file_may_be_smaller_than_a_record(tmp_path: Path) -> None:
    """`max_bytes` under `max_record_bytes` is allowed: a file then holds one."""
    writer = a_writer(APP, tmp_path / "log", max_bytes=100, max_record_bytes=50_000)
    serve(writer)
    serve(writer)

    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("https://docs.example.com", "https://docs.example.com/logs/"),
        ("http://127.0.0.1:8000/a/", "http://127.0.0.1:8000/a/logs/"),
        (None, None),
    ],
)
def test_a_good_base_url_is_extended(url: object, prefix: str | None) -> None:
    """The header is the base, `/logs/`, and the id."""
    assert logs_url(url) == prefix


@pytest.mark.parametrize(
    "url",
    [
        "https://docs.example.com\r\nX-Evil: 1",
        "https://docs.example.com/caf\xe9",
        "https://docs.example.com/a b",
        "docs.example.com",
        "ftp://docs.example.com",
        "https://",
        "https://user:secret@docs.example.com",
        "https://docs.example.com:port",
        "https://docs.example.com?a=1",
        "",
        7,
        b"https://docs.example.com",
    ],
)
def test_a_bad_base_url_costs_the_header_only(
    url: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The application runs without the header, and a warning says why."""
    with caplog.at_level(logging.WARNING, "wsgi_writer"):
        writer = a_writer(APP, tmp_path / "log", base_log_url=url)
    served = serve(writer)

    assert served.headers == [("Content-Type", "text/plain")]
    assert len(records(tmp_path / "log")) == 1
    (message,) = caplog.messages
    assert message.startswith("base_log_url: expected an http(s) URL")
    assert "secret" not in message


@pytest.mark.parametrize(
    ("paths", "path", "is_skipped"),
    [
        (["/healthz"], "/healthz", True),
        (["/healthz"], "/healthz/deep", False),
        (["/static/*"], "/static/app.js", True),
        (["/static/*"], "/static", False),
        (["/*"], "/anything", True),
        (["/caf\xe9"], "/caf\xc3\xa9", True),
        ([], "/", False),
    ],
)
def test_paths_are_exact_or_beginnings(
    paths: list[str], path: str, is_skipped: bool
) -> None:
    """A path is skipped as a whole, or as a beginning where it ends in `*`."""
    assert (path in SkippedPaths(paths)) is is_skipped


def test_a_skipped_path_is_passed_by(tmp_path: Path) -> None:
    """No record, no header, no stand-in for the input: the application alone."""
    seen = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ["wsgi.input"])
        start_response("200 OK", [])
        return [b"up"]

    environ = an_environ("/healthz")
    source = environ["wsgi.input"]
    writer = a_writer(
        app,
        tmp_path / "log",
        skip_paths=["/healthz"],
        base_log_url="https://docs.example.com",
    )

    assert serve(writer, environ).headers == []
    assert seen == [source]
    assert records(tmp_path / "log") == []


def test_the_keyed_masks_key_comes_from_a_file(tmp_path: Path) -> None:
    """With `mask="hmac"` the same key gives another mask than without."""
    key_file = tmp_path / "key"
    key_file.write_bytes(b"0123456789abcdef\n")
    identify: Any = lambda environ: {"api_key": "owlbert-api-key"}  # noqa: E731
    for number in range(2):
        keyed = {"mask": "hmac", "mask_key_file": key_file} if number else {}
        path = tmp_path / f"log{number}"
        serve(a_writer(APP, path, identify=identify, **keyed))
    plain, keyed_record = records(tmp_path / "log0") + records(tmp_path / "log1")

    assert read_mask_key(key_file) == b"0123456789abcdef"
    assert plain["caller"]["id"] != keyed_record["caller"]["id"]


def test_a_weak_key_file_is_refused(tmp_path: Path) -> None:
    """A key that can be guessed protects nothing, and says so without being shown."""
    key_file = tmp_path / "key"
    key_file.write_bytes(b"hunter2\n")

    with pytest.raises(ValueError, match=r"at least 16 bytes .* got 7") as caught:
        a_writer(APP, tmp_path / "log", mask="hmac", mask_key_file=key_file)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("record_bodies", "text"),
    [
        (True, "secret"),
        (False, None),
        (lambda environ: environ["PATH_INFO"] != "/quiet", None),
        (lambda environ: environ["PATH_INFO"] == "/quiet", "secret"),
        (lambda environ: environ["missing"], None),
    ],
)
def test_bodies_are_recorded_as_asked(
    record_bodies: Any, text: str | None, tmp_path: Path
) -> None:
    """Off, or off for this request, or the function fails: sizes only."""
    writer = a_writer(
        answering(b"secret"), tmp_path / "log", record_bodies=record_bodies
    )
    served = serve(writer, an_environ("/quiet", "POST", body=b"secret"))

    (record,) = records(tmp_path / "log")
    content = record["entry"]["response"]["content"]
    assert served.body == b"secret"
    assert content["size"] == record["entry"]["request"]["bodySize"] == 6
    assert content.get("text") == text
    assert record["entry"]["request"].get("postData", {}).get("text") == text
