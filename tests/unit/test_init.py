"""A new project: what is written, what is asked, and that nothing is overwritten."""

from __future__ import annotations

import io
import resource
from dataclasses import dataclass
from pathlib import Path

import pytest

import runnerops
from runnerops.adopt.writing import create
from runnerops.commands.check import CheckOptions, check
from runnerops.commands.init import InitOptions, init
from runnerops.errors import RunneropsError, UsageError
from runnerops.model.common import Exit
from runnerops.report.screen import Screen

FILES = {".gitignore", ".gitlab-ci.yml", "README.md", "inventory.yml", "known_hosts"}
DOCKER = "    # containers outlive a restart of the Docker daemon (CI jobs do not)\n    docker: {live-restore: true}\n"
INVENTORY = """\

hosts:
  ci-1:
    address: 192.0.2.1
    ssh: {user: root, port: 2222}
    # containers outlive a restart of the Docker daemon (CI jobs do not)
    docker: {live-restore: true}
    # a pull-through cache of Docker Hub, which Docker on this host uses
    registry:
      caches:
        - upstream: https://registry-1.docker.io
    # created by `gitlab-runner register` on the host; keys that are left out have gitlab-runner's defaults
    gitlab_runner:
      concurrent: 2
      runners:
        - name: ci-1-docker
          url: https://gitlab.example.com
          token: keep
          executor: docker
          docker: {image: alpine:3}
"""


@dataclass(slots=True)
class Terminal(Screen):
    """A person who types these answers."""

    @property
    def interactive(self) -> bool:
        return True


def screen(answers: str | None = None) -> Screen:
    kind = Screen if answers is None else Terminal
    return kind(out=io.StringIO(), err=io.StringIO(), answers=io.StringIO(answers or ""))


def printed(screen: Screen) -> str:
    assert isinstance(screen.out, io.StringIO)
    assert isinstance(screen.err, io.StringIO)
    return screen.err.getvalue() + screen.out.getvalue()


def test_a_project_from_flags(tmp_path: Path) -> None:
    shown = screen()
    wishes = InitOptions(("ci-1=root@192.0.2.1:2222",), gitlab="https://gitlab.example.com")
    assert init(tmp_path / "new", wishes, {}, shown) is Exit.OK
    assert {path.name for path in (tmp_path / "new").iterdir()} == FILES
    assert (tmp_path / "new/inventory.yml").read_text().endswith(INVENTORY)
    assert printed(shown).endswith(
        f"next:\n  cd {tmp_path}/new\n  runnerops check\n  runnerops trust ci-1\n  runnerops diff\n"
    )
    judged = screen()
    assert check(tmp_path / "new/inventory.yml", (), {}, judged, CheckOptions(strict=True)) is Exit.OK, printed(judged)
    pipeline = Path(runnerops.__file__).parent.parent / "examples/.gitlab-ci.yml"
    assert (tmp_path / "new/.gitlab-ci.yml").read_text() == pipeline.read_text()


