"""What `runnerops abort` says about the consequences of a rollback."""

from __future__ import annotations

from io import StringIO

from runnerops.commands.abort import cost_lines, show
from runnerops.model.host_state import Run
from runnerops.model.inventory import Host, Requester
from runnerops.model.run import Event, Record
from runnerops.model.steps import Step
from runnerops.remote.history import History
from runnerops.report.screen import Screen

FORWARD = (
    Step("guard", ("x", "true")),
    Step("stage", ("new.1", "/a", "0644", "root:root", "0" * 64)),
    Step("phase", ("docker",)),
    Step("swap", ("/a", "0" * 64, "1" * 64)),
    Step("run", ("60", "true"), "reload dockerd"),
    Step("phase", ("gitlab_runner",)),
    Step("run", ("60", "true"), "restart gitlab-runner"),
)
ROLLBACK = (
    Step("phase", ("docker",)),
    Step("intend", ("docker", "reload 1 any")),
    Step("swap", ("/a", "1" * 64, "0" * 64)),
    Step("run", ("60", "true"), "reload dockerd as before"),
    Step("phase", ("gitlab_runner",)),
    Step("run", ("60", "true"), "start gitlab-runner"),
)
NOTHING = ["  taking it back: nothing was changed yet, so it just ends"]
DOCKER = ["  taking it back:", "    ← swap /a", "    ← reload dockerd as before"]
AT = [(-1, NOTHING), (1, NOTHING), (2, DOCKER), (4, DOCKER), (5, [*DOCKER, "    ← start gitlab-runner"])]


def test_the_phases_that_had_begun_are_rolled_back() -> None:
    run = Run(3, Requester("anna", "laptop"), "", "", running=True)
    for last, texts in AT:
        events = tuple(Event("h", 1.0, "forward", step, "step", "") for step in range(last + 1))
        record = Record(run, forward=FORWARD, rollback=ROLLBACK, events=events)
        assert [text for _, text in cost_lines(record)] == texts, last


def test_the_run_that_asks_for_a_token_has_more_to_lose() -> None:
    record = Record(Run(3, Requester("anna", "laptop"), "", "", running=True), command="rotate", forward=FORWARD[:1])
    assert ["is lost, and the old one is then refused" in text for _, text in cost_lines(record)] == [True]


def test_every_run_that_would_be_rolled_back_is_shown() -> None:
    """However many there are, and all of them different."""
    out, hosts = StringIO(), {f"host{number}": Host(f"host{number}", "192.0.2.1") for number in range(30)}
    live = {
        name: Record(Run(3, Requester(f"anna{name}x", "laptop"), "", "", running=True, started_at=1), forward=FORWARD)
        for name in hosts
    }
    show({name: History(9, (record,)) for name, record in live.items()}, live, hosts, Screen(out=out, err=out))
    output = out.getvalue()
    assert [name for name in hosts if f"  {name} (run 3)" not in output] == []
    assert output.count("taking it back") == 30
