"""Encodes steps, and decodes events and observations."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace

import pytest

from runnerops.model.common import HOST_FORMAT
from runnerops.model.inventory import Requester
from runnerops.model.plan import Plan
from runnerops.model.steps import Step
from runnerops.remote import protocol


@pytest.mark.parametrize("field", ["", "a\tb", "a\nb", "\x00", "\x7f", "\x1b[0m", "\ud800"])
def test_what_the_language_cannot_say_is_refused(field: str) -> None:
    with pytest.raises(protocol.StepError, match="run"):
        protocol.encode([Step("run", ("5", "echo", field))])


def test_a_path_that_is_no_utf_8_is_said_byte_for_byte() -> None:
    path = b"/etc/gr\xfcn".decode("utf-8", "surrogateescape")
    assert protocol.encode([Step("run", ("5", "cat", path))]) == b"run\t5\tcat\t/etc/gr\xfcn\n"


def test_the_rollback_has_the_time_of_its_steps() -> None:
    rollback = [Step("swap", ("/a", "0", "1")), Step("run", ("120", "true")), Step("await", ("60", "ok", "true"))]
    assert protocol.stop_timeout(rollback) == 210


def test_a_payload_cut_short_anywhere_has_no_steps() -> None:
    plan = Plan(
        "h", 3, Requester("me", "laptop"), forward=(Step("complete", ("docker",)),), files={"new.1": b"x" * 3000}
    )
    whole = protocol.payload(replace(plan, secrets=frozenset({"s3cret"})))
    with tarfile.open(fileobj=io.BytesIO(whole)) as tar:
        members = tar.getmembers()
    assert members[-1].name == "forward"
    for member in members[1:]:
        with tarfile.open(fileobj=io.BytesIO(whole[: member.offset])) as tar:
            assert "forward" not in tar.getnames()


def test_the_payload_is_private_and_whole() -> None:
    plan = Plan(
        "h",
        3,
        Requester("me", "laptop", "c0ffee"),
        forward=(Step("complete", ("docker",)),),
        files={"new.1": b"x"},
        applied={"/a": "0" * 64},
    )
    with tarfile.open(fileobj=io.BytesIO(protocol.payload(replace(plan, secrets=frozenset({"s3cret", ""}))))) as tar:
        files = {member.name: (member.mode, tar.extractfile(member)) for member in tar.getmembers()}
    assert {mode for mode, _ in files.values()} == {0o600}
    content = {name: file.read() for name, (_, file) in files.items() if file}
    assert content["forward"] == b"complete\tdocker\n"
    assert content["secrets"] == b"s3cret\n"
    assert content["new.1"] == b"x"
    assert content["host.sh"].startswith(b"#!/bin/sh")
    meta = json.loads(content["meta"])
    assert (meta["run"], meta["requested_by"]["commit"], meta["files"]) == (3, "c0ffee", {"/a": "0" * 64})
    assert meta["format"] == HOST_FORMAT


@pytest.mark.parametrize(
    "line", ["", "x", "1\tforward\t0\tstep", "1\tforward\t0\tnonsense\tx", "odo\t0\tdone\t", "1\tforward\tx\tdone\t"]
)
def test_a_line_cut_short_is_no_event(line: str) -> None:
    assert protocol.Decoder("h").event(line) is None


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31;1mERROR\x1b[0;m: gone", "ERROR: gone"),
        ("\x1b]0;title\x07text", "text"),
        ("list[0;m] stays", "list[0;m] stays"),
        ("cut off \x1b[3", "cut off "),
        ("\x1b(", "("),
        ("\x9b2Jall\x9d0;title\x9c gone\x85", "all gone"),
    ],
)
def test_escape_sequences_go_whole(raw: str, shown: str) -> None:
    assert protocol.plain(raw) == shown
