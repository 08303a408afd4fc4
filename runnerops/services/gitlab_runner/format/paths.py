"""Where a host's gitlab-runner has its config.toml. Pure."""

from __future__ import annotations

from itertools import pairwise

from runnerops.model.host_state import HostState
from runnerops.services.gitlab_runner.format import PATH


def config_path(observed: HostState) -> str:
    """The file that the runner was really started with: `--config FILE`, `-c FILE` or `--config=FILE`."""
    argv = observed.facts.runner.unit.argv if observed.facts.runner else ()
    path = ""
    for word, following in pairwise((*argv, "")):
        if word in {"--config", "-config", "-c"}:
            path = following
        elif word.startswith(("--config=", "-config=")):
            path = word.partition("=")[2]
    return path if path.startswith("/") else PATH
