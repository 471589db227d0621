"""Values that keep a part of themselves out of logs and tracebacks."""

from __future__ import annotations

from typing import ClassVar

from shipper.secretive import Secretive


class Door(Secretive, frozen=True):
    """A value with a secret."""

    hidden: ClassVar = ("code",)

    code: str
    street: str = "Main Street"


def test_what_is_hidden_is_not_shown() -> None:
    """And compared all the same."""
    door = Door("1234")

    assert repr(door) == str(door) == "Door(street='Main Street')"
    assert door != Door("1235")
    assert f"{[door]}" == "[Door(street='Main Street')]"
