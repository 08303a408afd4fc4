"""A hold on a host: it is stored there, every observation sees it, and it can be ended, under each shell."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import replace
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

import pytest

from runnerops.model.facts import Facts
from runnerops.model.host_state import Hold
from runnerops.remote import observation, state_folder
from runnerops.remote.state import host_state
from tests.integration.demo_host import playing, typed
from tests.shells import SHELLS

KEPT = Hold(2_000_000_000, "anna@laptop", "disk swap: see #7\t'$(x)'")
FRAME = package_files("runnerops.remote").joinpath("observe.sh").read_text()


def shell(argv: tuple[str, ...], script: str, words: tuple[str, ...], root: Path) -> subprocess.CompletedProcess[bytes]:
    environ = {"PATH": os.environ["PATH"], "RUNNEROPS_ROOT": str(root)}
    return subprocess.run([*argv, "-c", script, *words], env=environ, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("argv", SHELLS)
def test_a_hold_is_kept_on_the_host_and_seen_by_every_observation(argv: tuple[str, ...], tmp_path: Path) -> None:
    def run(command: tuple[str, ...]) -> int:
        _, _, script, *words = command
        return shell(argv, script, tuple(words), tmp_path).returncode

    def seen(clock: int) -> Hold | None:
        completed = shell(argv, f"word=w\n{FRAME}\nsystemctl() {{ :; }}\nobserve_runs", (), tmp_path)
        answers, _ = observation.decode_observation("w", completed.stdout)
        return host_state(answers, {}, Facts(clock=clock)).hold

    assert run(state_folder.release()) == state_folder.NOT_HELD
    assert run(state_folder.hold(replace(KEPT, reason="older"))) == run(state_folder.hold(KEPT)) == 0
    assert seen(1_999_999_999) == replace(KEPT, reason="disk swap: see #7 '$(x)'")
    assert seen(2_000_000_000) is None, "its time is over"
    state = tmp_path / "var/lib/runnerops"
    assert [(path.name, path.stat().st_mode & 0o777) for path in state.iterdir()] == [("hold", 0o600)]
    assert state.stat().st_mode & 0o777 == 0o700
    assert (run(state_folder.release()), seen(0)) == (0, None)


def test_a_hold_and_its_end_as_json(tmp_path: Path) -> None:
    with playing(tmp_path) as site:
        gone = "  gone: {address: 127.0.0.1, ssh: {port: 1}, docker: {registry-mirrors: []}}\n"
        with (site.project / "inventory.yml").open("a") as file:
            file.write(gone)

        def said(*words: str) -> tuple[dict[str, Any], dict[str, Any]]:
            document = json.loads(typed(site, *words, "demo", "gone", "--output", "json", code=1))
            assert document["version"] == 1
            document_of_host, gone = document["hosts"]
            assert (gone["host"], gone["result"]) == ("gone", "unreachable")
            return document_of_host, gone

        tree, _ = said("hold", "--reason", "disk swap", "--until", "4h")
        assert (tree["host"], tree["result"], tree["reason"]) == ("demo", "held", "disk swap")
        assert time.time() < tree["until"] < time.time() + 4 * 3600 + 60
        assert said("release")[0] == {"host": "demo", "result": "released"}
        assert said("release")[0] == {"host": "demo", "result": "not-held"}
