"""Users' functions: what they see and return, and that they can stop nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shipper.lookup import Complaints, UnusableError, UserFunction, load_function
from shipper.lookup.function import FORGIVING_ANSWERS, MAX_STRIKES, directory_of
from shipper.matching import Answer, Miss
from shipper.request_view import RequestView
from tests.support.events import RecordingEvents
from tests.support.no_threads import no_thread_left
from tests.support.records import MASK, a_record, json_body, text_body

SECONDS = 30.0  # no answer of these tests takes so long
SOON = 0.02
REQUEST = RequestView(a_record())


class Desk:
    """A function and what is told of it."""

    def __init__(
        self, call: Callable[[RequestView], object], seconds: float = SECONDS
    ) -> None:
        self.events = RecordingEvents()
        self.function = UserFunction(
            "m:f",
            call,
            timeout_seconds=seconds,
            complaints=Complaints(self.events, mask="sha512"),
        )

    def whys(self) -> list[object]:
        """Return the reasons told."""
        return [fields.get("why") for _, fields in self.events.told]


def test_a_function_names_a_caller() -> None:
    """Label and e-mail may be missing, other entries are ignored."""
    answers = [
        {"api_key": "k", "label": "l", "email": "e"},
        {"api_key": 7, "label": None, "other": 1},
    ]
    desk = Desk(lambda _: answers.pop(0))

    found = [desk.function.ask(REQUEST), desk.function.ask(REQUEST)]

    assert found == [Answer("k", "l", "e"), Answer("7")]


def test_half_a_surrogate_pair_cannot_stop_shipping() -> None:
    """Such a text has no UTF-8, so it could neither be masked nor sent."""
    desk = Desk(lambda _: {"api_key": "k\ud800", "label": "l\ud800", "email": "\udfff"})

    found = desk.function.ask(REQUEST)

    assert found == Answer("k\ufffd", "l\ufffd", "\ufffd")


def test_none_leaves_it_to_the_next_rule() -> None:
    """Nothing is told of it."""
    desk = Desk(lambda _: None)

    assert desk.function.ask(REQUEST) is Miss.NONE
    assert desk.events.told == []


class _Odd:
    def __str__(self) -> str:
        raise RuntimeError("owl-secret")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("owl-secret", "it returned str, expected a dict or None"),
        ({}, "it returned no api_key, or an empty one"),
        ({"api_key": ""}, "it returned no api_key, or an empty one"),
        ({"api_key": "k" * 70_000}, "it returned an api_key that is far too long"),
        ({"api_key": _Odd()}, "RuntimeError at test_lookup_function line"),
    ],
)
def test_an_answer_that_is_none_is_told_without_its_values(
    answer: object, why: str
) -> None:
    """The next rule is tried."""
    desk = Desk(lambda _: answer)

    assert desk.function.ask(REQUEST) is Miss.FAILED
    (told,) = desk.whys()
    assert why in str(told).replace(__name__, "test_lookup_function")
    assert "owl-secret" not in str(told)


@pytest.mark.parametrize("error", [KeyError("owl-secret"), SystemExit("owl-secret")])
def test_an_exception_is_told_once_and_counted(error: BaseException) -> None:
    """Kind and line are told at the 1st and the 10th time, the message never."""

    def fails(_: RequestView) -> None:
        raise error

    desk = Desk(fails)
    found = {desk.function.ask(REQUEST) for _ in range(25)}

    assert found == {Miss.FAILED}
    assert [fields["count"] for _, fields in desk.events.told] == [1, 10]
    assert type(error).__name__ in str(desk.whys()[0])
    assert "owl-secret" not in str(desk.events.told)


def test_without_a_thread_the_next_rule_is_tried() -> None:
    """Shipping does not end for want of a thread."""
    desk = Desk(lambda _: {"api_key": "owl"})
    with no_thread_left():
        found = desk.function.ask(REQUEST)

    assert (found, desk.function.ask(REQUEST)) == (Miss.FAILED, Answer("owl"))
    assert desk.whys() == ["can't start new thread, to ask it in"]


def test_a_function_that_is_closed_leaves_no_thread() -> None:
    """Reloads one after the other do not add threads; asked again, it starts one."""
    function = Desk(lambda _: {"api_key": "owl"}).function
    before = set(threading.enumerate())
    function.ask(REQUEST)
    (thread,) = set(threading.enumerate()) - before
    function.close()
    thread.join(20)
    function.close()

    assert not thread.is_alive()
    assert function.ask(REQUEST) == Answer("owl")


def test_a_function_that_hangs_is_switched_off() -> None:
    """It costs a few time-outs and one word, and then nothing."""
    gate = threading.Event()
    asked: list[RequestView] = []

    def hangs(request: RequestView) -> None:
        asked.append(request)
        gate.wait(SECONDS)

    desk = Desk(hangs, SOON)
    found = [desk.function.ask(REQUEST) for _ in range(MAX_STRIKES + 2)]
    gate.set()

    assert found == [Miss.LATE] * MAX_STRIKES + [Miss.OFF] * 2
    assert len(asked) == MAX_STRIKES
    assert desk.events.names().count("identify_switched_off") == 1


def test_a_late_answer_is_not_taken_for_the_next_request() -> None:
    """Each request gets its own answer or none."""
    gates = [threading.Event(), threading.Event()]
    gates[1].set()
    keys = ["late", "in-time"]

    def slow(_: RequestView) -> dict[str, str]:
        key, gate = keys.pop(0), gates.pop(0)
        gate.wait(SECONDS)
        return {"api_key": key}

    first = gates[0]
    desk = Desk(slow, 0.2)
    late = desk.function.ask(REQUEST)
    first.set()

    assert late is Miss.LATE
    assert desk.function.ask(REQUEST) == Answer("in-time")


def test_answers_in_time_make_up_for_a_late_one() -> None:
    """A busy minute once a day does not switch a good function off."""
    gate = threading.Event()
    is_late = False

    def sometimes(_: RequestView) -> None:
        if is_late:
            gate.wait(SECONDS)

    desk = Desk(sometimes, 0.2)
    for _ in range(MAX_STRIKES + 1):
        is_late = True
        assert desk.function.ask(REQUEST) is Miss.LATE
        is_late = False
        for _ in range(FORGIVING_ANSWERS):
            desk.function.ask(REQUEST)
    gate.set()

    assert desk.function.ask(REQUEST) is Miss.NONE


def test_a_request_is_seen_as_it_lies_on_disk() -> None:
    """Names of headers in lower case, the first of several values, masks in auth."""
    view = RequestView(
        a_record(
            method="POST",
            url="https://api.example.com/owls?team=a&team=b",
            status=201,
            request_headers=[("X-Team", "a"), ("x-team", "b"), ("X-Api-Key", MASK)],
            query=[("team", "a"), ("team", "b")],
            sent=json_body({"a": 1}),
            envelope={
                "auth": {"scheme": "basic", "user": "u", "headers": {"x-api-key": MASK}}
            },
        )
    )

    assert (view.method, view.status, view.client) == ("POST", 201, "203.0.113.9")
    assert view.url == "https://api.example.com/owls?team=a&team=b"
    assert view.headers == {"x-team": "a", "x-api-key": MASK}
    assert view.query == {"team": "a"}
    assert view.body == '{"a":1}'
    assert view.form == {}
    assert (view.auth.scheme, view.auth.user, view.auth.id) == ("basic", "u", "")
    assert view.auth.headers == {"x-api-key": MASK}


def test_a_form_is_seen_by_its_fields() -> None:
    """Its text was taken apart by the writer."""
    form = "application/x-www-form-urlencoded"
    params = [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]
    view = RequestView(a_record(sent={"mimeType": form, "params": params}))

    assert view.form == {"a": "1"}
    assert view.body is None


def test_a_request_without_a_body_and_credentials_has_empty_ones() -> None:
    """A function asks `auth.claims.get("sub")` without looking first."""
    assert REQUEST.body is None
    assert REQUEST.auth.claims == {}
    assert RequestView(a_record(sent=text_body("owl"))).body == "owl"


@pytest.mark.parametrize("part", ["headers", "query", "form"])
def test_nothing_of_a_request_can_be_changed(part: str) -> None:
    """A function sees the record; it does not write it."""
    view: Any = RequestView(a_record(envelope={"auth": {"claims": {"sub": "x"}}}))

    with pytest.raises(TypeError):
        getattr(view, part)["a"] = "b"
    with pytest.raises(TypeError):
        view.auth.claims["sub"] = "y"
    with pytest.raises(AttributeError):
        view.status = 200


MODULE = """\
CALLERS = {}
class Teams:
    @staticmethod
    def name(request):
        return {"api_key": request.client}
