"""Which names a list hides, of which its paths are steps from the root on."""

from __future__ import annotations

import pytest

from shipper.lists import Lists


@pytest.mark.parametrize(
    ("path", "name", "is_hidden"),
    [
        ("user.ssn", "user[ssn]", True),
        ("user.ssn", "user.ssn.first", True),
        ("user.ssn", "0.user.12.ssn", True),
        ("user.ssn", "user", False),
        ("user.ssn", "a.user.ssn", False),
        ("items.0.pin", "items[0][pin]", True),
        ("items.0.pin", "items[7][0][pin]", True),
        ("items.0.pin", "items[7][pin]", False),
        ("*.pin", "a[0][pin]", True),
        ("*.pin", "a[b][pin]", False),
    ],
)
def test_the_steps_of_a_parameter_are_those_of_a_path(
    path: str, name: str, is_hidden: bool
) -> None:
    """An index of an array is a step that a path may leave out."""
    assert Lists([path]).hides_param[name] is is_hidden


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["0." * 5000 + "ssn", "user" + "[0]" * 5000 + "[ssn]"])
@pytest.mark.parametrize("path", ["user.ssn", "*.*.*.*.*.*.ssn"])
def test_a_parameter_of_many_steps_takes_no_more_time_than_its_length(
    path: str, name: str
) -> None:
    """Any client can send one, and it is nobody's end."""
    assert Lists([path]).hides_param[name] is (
        path.startswith("*") or name.startswith("user")
    )


@pytest.mark.parametrize("name", ["a+b", "%41", "user[a+b]", "a%2Bb", "user[%2541]"])
def test_a_name_is_listed_decoded_or_not(name: str) -> None:
    """Parameters are asked for as a URL has them, and decoded as HAR has them."""
    lists = Lists(["a+b", "%41"])

    assert lists.hides_param[name]
    assert not lists.hides_param["a"]
    assert not lists.hides_param["x+%41"]


def test_an_allowlist_keeps_only_what_is_listed_decoded() -> None:
    """In a URL a plus is a blank."""
    assert Lists(["a+b"], is_allowlist=True).hides_param["a+b"]
