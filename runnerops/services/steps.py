"""Steps that several services write, and how a host is asked whether a registry answers there. Pure: builds argv."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Literal

from runnerops.model.common import ServiceName, Sha, Verb
from runnerops.model.facts import Unit
from runnerops.model.host_state import Intent
from runnerops.model.steps import DRAINED, ActionSteps, Step
from runnerops.services.scripts import script

ANY = "any"
"""Stands for every life of a service: for an intent of a rollback, whatever has become of the service by then."""

NOTHING = "none"
"""Stands for the InvocationID or container id of what does not run: a step has no empty fields."""


def answers(url: str, tools: Collection[str]) -> tuple[str, ...]:
    """The argv that succeeds when the registry API at `url` answers from that host; proxies are passed by."""
    target = f"{url.rstrip('/')}/v2/"
    if "curl" in tools or "wget" not in tools:
        return "curl", "-fsS", "--noproxy", "*", "-m", "5", "-o", "/dev/null", target
    return "wget", "-q", "-T", "5", "-O", "/dev/null", target


def guard(expected: str, *argv: str, title: str) -> Step:
    """A command whose output is this now."""
    return Step("guard", (expected, *argv), title)


def run(seconds: int, *argv: str, title: str) -> Step:
    """A command that must end well in time."""
    return Step("run", (str(seconds), *argv), title)


def wait(seconds: int, condition: str, *argv: str, title: str) -> Step:
    """A command asked until it is `ok`, its output equals `=TEXT` or contains `~TEXT`."""
    return Step("await", (str(seconds), condition, *argv), title)


def drain(seconds: int, *argv: str) -> Step:
    """A wait for a service's running jobs, whose first line counts them and the others name them, until it says `gone`."""
    return wait(seconds, DRAINED, *argv, title="wait for running jobs")


def diagnose(unit: str) -> Step:
    """How a unit is, and the last lines of its log, for a person."""
    return run(10, *script("unit-diagnose.sh", unit), title=f"show the state of {unit}")


def intend(service: ServiceName, verb: Verb, run_number: int, invocation: str) -> Step:
    """Writes what is to be done until it is completed: by which run, and to which life of the service."""
    return Step("intend", (service, f"{verb.name.lower()} {run_number} {invocation or NOTHING}"))


def still_intended(intent: Intent | None, invocation: str) -> bool:
    """Whether the intent is for this life of the service; a record that could not be read names none, and counts."""
    return intent is not None and intent.invocation in ("", invocation or NOTHING)


def restore_intent(service: ServiceName, intent: Intent | None) -> Step:
    """In a rollback: the intent of before the run is written again; without one, none stays."""
    if intent is None:
        return Step("complete", (service,))
    return intend(service, intent.verb, intent.run, intent.invocation or ANY)


def intend_again(service: ServiceName, forward: Iterable[Step], run_number: int, *, stopped: bool) -> Iterator[Step]:
    """The intents of a phase's rollback from its first step on: those of its forward steps may be completed by then.

    `stopped`: an earlier phase has stopped this service, so it is to be started.
    """
    due = {step.args[0]: step.args[1].split()[0] for step in forward if step.verb == "intend"}
    if stopped:
        due.setdefault(service, Verb.RESTART.name.lower())
    for name, verb in due.items():
        yield Step("intend", (name, f"{verb} {run_number} {ANY}"))


DISABLED = "its unit is disabled"
"""Why a service acts whose unit would not be started by a boot."""


def with_enablement(steps: ActionSteps, unit: Unit, desired: Literal["enabled", "disabled"]) -> ActionSteps:
    """The steps, and what makes a boot start this unit, or not; it is as it was after the rollback.

    A unit that cannot be enabled (static, masked, generated …) is left alone.
    """
    if {unit.enabled, desired} != {"enabled", "disabled"}:
        return steps
    there, back = ("enable", "disable") if desired == "enabled" else ("disable", "enable")
    return replace(
        steps,
        forward=(run(30, "systemctl", there, unit.name, title=f"{there} {unit.name}"), *steps.forward),
        rollback=(*steps.rollback, run(30, "systemctl", back, unit.name, title=f"{back} {unit.name}")),
    )


def staged_path(path: str, sha: Sha) -> str:
    """Where `host.sh` stages the content with this sha for `path`: beside it, so that a rename is atomic."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}.runnerops.{sha[:12]}"
