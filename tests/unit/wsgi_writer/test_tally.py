"""The count of attempts and losses."""

from __future__ import annotations

import json
import threading
from typing import Any

from wsgi_writer.rotate.tally import Tally


def numbered(tally: Tally) -> dict[str, Any]:
    """Return the next line, decoded."""
    line: dict[str, Any] = json.loads(tally.numbered(b'{"v":1', b',"entry":1}\n'))
    return line


def test_first_line_has_number_one_and_no_dropped() -> None:
    """A writer that lost nothing says nothing of losses."""
    assert numbered(Tally(7, 9)) == {"v": 1, "w": [7, 9, 1], "entry": 1}


def test_losses_take_numbers_and_are_told_once_confirmed() -> None:
    """Losses leave a gap in the numbers and stay in `dropped` until told."""
    tally = Tally(7, 9)
    tally.count_lost()
    first = numbered(tally)
    tally.lose()
    tally.count_lost()
    second = numbered(tally)

    assert (first["w"], first["dropped"]) == ([7, 9, 2], 1)
    assert (second["w"], second["dropped"]) == ([7, 9, 4], 3)
    assert tally.tell() == 3
    assert "dropped" not in numbered(tally)


def test_losses_of_many_threads_are_all_counted() -> None:
    """Threads that count losses at once lose no count."""
    tally = Tally(7, 9)

    def lose_many() -> None:
        for _ in range(5000):
            tally.count_lost()

    threads = [threading.Thread(target=lose_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert numbered(tally)["dropped"] == 20000
