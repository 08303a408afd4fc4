"""config.toml as the lines that the runner itself would write. Integration tests compare them with the real scripts."""

from __future__ import annotations

import pytest

from runnerops.model.common import ABSENT, Tree
from runnerops.model.host_state import sha256
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.steps import rewritten as written
from tests.unit.services.runner_builders import config, runner


@pytest.mark.parametrize(
    ("tree", "version", "line"),
    [
        (config(runner(unhealthy_interval="90m")), (15, 11), 'unhealthy_interval = "1h30m0s"'),
        (config(runner(unhealthy_interval="45s")), (), 'unhealthy_interval = "45s"'),
        (config(runner(docker={"pull_policy": "always"})), (), 'pull_policy = ["always"]'),
        (config(runner(docker={"sysctls": {"net.core.somaxconn": "9"}})), (), '"net.core.somaxconn" = "9"'),
        (config(runner(feature_flags={"FF_X": True})), (), "FF_X = true"),
        (config(runner(kubernetes={"node_selector": {"a": "b"}})), (), 'a = "b"'),
        (config(runner(pre_build_script='echo "ä"\n\techo')), (), r'pre_build_script = "echo \"ä\"\n\techo"'),
    ],
)
def test_lines_as_the_runner_writes_them(tree: Tree, version: tuple[int, ...], line: str) -> None:
    """Compared with what gitlab-runner 15.11 wrote of these."""
    text = written.files(None, to_toml(tree).encode(), version)["runner.new"].decode()
    assert line in text.splitlines()


def test_a_key_that_this_version_does_not_know_is_lost_and_not_missed() -> None:
    content = to_toml(config(connection_max_age="20m", nonsense=1)).encode()
    assert b"connection_max_age" not in written.files(None, content, (15, 11))["runner.new"]
    assert b"nonsense" not in written.files(None, content, ())["runner.new"]


def test_a_file_that_goes_is_not_asked_for() -> None:
    assert written.files(None, b"concurrent = 1\n", ()).keys() == {"runner.new"}
    assert sha256(None) == ABSENT
