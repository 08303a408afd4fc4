"""The scripts that find out on the host whether the runner has written its file since the swap, in every shell."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from runnerops.model.common import Tree
from runnerops.model.host_state import sha256
from runnerops.model.steps import Step
from runnerops.services.gitlab_runner.format import PATH
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.steps import rewritten as written
from tests.integration.walker import Walker
from tests.lab.standin.config import Config
from tests.lab.standin.save import save
from tests.shells import SHELLS
from tests.unit.services.runner_builders import OTHER, config, runner

OLD = config(runner(environment=["A=b c", 'Q="x"', "U=ä"], docker={"image": "alpine:3", "volumes": ["/a:/b", "/c"]}))
NEW = {**OLD, "concurrent": 9, "connection_max_age": "20m0s", "log_level": "debug"}
RICH = config(
    runner(
        pre_build_script="set -e\necho 'one' \"two\"\n",
        limit=3,
        cache={"Type": "s3", "s3": {"BucketName": "b", "Insecure": True}},
        docker={
            "image": "alpine:3",
            "services": [{"name": "docker:dind", "command": ["--registry-mirror", "http://192.0.2.1:5000"]}],
            "tmpfs": {"/scratch": "rw,noexec"},
            "pull_policy": ["always", "if-not-present"],
        },
    ),
    runner(name="two", token=OTHER, url="https://gitlab.example.com/"),
    listen_address=":9252",
    check_interval=7,
)


def as_the_runner_writes(tree: Tree, tmp_path: Path, token: str = "glrt-" + "r" * 20) -> str:
    """From memory, with a token that is new."""
    loaded = tomllib.loads(to_toml(tree))
    loaded["runners"][0] |= {"token": token, "id": 7}
    path = tmp_path / "rewritten.toml"
    save(Config(loaded, 0), path, "gitlab-runner")
    return path.read_text()


def walk(walker: Walker, old: Tree, new: Tree, now: str, *, fails: bool = False) -> list[str]:
    """A run that swaps the file and, before its file is read again, finds `now` there; `fails` at its very end."""
    before, after = to_toml(old).encode(), to_toml(new).encode()
    walker.put(PATH, before.decode(), 0o600)
    path = str(walker.at(PATH))
    swap = Step("swap", (PATH, sha256(before), sha256(after)))
    forward = [
        Step("stage", ("old.1", PATH, "0600", "root:root", sha256(before))),
        Step("stage", ("new.1", PATH, "0600", "root:root", sha256(after))),
        Step("phase", ("gitlab_runner",)),
        swap,
        Step("run", ("10", "cp", "now", path)),
        written.is_there(PATH, after),
    ]
    if fails:
        forward.append(Step("run", ("10", "false")))
    rollback = [
        Step("phase", ("gitlab_runner",)),
        written.taken_back(PATH, after),
        Step("swap", (PATH, sha256(after), sha256(before))),
    ]
    files = {"old.1": before, "new.1": after, "now": now.encode(), **written.files(before, after, ())}
    walker.prepare(forward, rollback, files)
    walker.walk()
    return [event.text for event in walker.events() if event.kind in {"note", "end"} and event.text]


@pytest.fixture(params=SHELLS)
def walker(request: pytest.FixtureRequest, tmp_path: Path) -> Walker:
    return Walker(tmp_path / "host", request.param, more_applets=("sort",))


@pytest.mark.parametrize(("old", "new"), [(OLD, NEW), (RICH, {**RICH, "concurrent": 1}), (OLD, RICH), (RICH, OLD)])
def test_keys_that_the_runner_wrote_after_a_swap_stay(walker: Walker, old: Tree, new: Tree, tmp_path: Path) -> None:
    now = as_the_runner_writes(new, tmp_path)
    assert walk(walker, old, new, now)[-1] == "applied"
    assert walker.read(PATH) == now


@pytest.mark.parametrize(("old", "new"), [(OLD, NEW), (RICH, {**RICH, "concurrent": 1}), (OLD, RICH), (RICH, OLD)])
def test_the_old_file_with_a_new_token_is_told_and_left_where_it_is(
    walker: Walker, old: Tree, new: Tree, tmp_path: Path
) -> None:
    now = as_the_runner_writes(old, tmp_path)
    lines = walk(walker, old, new, now)
    assert lines[-1] == "rolled-back"
    assert f"{PATH} was overwritten meanwhile, and no longer has the content that was swapped in" in lines
    assert walker.read(PATH) == now


def test_an_unchanged_file_is_applied_and_rolled_back_as_usual(walker: Walker) -> None:
    text = to_toml(NEW)
    assert walk(walker, OLD, NEW, text) == ["applied"]
    assert walker.read(PATH) == text


def test_a_rollback_restores_the_old_file(walker: Walker) -> None:
    assert walk(walker, OLD, NEW, to_toml(NEW), fails=True) == ["exit status 1, and it printed nothing", "rolled-back"]
    assert walker.read(PATH) == to_toml(OLD)


def test_a_file_that_somebody_else_wrote_stays_and_needs_attention(walker: Walker) -> None:
    lines = walk(walker, OLD, NEW, "concurrent = 77\n")
    assert lines[-1] == "needs-attention"
    assert walker.read(PATH) == "concurrent = 77\n"


def test_a_run_that_ends_before_its_swap_has_nothing_to_take_back(walker: Walker) -> None:
    before, after = to_toml(OLD).encode(), to_toml(NEW).encode()
    walker.put(PATH, before.decode(), 0o600)
    part = Step("phase", ("gitlab_runner",))
    rollback = [part, written.taken_back(PATH, after), Step("swap", (PATH, sha256(after), sha256(before)))]
    walker.prepare([part, Step("run", ("10", "false"))], rollback, dict(written.files(before, after, ())))
    assert walker.walk() == "rolled-back"
    assert walker.read(PATH) == before.decode()
