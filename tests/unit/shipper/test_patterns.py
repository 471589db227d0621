"""What patterns match, and which ones mean nothing."""

from __future__ import annotations

import pytest

from shipper import patterns


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/healthz", "/healthz"),
        ("/users/*", "/users/7"),
        ("/users/*", "/users/"),
        ("/users/*/cards", "/users/7/cards"),
        ("/users/**", "/users/7/cards"),
        ("/users/**", "/users"),
        ("/users/**", "/users/"),
        ("/**/cards", "/cards"),
        ("/**/cards", "/users/7/cards"),
        ("/a/**/z", "/a/z"),
        ("/a/**/z", "/a/b/c/z"),
        ("**.png", "/img/deep/owl.png"),
        ("/img/*.png", "/img/owl.png"),
        ("/im**", "/images/owl.png"),
        ("*", "/owls".removeprefix("/")),
        ("/caf\u00e9/*", "/caf\u00e9/7"),
        ("/a+(b)", "/a+(b)"),
        ("/a\nb", "/a\nb"),
        ("/**", "/a\nb"),
    ],
)
def test_a_glob_matches_the_whole_path(pattern: str, path: str) -> None:
    """One star stays within a segment, two cross them."""
    glob = patterns.paths(["/other", pattern])

    assert glob is not None
    assert glob.match(path) is not None


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/healthz", "/healthz/"),
        ("/healthz", "/Healthz"),
        ("/healthz", "/v1/healthz"),
        ("/users/*", "/users/7/cards"),
        ("/users/**", "/users2"),
        ("/users/**", "/usersandmore/7"),
        ("/a/**/z", "/az"),
        ("/img/*.png", "/img/a/owl.png"),
        ("/a.b", "/axb"),
    ],
)
def test_a_glob_matches_nothing_else(pattern: str, path: str) -> None:
    """Case counts, and so does everything that is no star."""
    glob = patterns.paths([pattern])

    assert glob is not None
    assert glob.match(path) is None


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://h/users/7?x=/y", "/users/7"),
        ("https://h/users/7#frag/x", "/users/7"),
        ("https://h", "/"),
        ("https://h?x=/y", "/"),
        ("https://h:8000/", "/"),
        ("https://u:p@h/a", "/a"),
        ("https://h/a%2Fb/%63", "/a/b/c"),
        ("https://h/%2561", "/%61"),
        ("https://h/caf%C3%A9", "/caf\u00e9"),
        ("https://h/%ff", "/\ufffd"),
        ("https://h/a%3Fb", "/a?b"),
        ("https://h//a", "//a"),
    ],
)
def test_the_path_is_decoded_once(url: str, path: str) -> None:
    """What hides a path in percent-encoding does not hide it from a glob."""
    assert patterns.path_of(url) == path


def test_statuses_are_codes_families_and_ranges() -> None:
    """Any mixture of them is one set."""
    codes = patterns.statuses(["204", "4XX", " 500-502 "])

    assert codes == {204, *range(400, 500), 500, 501, 502}


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("image/*", "image/png"),
        ("IMAGE/PNG", "image/png"),
        ("application/*+json", "application/problem+json"),
        ("*/*", "text/plain"),
    ],
)
def test_a_content_type_is_matched_by_a_glob(pattern: str, kind: str) -> None:
    """A star stands for any characters."""
    glob = patterns.content_types([pattern])

    assert glob is not None
    assert glob.match(kind) is not None


def test_nothing_is_compiled_of_no_pattern() -> None:
    """A rule that is not set is not there."""
    assert patterns.paths([]) is None
    assert patterns.content_types(()) is None
    assert patterns.statuses(()) == frozenset()


def test_a_content_type_is_compared_bare() -> None:
    """Parameters and case say nothing about what it is."""
    assert patterns.bare_content_type(" Text/HTML ; charset=x") == "text/html"


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (patterns.path_problem("admin"), "begins with /"),
        (patterns.path_problem("/a?x=1"), "before the query"),
        (patterns.path_problem("/a#b"), "before the query"),
        (patterns.path_problem("/caf%C3%A9"), "percent-decoded"),
        (patterns.status_problem("abc"), "expected a status"),
        (patterns.status_problem("4x"), "expected a status"),
        (patterns.status_problem("499-400"), "ends before it begins"),
        (patterns.content_type_problem("image"), "expected a content type"),
        (patterns.content_type_problem("a/b/c"), "expected a content type"),
        (patterns.content_type_problem("text/html; charset=utf-8"), "parameters"),
        (patterns.host_problem("https://api.example.com"), "expected a host"),
        (patterns.host_problem("api.example.com/v1"), "expected a host"),
        (patterns.host_problem("owl@api.example.com"), "expected a host"),
        (patterns.host_problem("a.example b.example"), "expected a host"),
        (patterns.host_problem("a.example,b.example"), "expected a host"),
        (patterns.host_problem("localhost:port"), "expected a host"),
        (patterns.host_problem("localhost:"), "expected a host"),
        (patterns.host_problem(":8000"), "expected a host"),
        (patterns.host_problem("::1"), "expected a host"),
        (patterns.host_problem("*.example.com"), "compared whole"),
        (patterns.host_problem(".example.com"), "compared whole"),
        (patterns.method_problem("GET, HEAD"), "expected a method"),
        (patterns.method_problem("*"), "expected a method"),
        (patterns.method_problem(" "), "expected a method"),
    ],
)
def test_a_pattern_that_means_nothing_is_told(problem: str | None, words: str) -> None:
    """Each is refused with what would mend it."""
    assert words in (problem or "")


def test_a_pattern_that_means_something_is_fine() -> None:
    """No complaint about the usual ones."""
    problems = [
        *map(patterns.path_problem, ["/", "/v1/**", "**.png", "*"]),
        *map(patterns.status_problem, ["404", "4xx", "400-499", "200-200"]),
        *map(patterns.content_type_problem, ["image/*", "*/*", "application/*+json"]),
        *map(patterns.host_problem, ["api.example.com", "LOCALHOST:8000", "[::1]:80"]),
        *map(patterns.host_problem, [" my_app ", "192.0.2.7", "xn--caf-dma.example."]),
        *map(patterns.method_problem, ["OPTIONS", " head ", "M-SEARCH"]),
    ]

    assert problems == [None] * len(problems)
