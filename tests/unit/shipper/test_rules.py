"""Rules for callers: what may be written, and what is said of the rest."""

from __future__ import annotations

import re

import pytest

from shipper.identify import Identifier
from shipper.rules import FUNCTION, Rule, check_rule, function_in, read_rule


@pytest.mark.parametrize(
    "text",
    [
        "header:X-Api-Key",
        "query:a b",
        "jwt:sub",
        "cookie:session",
        "body:account.id",
        "bearer",
        "basic-user",
        "client-ip",
        "owl_callers:by_team",
        "owls.callers:Teams.name",
    ],
)
def test_a_good_rule_is_not_complained_about(text: str) -> None:
    """The configuration asks before anything is built."""
    assert check_rule(text) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected one of"),
        ("nonsense", "expected one of"),
        ("a-b:c", "expected one of"),
        ("owls:", "expected one of"),
        ("heade:X", "did you mean header:X?"),
        ("headers:X", "did you mean header:X?"),
        ("Header:X", "did you mean header:X?"),
        ("header", "needs a name, as in header:X-Api-Key"),
        ("client_ip", "did you mean client-ip?"),
        ("cookies", "did you mean cookie?"),
        ("header:", "needs a name"),
        ("jwt:", "needs a name, as in jwt:sub"),
        ("header:a b", "not the name of a header"),
        ("body:a..b", "names with dots between them"),
        ("bearer:x", "takes no name"),
    ],
)
def test_a_bad_rule_is_told(text: str, words: str) -> None:
    """The complaint says what was expected, and what was meant."""
    problem = check_rule(text)

    assert problem is not None
    assert words in problem
    assert function_in(text) is None
    with pytest.raises(ValueError, match=re.escape(words)):
        Identifier(rules=[text])


def test_what_is_no_kind_of_ours_is_a_function() -> None:
    """Module and function are kept as they were written."""
    assert Rule("owls.m:f", FUNCTION, "owls.m:f") == read_rule("owls.m:f")
    assert function_in("owls.m:f") == "owls.m:f"
    assert function_in("header:X") is None
