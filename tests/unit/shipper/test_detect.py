"""Which format a log has, or why that cannot be told."""

from __future__ import annotations

import pytest

from shipper.formats import FORMATS, Format
from shipper.formats.detect import Detected, Undetected, detect
from tests.support.foreign_logs import sample

COMMON = b'203.0.113.9 - - [23/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 512'
HAR = Format("document", FORMATS["common"].open, "", is_document=True)


def _told(lines: list[bytes]) -> Undetected:
    found = detect(lines)
    assert isinstance(found, Undetected)
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("apache-combined-elastic-10k.log.xz", "combined"),
        ("apache-combined-mtail.log", "combined"),
        ("aws-alb-crowdsec.log", "alb"),
        ("haproxy-httplog-lnav.log", "haproxy"),
        ("nginx-combined-malformed-crowdsec.log", "combined"),
        ("traefik-clf-crowdsec.log", "traefik-clf"),
    ],
)
def test_real_logs_are_known(name: str, expected: str) -> None:
    """A log of nothing but broken requests is that format too."""
    assert Detected(expected, 1.0) == detect(sample(name))


def test_a_log_of_common_lines_is_combined() -> None:
    """The format that contains another is taken; that is no tie."""
    assert Detected("combined", 1.0) == detect([COMMON, b"", COMMON])


@pytest.mark.parametrize(
    ("bad", "is_known"), [(0, True), (5, True), (6, False), (100, False)]
)
def test_ninety_five_in_a_hundred_are_enough(bad: int, is_known: bool) -> None:
    """Blank lines do not count, nor does anything past the 200th line."""
    lines = [COMMON, b""] * (100 - bad) + [b"owls", b""] * bad + [b"owls"] * 999

    assert is_known == isinstance(detect(lines), Detected)


def test_a_log_with_two_addresses_before_the_user_has_to_be_named() -> None:
    """Whether the first one is the host or the client is nothing to guess."""
    found = _told([b"198.51.100.7 " + COMMON] * 3)

    assert found.candidates == ()
    assert "two addresses" in (found.looks_like or "")


def test_a_mixed_log_is_refused_with_the_best_formats() -> None:
    """Nothing is ever guessed line by line."""
    found = _told(sample("apache-mixed-plaso.log"))

    assert found.why == (
        "no format fits 95% of the first 15 lines; the best are combined (80 %), "
        "vhost_combined (26.6 %)"
    )


def test_a_log_that_two_formats_fit_is_refused() -> None:
    """Unless one of them says that it contains the other."""
    twins = {
        name: Format(name, FORMATS["common"].open, "") for name in ("one", "other")
    }

    found = detect([COMMON], formats=twins)

    assert isinstance(found, Undetected)
    assert found.why == "two formats fit: one (100 %) and other (100 %)"


def test_lighttpd_is_not_read_wrongly() -> None:
    """Its extra numbers make it a format of its own, which nobody knows."""
    assert _told(sample("lighttpd-mtail.log")).candidates == ()


@pytest.mark.parametrize(
    ("line", "looks_like"),
    [
        (
            COMMON + b' "-" "owl/1.0" 0.005s TLSv1.3',
            "an access log with other fields than those of Common and Combined",
        ),
        (
            b"[Sun Nov 22 10:00:00.123456 2026] [core:error] [pid 1] no owl",
            "an error log of Apache, which tells of no exchange",
        ),
        (
            b"2026/11/22 10:00:00 [error] 7#7: *1 open() failed",
            "an error log of nginx, which tells of no exchange",
        ),
        (b"Total Accesses: 12", "a status dump, which tells of no exchange"),
        (
            b"Nov 22 10:00:00 owl sshd[7]: session opened",
            "syslog of another program",
        ),
        (b'{"owl": 1}', "JSON with other members"),
        (b"level=info msg=owl status=200", "key=value lines (logfmt)"),
        (
            b"time:23/Nov/2026:12:00:00 +0000\thost:203.0.113.9\treq:GET / HTTP/1.1",
            "labels and values with tabs between them (LTSV)",
        ),
        (
            b"203.0.113.9, -, 11/23/26, 12:00:00, W3SVC1, OWL, 10.0.0.1, 15, 9, 9, "
            b"200, 0, GET, /owls, -,",
            "the format that IIS calls its own; of those it writes, W3C is read",
        ),
        (b"<!DOCTYPE html>", "text that is no log"),
        (b"\x00\x01", "binary data, or text in UTF-16"),
        (b"owls", None),
    ],
)
def test_a_log_of_something_else_is_called_by_its_name(
    line: bytes, looks_like: str | None
) -> None:
    """The operator is told what the file seems to be."""
    found = _told([line, line])

    assert looks_like == found.looks_like
    assert looks_like is None or looks_like in found.why


def test_a_log_that_is_mostly_known_gets_no_other_name() -> None:
    """The runner-up says more than a guess at the rest."""
    found = _told([COMMON] * 6 + [b"Nov 22 10:00:00 owl sshd[7]: opened"] * 5)

    assert found.looks_like is None


def test_notices_of_a_known_program_are_no_access_log() -> None:
    """They fit, but not one of them tells of an exchange."""
    found = _told(sample("haproxy-httplog-lnav.log")[:3])

    assert found.why == "the lines are those of haproxy, but tell of no HTTP exchange"


def test_a_log_of_ftp_is_no_access_log() -> None:
    """Its columns are known from its header alone."""
    found = _told(
        [
            b"#Fields: date time c-ip cs-method cs-uri-stem sc-status x-session",
            b"2024-01-15 10:00:03 ::1 STOR a.txt 226 x",
        ]
    )

    assert found.why == "the lines are those of w3c, but tell of no HTTP exchange"


def test_header_lines_alone_decide_nothing() -> None:
    """Two formats know them, and no line tells which it is."""
    assert _told([b"#Version: 1.0"]).candidates == ()


def test_headers_name_the_columns_for_detection_too() -> None:
    """The same header word stands in logs of IIS and of CloudFront."""
    iis = [
        b"\xef\xbb\xbf#Software: Microsoft Internet Information Services 10.0",
        b"#Fields: date time cs-method cs-uri-stem sc-status",
        b"2024-01-15 10:00:01 GET /a 200",
    ]

    assert Detected("w3c", 1.0) == detect(iis)


def test_a_document_is_known_by_its_beginning() -> None:
    """HAR has no lines of its own."""
    lines = [b"\xef\xbb\xbf{", b'  "log" : {', b'    "version": "1.2",']

    assert Detected("document", 1.0) == detect(lines, formats={"document": HAR})
    assert isinstance(detect(lines, formats={}), Undetected)


@pytest.mark.parametrize("lines", [[], [b"", b" "]])
def test_an_empty_log_has_no_format(lines: list[bytes]) -> None:
    """Nothing can be told of nothing."""
    assert _told(lines).why == "the log has no lines to tell its format by"