async def later(request): ...
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A directory with modules, on no path yet."""
    (tmp_path / "owl_good.py").write_text(MODULE)
    (tmp_path / "owl_exits.py").write_text("import sys\nsys.exit('owl-secret')\n")
    (tmp_path / "owl_needs.py").write_text("import no_such_owl\n")
    (tmp_path / "owl_syntax.py").write_text("def (:\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    return str(tmp_path)


def test_a_function_is_found_beside_the_configuration(directory: str) -> None:
    """Its module need not be installed, and hides none that is."""
    call = load_function("owl_good:Teams.name", directory)

    assert call(REQUEST) == {"api_key": "203.0.113.9"}
    assert sys.path[-1] == directory
    assert directory_of(f"{directory}/config.toml") == directory
    assert directory_of(None) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("no_such_owl:f", "there is no module no_such_owl"),
        ("owl_needs:f", "there is no module no_such_owl"),
        ("owl_exits:f", "importing owl_exits failed: SystemExit at owl_exits line 2"),
        ("owl_syntax:f", "importing owl_syntax failed: SyntaxError"),
        ("owl_good:nobody", "the module owl_good has no nobody"),
        ("owl_good:CALLERS", "owl_good:CALLERS is no function"),
        ("owl_good:later", "owl_good:later is async"),
    ],
)
def test_what_cannot_be_called_is_told(name: str, problem: str, directory: str) -> None:
    """What is wrong, and never what the module said."""
    with pytest.raises(UnusableError) as caught:
        load_function(name, directory)

    assert caught.value.problem == problem
