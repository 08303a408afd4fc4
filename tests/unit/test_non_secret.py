"""What a rollback and a removal may show of a host's files, which they do not render."""

from __future__ import annotations

from pathlib import Path

from runnerops import inventory
from runnerops.engine.project.non_secret import non_secret_texts
from runnerops.model.common import Tree
from runnerops.redact import Masker
from runnerops.services import REGISTRY

TEXT = """
hosts:
  a:
    registry:
      caches: [{upstream: https://registry-1.docker.io, environment: {OF_CACHE: plain, LOGIN: !env NOT_THERE}}]
"""


def test_what_a_template_says_in_clear_is_shown_and_no_secret_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(TEXT)
    loaded = inventory.load(tmp_path / "inventory.yml")
    clear = non_secret_texts(loaded, loaded.hosts)["a"]
    command = ("serve", "/etc/runnerops/registry-config.yml")
    host_tree: Tree = {
        "services": {"dockerhub": {"command": [*command, "by hand"], "environment": {"LOGIN": "canary"}}}
    }
    for texts, shown in ((clear, command), (frozenset[str](), ())):
        masked = str(Masker(clear=texts).tree(REGISTRY, host_tree))
        assert [word for word in command if word in masked] == [*shown]
        assert "by hand" not in masked
        assert "canary" not in masked
    assert "plain" in clear
    assert not any("NOT-AVAILABLE" in text for text in clear)


def test_a_template_that_is_broken_keeps_nobody_from_going_back(tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(TEXT)
    (tmp_path / "templates").mkdir()
    for text in ("{% if", "services: ["):
        (tmp_path / "templates/docker-compose.yml.j2").write_text(text)
        loaded = inventory.load(tmp_path / "inventory.yml")
        assert non_secret_texts(loaded, loaded.hosts) == {}
