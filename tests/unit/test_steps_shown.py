"""How steps are shown: by their title everywhere, with their command for `-v`, uncut for `-vv`, and never with a
secret.
"""

from __future__ import annotations

from io import StringIO

import pytest

from runnerops.engine.runs.outcome import outcome_of, unknown_outcome
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.run import Event, diagnostic_texts
from runnerops.model.steps import Step
from runnerops.redact import MASK, step_command, step_text, step_title
from runnerops.remote import protocol
from runnerops.report.document import event_document, outcome_document
from runnerops.report.progress.lines import Lines
from runnerops.report.screen import Screen
from runnerops.report.text import step_lines
from tests.contract.emitted import plans

RESTART = Step("run", ("120", "systemctl", "restart", "docker"), "restart docker")
SCRIPT = "x" * 100
LONG = Step("await", ("30", "=ok", "sh", "-c", SCRIPT, "sh", "docker"), "wait until docker answers")
SWAP = Step("swap", ("/etc/docker/daemon.json", "0" * 64, "1" * 64))
PLAN = Plan("h", 1, Requester("anna", "laptop"), forward=(Step("phase", ("docker",)), RESTART))
SAID = "Job for docker.service failed"
EVENTS = (
    Event("h", 1.0, "forward", 0, "step", ""),
    Event("h", 1.0, "forward", 1, "note", SAID),
    Event("h", 1.0, "forward", 1, "fail", ""),
    Event("h", 1.1, "", -1, "note", SAID),
    Event("h", 1.1, "", -1, "note", "docker.service: started"),
    Event("h", 1.1, "", -1, "note", "docker.service: started"),
    Event("h", 1.2, "", -1, "end", "rolled-back"),
)


def test_every_step_of_every_plan_has_a_short_title_that_is_no_command() -> None:
    steps = {step for plan in plans() for step in (*plan.forward, *plan.rollback, *plan.diagnostics)}
    commands = [step for step in steps if step.verb in {"guard", "run", "await"}]
    assert commands
    assert [step_text(step) for step in commands if not step.title] == []
    titles = {step_title(step) for step in steps}
    assert [title for title in titles if len(title) > 100 or "sh -c" in title or "$" in title] == []


@pytest.mark.parametrize(
    ("step", "title"),
    [
        (RESTART, "restart docker"),
        (Step("phase", ("gitlab_runner",)), "gitlab-runner"),
        (Step("intend", ("docker", "restart 4 abc")), "write the intent: restart docker"),
        (Step("complete", ("docker",)), "remove the intent of docker"),
        (Step("stage", ("old.1", "/a", "0644", "root:root", "0" * 64)), "stage a copy of /a"),
        (Step("stage", ("new.1", "/a", "0644", "root:root", "0" * 64)), "stage the new /a"),
        (SWAP, "swap /etc/docker/daemon.json"),
        (Step("swap", ("/a", "0" * 64, "absent")), "remove /a"),
        (Step("run", ("9", "true")), "run 9 true"),
    ],
)
def test_titles(step: Step, title: str) -> None:
    assert step_title(step) == title


def test_a_command_is_short_under_v_and_whole_under_vv() -> None:
    assert [step_command(step, 0) for step in (LONG, SWAP)] == ["", ""]
    assert SCRIPT not in step_command(LONG, 1)
    assert step_command(LONG, 1).startswith("await 30 =ok sh -c xxx")
    assert step_command(SWAP, 1) == ""
    assert step_command(LONG, 2) == f"await 30 =ok sh -c {SCRIPT} sh docker"
    assert "1" * 64 in step_command(SWAP, 2)
    shown = [text for _, text in step_lines("there", (RESTART,), 1)]
    assert shown == ["  steps there:", "      0 restart docker", "        run 120 systemctl restart docker"]
    assert not [*step_lines("there", (), 1)], "a title above nothing"


