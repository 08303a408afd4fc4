"""Runs with their files and steps, and what must come of them, wherever they are walked. Data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from runnerops.model.common import ABSENT
from runnerops.model.host_state import sha256
from runnerops.model.steps import Step

A, B, C = "/etc/runnerops-contract/a.conf", "/srv/runnerops-contract/deep/b.conf", "/etc/runnerops-contract/c.conf"
OLD, NEW, OTHER = b"old\n", b"new\n", b"other\n"
BESIDE = "/etc/runnerops-contract/.a.conf.runnerops"
OWED = "/var/lib/runnerops/intents/docker"
FOLDERS = ("/etc/runnerops-contract", "/srv/runnerops-contract")
SECRET = "s3cret-s3cret"
File = tuple[bytes, str]
"""Content and mode."""


@dataclass(frozen=True, slots=True)
class Case:
    """`before` and `after` are files by path (after: None where there must be none); `notes` are what is said of a failure."""

    name: str
    ends: str
    forward: tuple[Step, ...]
    rollback: tuple[Step, ...] = ()
    before: Mapping[str, File] = field(default_factory=lambda: {A: (OLD, "0644")})
    after: Mapping[str, File | None] = field(default_factory=lambda: {A: (OLD, "0644")})
    notes: tuple[str, ...] = ()


FILES = {"old": OLD, "new": NEW, "other": OTHER}


def stage(name: str, path: str, mode: str = "0644") -> Step:
    return Step("stage", (name, path, mode, "root:root", sha256(FILES[name])))


def swap(path: str, old: str, new: str) -> Step:
    shas = {name: sha256(content) for name, content in FILES.items()} | {"absent": ABSENT}
    return Step("swap", (path, shas[old], shas[new]))


def run(*argv: str) -> Step:
    return Step("run", ("20", *argv))


def wait(condition: str, *argv: str, seconds: str = "20") -> Step:
    return Step("await", (seconds, condition, *argv))


def guard(want: str, *argv: str) -> Step:
    return Step("guard", (want, *argv))


ONE, TWO = Step("phase", ("docker",)), Step("phase", ("registry",))
OWE, STRIKE = Step("intend", ("docker", "restart 1 abc")), Step("complete", ("docker",))
CHANGE = (stage("old", A), stage("new", A, "0600"), stage("other", B))
BACK = (TWO, swap(B, "other", "absent"), ONE, swap(A, "new", "old"))

MUTE = ("exit status 1, and it printed nothing",)

CASES = (
    Case("nothing", "applied", ()),
    Case("a guard that holds", "applied", (guard("yes", "echo", "yes"), guard("old", "cat", A))),
    Case("a guard that does not hold", "failed", (guard("yes", "echo", "no"), ONE), (ONE,), notes=("no",)),
    Case("a guard on the content of a file", "failed", (guard("new", "cat", A),), notes=("old",)),
    Case("a guard that counts what is said, not the status", "applied", (guard("x", "sh", "-c", "echo x; exit 3"),)),
    Case("a command that ends well", "applied", (run("true"), run("test", "-f", A))),
    Case("a command that does not", "failed", (run("sh", "-c", "echo why; exit 1"), ONE), (ONE,), notes=("why",)),
    Case("a file that must be there", "failed", (run("test", "-f", B),), notes=MUTE),
    Case("awaited: success", "applied", (wait("ok", "true"),)),
    Case("awaited: an output", "applied", (wait("=a b", "echo", "a b"), wait("~ld", "cat", A))),
    Case("awaited in vain", "failed", (wait("=yes", "echo", "no", seconds="1"),), notes=("no",)),
    Case(
        "a file changes",
        "applied",
        (*CHANGE, ONE, swap(A, "old", "new")),
        after={A: (NEW, "0600"), B: None},
    ),
    Case(
        "a file comes",
        "applied",
        (stage("other", B, "0640"), ONE, swap(B, "absent", "other")),
        after={B: (OTHER, "0640")},
    ),
    Case("a file goes", "applied", (ONE, swap(A, "old", "absent")), after={A: None}),
    Case("a file that is new already", "applied", (ONE, swap(A, "absent", "old")), after={A: (OLD, "0644")}),
    Case(
        "a content that was not staged",
        "rolled-back",
        (ONE, Step("swap", (A, sha256(OLD), sha256(OLD)))),
        (ONE, swap(A, "new", "old")),
        notes=(f"{BESIDE}.{sha256(OLD)[:12]} is not what was staged",),
    ),
    Case(
        "a file edited meanwhile",
        "rolled-back",
        (*CHANGE, ONE, swap(A, "other", "new")),
        BACK,
        notes=(f"{A} was edited meanwhile",),
    ),
    Case(
        "a content that is not the one named",
        "failed",
        (Step("stage", ("new", A, "0644", "root:root", sha256(OLD))),),
        notes=(f"{BESIDE}.{sha256(OLD)[:12]} is not what was sent",),
    ),
    Case(
        "a failure before the first part",
        "failed",
        (*CHANGE, run("false"), ONE, swap(A, "old", "new")),
        BACK,
        after={A: (OLD, "0644"), B: None},
        notes=MUTE,
    ),
    Case(
        "a failure in the first part",
        "rolled-back",
        (*CHANGE, ONE, swap(A, "old", "new"), run("false"), TWO, swap(B, "absent", "other")),
        BACK,
        after={A: (OLD, "0644"), B: None},
        notes=MUTE,
    ),
    Case(
        "a failure in the second part",
        "rolled-back",
        (*CHANGE, ONE, swap(A, "old", "new"), TWO, swap(B, "absent", "other"), run("false")),
        BACK,
        after={A: (OLD, "0644"), B: None},
        notes=MUTE,
    ),
    Case(
        "a way back that fails goes on",
        "needs-attention",
        (*CHANGE, ONE, swap(A, "old", "new"), run("false")),
        (ONE, run("sh", "-c", "echo stuck; exit 1"), swap(A, "new", "old")),
        notes=(*MUTE, "stuck"),
    ),
    Case("what is owed is written", "applied", (ONE, OWE), after={OWED: (b"restart 1 abc\n", "0600")}),
    Case("what is owed is struck", "applied", (ONE, OWE, STRIKE), after={OWED: None}),
    Case(
        "a secret is not said", "failed", (run("sh", "-c", f"echo before; echo {SECRET}; exit 1"),), notes=("before",)
    ),
)
