"""The demo's story, line by line, on a real host: what is simulated there ends here in the same way."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from runnerops.demo.story import ENVIRONMENT, INVENTORY, SCENES
from tests.lab.lab import Lab
from tests.lab.project import Project
from tests.lab.shell import until


@pytest.mark.parametrize("name", ["trixie"])
def test_the_story_on_a_real_host(lab: Lab, tmp_path: Path, name: str) -> None:
    host = lab.host(name)
    host.reset()
    lab.hub.start()
    project = Project(tmp_path, lab)
    text = INVENTORY.format(port=22, key=lab.key)
    for demo, real in {
        "demo:": f"{host.name}:",
        "127.0.0.1": host.address,
        "{caches: [{}]}": f"{{caches: [{{upstream: '{lab.hub.url}', serves: docker.io, image: '{host.registry_image}'}}]}}",
        "https://gitlab.example.com": "http://127.0.0.1:9",
    }.items():
        assert demo in text
        text = text.replace(demo, real, 1)
    (tmp_path / "inventory.yml").write_text(text)
    (tmp_path / ".env").write_text(ENVIRONMENT.format("d" * 20))
    outputs: list[str] = []
    for line, ends in (typed for scene in SCENES for typed in scene.types):
        words = shlex.split(line.format(root=""))
        if words[0] == "runnerops":
            outputs.append(project.run(*words[1:], code=ends))
            until("gitlab-runner is back", lambda: host.active("gitlab-runner") == "active", seconds=30)
        elif words[0] == "grep":
            host.run(shlex.join(words))
        else:
            subprocess.run(words, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    first, second, _, third, _, failing, last = outputs
    acts = ("restart docker", "start registry", "stop and start gitlab-runner")
    assert [first.count(f"→ {act}") for act in acts] == [1, 1, 1]
    assert "→" not in second + last
    assert [line.split()[1:3] for line in third.splitlines() if "→" in line] == [["reload", "gitlab-runner"]]
    assert "failed step: restart docker" in failing