@pytest.mark.parametrize(
    "words",
    [
        ("run", "9", "docker", "run", "-e", "DB_PASSWORD=hidden-1", "x"),
        ("run", "9", "docker", "run", "--label=db_password=hidden-1", "x"),
        ("await", "9", "=db_password=hidden-1 ", "docker", "info"),
        ("await", "9", "=a=b db_password=hidden-1 ", "docker", "info"),
        ("await", "9", "~X=api_key=hidden-1", "docker", "info"),
        ("guard", "[a=b,db_password=hidden-1]", "docker", "info"),
        ("run", "9", "registry", "--password", "hidden-1"),
        ("run", "9", "sh", "-c", "true", "sh", "env SECRET=hidden-1"),
        ("run", "9", "curl", "https://me:hidden-1@example.com/v2/"),
    ],
)
def test_what_is_secret_among_the_words_of_a_step_is_masked(words: tuple[str, ...]) -> None:
    (step,) = protocol.decode(["\t".join(words)])
    for text in (step_text(step), step_title(step), step_command(step, 1), step_command(step, 2)):
        assert "hidden-1" not in text
        assert MASK in text
    assert "hidden-1" not in str(event_document(EVENTS[0], step))


@pytest.mark.parametrize(
    "words",
    [
        ("guard", "abc", "systemctl", "show", "-p", "InvocationID", "--value", "docker"),
        ("run", "30", "docker", "compose", "-p", "runnerops", "up", "-d"),
    ],
)
def test_what_only_looks_like_it_is_not(words: tuple[str, ...]) -> None:
    (step,) = protocol.decode(["\t".join(words)])
    assert MASK not in step_command(step, 2)


def test_titles_are_kept_with_a_run() -> None:
    steps = (RESTART, SWAP)
    lines, titles = (text.decode().splitlines() for text in (protocol.encode(steps), protocol.encode_titles(steps)))
    assert [step.title for step in protocol.decode(lines, titles)] == ["restart docker", ""]
    assert [step.title for step in protocol.decode(lines)] == ["", ""]
    assert protocol.decode(lines, titles[1:]) == steps
    odd = Step("run", ("9", "true"), "with\ta tab\nand a line")
    assert protocol.encode_titles((odd,)) == b"with a tab and a line\n"


def test_a_line_of_the_host_is_shown_once_but_as_often_as_a_log_has_it() -> None:
    assert diagnostic_texts(EVENTS) == (SAID, "docker.service: started", "docker.service: started")


def progress(verbose: int) -> list[str]:
    err = StringIO()
    show = Lines(Screen(out=StringIO(), err=err), {"h": PLAN}, verbose=verbose)
    for event in EVENTS:
        show.watch(event)
    outcome = outcome_of(PLAN, EVENTS)
    assert outcome
    show.end(outcome)
    return err.getvalue().splitlines()


def test_a_failure_has_its_title_and_the_words_of_the_host() -> None:
    assert progress(0) == [
        "h: docker",
        "h: failed step: restart docker",
        "h: rolled-back",
        "  failed, and the host is back as it was",
        "  failed step: restart docker",
        f"    {SAID}",
        "    docker.service: started",
        "    docker.service: started",
        "  hint: `runnerops history h -v` shows every step with its command",
    ]
    assert "  its command: run 120 systemctl restart docker" in progress(1)


def test_what_was_said_of_a_run_whose_end_was_not_seen_is_said_before_it() -> None:
    err = StringIO()
    show = Lines(Screen(out=StringIO(), err=err), {"h": PLAN}, verbose=0)
    show.watch(EVENTS[1])
    show.end(unknown_outcome(PLAN))
    assert err.getvalue().splitlines()[0] == f"h:   {SAID}"


def test_json_has_titles_beside_the_steps() -> None:
    assert event_document(EVENTS[2], RESTART)["title"] == "restart docker"
    assert event_document(EVENTS[2], RESTART)["step"] == "run 120 systemctl restart docker"
    outcome = outcome_of(PLAN, EVENTS)
    assert outcome
    document = outcome_document(outcome)
    assert (document["failed"], document["failed_title"]) == ("run 120 systemctl restart docker", "restart docker")