@pytest.mark.parametrize(
    ("answers", "hosts"),
    [
        (
            "nonsense\nroot@192.0.2.1:2222\nci-1\nn\n\n\ngitlab.example.com\nhttps://gitlab.example.com\n",
            INVENTORY,
        ),
        (
            "me@h.example\n\nno\nme@h.example\nother\nme@i.example\ni\nno\n\nno\n\n",
            f"hosts:\n  h.example:\n    ssh: {{user: me}}\n{DOCKER}\n"
            f"  i:\n    address: i.example\n    ssh: {{user: me}}\n{DOCKER}",
        ),
    ],
)
def test_a_project_from_answers(answers: str, hosts: str, tmp_path: Path) -> None:
    shown = screen(answers)
    assert init(tmp_path, InitOptions(), {}, shown) is Exit.OK
    assert (tmp_path / "inventory.yml").read_text().endswith(hosts)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("ours")
    shown = screen()
    assert init(tmp_path, InitOptions(("root@h.example",), cache=False), {}, shown) is Exit.OK
    assert (tmp_path / "README.md").read_text() == "ours"
    assert "README.md exists already, and is not changed" in printed(shown)
    before = (tmp_path / "inventory.yml").read_text()
    with pytest.raises(RunneropsError, match="nothing is overwritten"):
        init(tmp_path, InitOptions(("root@i.example",)), {}, screen())
    assert (tmp_path / "inventory.yml").read_text() == before


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3, usual[1]))  # as a disk that is full
    try:
        with pytest.raises(OSError, match="large"):
            create(tmp_path / "inventory.yml", "hosts:\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    (tmp_path / "link").symlink_to("nowhere")
    assert not create(tmp_path / "link", "text")
    assert create(tmp_path / "inventory.yml", "hosts:\n")
    assert {path.name for path in tmp_path.iterdir()} == {"inventory.yml", "link"}


def test_a_host_that_is_not_reached_is_left_to_be_adopted(tmp_path: Path) -> None:
    """The project is there, and what to type is said."""
    shown = screen()
    wishes = InitOptions(adopted=("n=root@127.0.0.1:1",))
    assert init(tmp_path, wishes, {"HOME": str(tmp_path)}, shown) is Exit.FAILED
    assert "runnerops adopt n=root@127.0.0.1:1 --write" in printed(shown)
    assert (tmp_path / "inventory.yml").read_text().endswith("\nhosts:\n")


def test_at_a_terminal_a_host_that_is_not_reached_is_reported_once(tmp_path: Path) -> None:
    shown = screen("root@127.0.0.1:1\nn\n\nm=root@127.0.0.1:2\n\n\n")
    assert init(tmp_path, InitOptions(), {"HOME": str(tmp_path)}, shown) is Exit.FAILED
    assert printed(shown).count("127.0.0.1:1: connection refused") == 1
    assert "runnerops adopt n=root@127.0.0.1:1 m=root@127.0.0.1:2 --write" in printed(shown)


def test_what_is_typed_wrong_is_asked_for_again_and_nothing_else(tmp_path: Path) -> None:
    shown = screen("\nh\nroot@127.0.0.1:1\na/b\nn\n\n\n\n")
    assert init(tmp_path, InitOptions(), {"HOME": str(tmp_path)}, shown) is Exit.FAILED
    for word in ("a project needs at least one host", "h is not a login", "'a/b' is not a valid name"):
        assert word in printed(shown)
    assert "runnerops adopt n=root@127.0.0.1:1 --write" in printed(shown)


def test_whoever_leaves_while_keys_are_shown_is_told_how_to_go_on(tmp_path: Path) -> None:
    class Leaves(Terminal):
        def say(self, text: str = "", style: str = "plain") -> None:
            Screen.say(self, text, style)
            if "refused" in text:
                raise KeyboardInterrupt

    shown = Leaves(out=io.StringIO(), err=io.StringIO())
    with pytest.raises(KeyboardInterrupt):
        init(tmp_path, InitOptions(adopted=("n=root@127.0.0.1:1",)), {"HOME": str(tmp_path)}, shown)
    assert "runnerops adopt n=root@127.0.0.1:1 --write" in printed(shown)


@pytest.mark.parametrize(
    ("wishes", "answers"),
    [
        (InitOptions(), None),
        (InitOptions(), ""),
        (InitOptions(), "root@h\n"),
        (InitOptions(("root@h", "me@h")), None),
        (InitOptions(("a=root@h", "a=root@i")), None),
        (InitOptions(("a=root@h", "b=root@h:22")), None),
        (InitOptions(("root@h",), ("root@h",)), None),
    ],
)
def test_what_cannot_be_a_project_is_usage(wishes: InitOptions, answers: str | None, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        init(tmp_path / "new", wishes, {}, screen(answers))
    assert not (tmp_path / "new").exists()
