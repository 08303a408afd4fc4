"""Steps out, events and observations in."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from runnerops.model import Origin, Plan, ServiceName, Step, Verb
from runnerops.remote import protocol, state
from tests.unit.walker import SHELLS


@pytest.mark.parametrize("field", ["", "a\tb", "a\nb", "\x00", "\x7f", "\x1b[0m"])
def test_what_the_language_cannot_say_is_refused(field: str) -> None:
    with pytest.raises(protocol.StepError, match="run"):
        protocol.encode([Step("run", ("5", "echo", field))])


def test_the_payload_is_private_and_whole() -> None:
    plan = Plan(
        "h",
        3,
        Origin("me", "laptop", "c0ffee"),
        todo=(Step("strike", ("docker",)),),
        files={"new.1": b"x"},
        applied={"/a": "0" * 64},
    )
    with tarfile.open(fileobj=io.BytesIO(protocol.payload(plan, ("s3cret", "")))) as tar:
        files = {member.name: (member.mode, tar.extractfile(member)) for member in tar.getmembers()}
    assert {mode for mode, _ in files.values()} == {0o600}
    content = {name: file.read() for name, (_, file) in files.items() if file}
    assert content["todo"] == b"strike\tdocker\n"
    assert content["secrets"] == b"s3cret\n"
    assert content["new.1"] == b"x"
    assert content["host.sh"].startswith(b"#!/bin/sh")
    meta = json.loads(content["meta"])
    assert (meta["run"], meta["origin"]["commit"], meta["files"]) == (3, "c0ffee", {"/a": "0" * 64})


@pytest.mark.parametrize("line", ["", "x", "1\ttodo\t0\tstep", "1\ttodo\t0\tnonsense\tx"])
def test_a_line_cut_short_is_no_event(line: str) -> None:
    assert protocol.Decoder("h").event(line) is None


def observe(root: Path, shell: tuple[str, ...], calls: list[tuple[str, ...]], functions: str = "") -> bytes:
    script = protocol.frame("w0rd", calls, [functions])
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "RUNNEROPS_ROOT": str(root)}
    done = subprocess.run([*shell, "-s"], input=script, capture_output=True, env=environ, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


SLOW = "slow() { sleep 0.3; ask slow printf 'one\\ntwo\\n'; }\nbig() { ask big head -c 300000 /dev/zero; }"


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_answers_and_files_of_any_content(shell: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    tricky = b"\nw0rd end\nw0rd fact x\n\xff\x00\n\n"
    (folder / "a b").write_bytes(tricky)
    (folder / "a b").chmod(0o640)
    (folder / "link").symlink_to(folder / "a b")
    (folder / "away").symlink_to("/proc/self/status")
    calls = [
        ("slow",),
        ("big",),
        *(("file", f"/etc/{name}") for name in ("a b", "link", "away", "none")),
        ("file", "/etc"),
        ("ask", "no", "false"),
    ]
    answers, files = protocol.decode_observation("w0rd", observe(tmp_path, shell, calls, SLOW))
    assert answers["slow"].output == b"one\ntwo\n"
    assert len(answers["big"].output) == 300000
    assert answers["no"].status == 1
    found = files["/etc/a b"]
    assert (found.kind, found.content, found.mode) == ("file", tricky, "0640")
    assert (files["/etc/link"].path, files["/etc/link"].content) == ("/etc/a b", tricky)
    assert [files[path].kind for path in ("/etc/away", "/etc/none", "/etc")] == ["link", "absent", "directory"]
    facts = state.facts(answers)
    assert facts.clock > 1_700_000_000
    assert "tar" in facts.tools


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell[0])
def test_what_runnerops_keeps_there(shell: tuple[str, ...], tmp_path: Path) -> None:
    home = tmp_path / "var/lib/runnerops"
    (home / "owed").mkdir(parents=True)
    (home / "owed/docker").write_text("restart 2 abc\n")
    (home / "owed/registry").write_text("nonsense\n")
    for number, end in ((2, "applied"), (10, "")):
        run = home / f"runs/{number}"
        run.mkdir(parents=True)
        meta = {
            "run": number,
            "origin": {"user": "me", "machine": "m", "commit": "", "pipeline": ""},
            "digest": "d",
            "files": {"/a": f"{number}"},
        }
        (run / "meta").write_text(json.dumps(meta) + "\n")
        (run / "todo").write_text(
            f"stage\told.1\t/a\t0644\troot:root\told{number}\nstage\tnew.1\t/a\t0644\troot:root\tnew{number}\n"
        )
        (run / "log").write_text("1.0\t\t-1\tnote\tclock 5\n" + (f"2.0\t\t-1\tend\t{end}\n" if end else ""))
    answers, files = protocol.decode_observation("w0rd", observe(tmp_path, shell, []))
    have = state.host_state(answers, files, state.facts(answers))
    assert {(owed.service, owed.verb, owed.run, owed.invocation) for owed in have.owed} == {
        (ServiceName.DOCKER, Verb.RESTART, 2, "abc"),
        (ServiceName.REGISTRY, Verb.RESTART, 0, ""),
    }
    assert have.last
    assert (have.last.number, have.last.result, have.last.origin.user) == (10, "", "me")
    assert have.applied == {"/a": "2"}
    assert have.staged == {"/a": {"new2", "new10"}}


def test_an_untouched_host_has_no_state(tmp_path: Path) -> None:
    answers, files = protocol.decode_observation("w0rd", observe(tmp_path, ("dash",), []))
    have = state.host_state(answers, files, state.facts(answers))
    assert (have.owed, have.last, have.applied, have.staged) == ((), None, {}, {})
    assert not list(tmp_path.iterdir())
