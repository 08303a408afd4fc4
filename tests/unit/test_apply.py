"""A run as its client sees it: every way to end, and connections that break."""

from __future__ import annotations

import pytest

import runnerops.engine.runs.apply
from runnerops.engine.runs.apply import apply
from runnerops.engine.runs.outcome import CUT_OFF
from runnerops.errors import HostError
from runnerops.model.common import Result
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.run import Event
from runnerops.model.steps import Step
from runnerops.redact import MASK, Redactor
from runnerops.remote import protocol
from runnerops.remote.links import HostLink
from tests.unit.run_logs import CLOCK, Fake, line

TODO = (
    Step("guard", ("x", "echo", "x")),
    Step("await", ("10", "ok", "curl", "http://192.0.2.10:5000/v2/")),
    Step("phase", ("docker",)),
    Step("run", ("60", "systemctl", "reload", "docker")),
)
PLAN = Plan(
    "h",
    7,
    Requester("me", "laptop"),
    forward=TODO,
    rollback=(Step("phase", ("docker",)),),
    overrides={TODO[1]: "unproven-mirror"},
)


@pytest.fixture(autouse=True)
def fixture_no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runnerops.engine.runs.apply, "RECONNECT_DELAYS_S", (0.0, 0.0, 0.0))


def run(first: Fake, *later: Fake | HostError, redactor: Redactor | None = None) -> tuple[Result, list[Event], str]:
    links = iter(later)

    def reconnect() -> Fake:
        found = next(links, None)
        if isinstance(found, Fake):
            return found
        raise found or HostError("h", "down")

    events: list[Event] = []
    outcome = apply(PLAN, HostLink(lambda: first, reconnect), redactor or Redactor(), events.append)
    return outcome.result, events, "\n".join((outcome.message, *outcome.diagnostics, outcome.hint))


FAILED = (
    line("step", step=3, name="forward")
    + line("note", "no such unit", 3, "forward")
    + line("fail", step=3, name="forward")
)


@pytest.mark.parametrize(
    ("log", "result", "says"),
    [
        (line("end", "applied"), Result.APPLIED, ""),
        (FAILED + line("end", "rolled-back"), Result.ROLLED_BACK, "failed step: run 60 systemctl reload docker"),
        (FAILED + line("end", "rolled-back"), Result.ROLLED_BACK, "no such unit"),
        (FAILED + line("end", "needs-attention"), Result.NEEDS_ATTENTION, "runs/7/log"),
        (line("fail", step=0, name="forward") + line("end", "failed"), Result.FAILED, "as it was"),
        (line("fail", step=1, name="forward") + line("end", "failed"), Result.REFUSED, "--allow unproven-mirror@h"),
        (line("end", "locked"), Result.LOCKED, "another run"),
        (line("end", "interrupted"), Result.FAILED, "as it was"),
        (line("note", CUT_OFF) + line("end", "shutdown"), Result.FAILED, f"{CUT_OFF}; nothing was swapped"),
        (line("note", CUT_OFF) + line("end", "rolled-back"), Result.ROLLED_BACK, "its files are back as they were"),
        (line("note", CUT_OFF) + line("end", "needs-attention"), Result.NEEDS_ATTENTION, "runs/7/log"),
    ],
)
def test_every_end_of_a_run(log: str, result: Result, says: str) -> None:
    found, _, text = run(Fake(CLOCK + log))
    assert found is result
    assert says in text


def test_a_hold_that_was_put_on_the_host_since_keeps_the_run_off() -> None:
    result, events, text = run(Fake("2000000000\tanna@laptop\tdisk swap\n", status=protocol.HELD))
    assert (result, events) == (Result.REFUSED, [])
    assert (
        "held by anna@laptop until 2033-05-18 03:33 UTC: disk swap (since the plan was made); nothing was changed"
        in text
    )
    assert "--allow held@h" in text


def test_events_have_epoch_time_and_no_secret() -> None:
    _, events, text = run(
        Fake(CLOCK + line("note", "it is s3cret", 3, "forward") + FAILED + line("end", "failed")),
        redactor=Redactor(["s3cret"]),
    )
    assert events[0].at == 1002.5
    assert "s3cret" not in text + "".join(event.text for event in events)
    assert MASK in events[0].text


def test_a_lost_connection_is_followed_on_from_its_byte() -> None:
    before = CLOCK + line("step", step=0, name="forward")
    second = Fake(line("done", step=0, name="forward"), None)
    third = Fake(line("end", "applied"))
    result, events, _ = run(Fake(before, None), second, HostError("h", "down"), third)
    assert result is Result.APPLIED
    assert [event.kind for event in events] == ["step", "done", "end"]
    assert second.commands == [protocol.follow(7, len(before))]
    assert third.commands == [protocol.follow(7, len(before) + len(line("done", step=0, name="forward")))]


def test_a_line_cut_off_with_its_connection_is_read_whole_by_the_next() -> None:
    end = line("end", "applied")
    second = Fake(end)
    result, _, _ = run(Fake(CLOCK + end[:7], None), second)
    assert result is Result.APPLIED
    assert second.commands == [protocol.follow(7, len(CLOCK))]


def test_an_end_that_was_not_seen_is_unknown_and_never_a_success() -> None:
    result, _, text = run(Fake(CLOCK, None))
    assert result is Result.UNKNOWN
    assert "it continues" in text
    assert run(Fake(CLOCK, status=protocol.NO_END))[0] is Result.UNKNOWN


@pytest.mark.parametrize(
    ("status", "result", "says"),
    [
        (protocol.RUN_EXISTS, Result.LOCKED, "another run came in between"),
        (protocol.NO_ROOM, Result.FAILED, "check the free space and the permissions of /var/lib/runnerops"),
        (protocol.NO_UNIT, Result.FAILED, "systemd-run"),
        (127, Result.FAILED, "exit status 127"),
    ],
)
def test_a_run_that_never_began(status: int, result: Result, says: str) -> None:
    found, _, text = run(Fake(status=status))
    assert found is result
    assert says in text
