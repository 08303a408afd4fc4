"""gitlab-runner's config.toml as a document, and what differs in meaning."""

from __future__ import annotations

import tomllib

import pytest

from runnerops.model.common import Tree, key_text
from runnerops.services import GITLAB_RUNNER
from runnerops.services.base import ParseError
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from tests.unit.services.runner_builders import (
    OTHER,
    REWRITTEN,
    RUNNER,
    SPEC,
    config,
    runner,
)


def test_runners_are_always_written_as_tables() -> None:
    tree = config(runner(docker={"image": "a", "services": [{"name": "s"}]}), {"name": "x"}, log_level="info")
    text = to_toml(tree)
    assert text.count("[[runners]]") == 2
    assert "[runners.docker]" in text
    assert "[[runners.docker.services]]" in text
    assert tomllib.loads(text) == tree


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"a = [", 1),
        (b"a = 1\nb = s3cret\n", 2),
        (b"\xff", 1),
        (b"a = 1\na = 's3cret'\n", 2),
        (b"a = 's3cret'\nb = 9223372036854775808\n", 2),
        (b"a = 1\n[b]\nc = -9_223_372_036_854_775_809\n", 3),
        (b"\na = 1e400\n", 2),
        (b"a = 1\nb = 1.5e400\n", 2),
        (b"a = 1\nb = 1E999\n", 2),
        (b"# 12345678901234567890\na = '1234567890123456789012'\nc = 0o7777777777777777777777\n", 3),
        (b"a = [\n  1,\n  0xFFFFFFFFFFFFFFFF,\n]\n", 3),
    ],
)
def test_an_error_names_the_place_in_a_broken_file_without_its_text(content: bytes, line: int) -> None:
    with pytest.raises(ParseError) as caught:
        GITLAB_RUNNER.parse(SPEC, content)
    assert caught.value.line == line
    assert "s3cret" not in caught.value.problem


def test_what_the_runner_adds_and_reorders_is_no_difference() -> None:
    assert GITLAB_RUNNER.key_changes(SPEC, config(runner(docker={"image": "alpine:3"})), REWRITTEN) == ()
    assert GITLAB_RUNNER.key_changes(SPEC, REWRITTEN, config(runner(docker={"image": "alpine:3"}))) == ()


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        (config(), config(concurrent=8), ["concurrent"]),
        (config(), {"runners": [RUNNER]}, ["concurrent"]),
        ({"runners": [RUNNER]}, config(concurrent=1), []),
        (config(), config(connection_max_age="900s"), []),
        (config(), config(connection_max_age="20m"), ["connection_max_age"]),
        (config(), config(runner(token=OTHER)), ["runners[0].token"]),
        (config(), config(runner(token=None)), []),
        (config(), config(runner(id=7)), []),
        (config(), config(runner(limit=3)), ["runners[0].limit"]),
        (config(), config(runner(safe_directory_checkout=False)), ["runners[0].safe_directory_checkout"]),
        (config(runner(docker={"pull_policy": "always"})), config(runner(docker={"pull_policy": ["always"]})), []),
        (config(), config(runner(), runner(name="two", token=OTHER)), ["runners[1]"]),
        (config(runner(), runner(name="two", token=OTHER)), config(), ["runners[1]"]),
        (config(runner(), runner(name="two", token=OTHER)), config(runner(name="two", token=OTHER), runner()), []),
        (config(), config(runner(feature_flags={"FF_X": False})), ["runners[0].feature_flags.FF_X"]),
        (config(), config(runner(custom_build_dir={"enabled": False})), ["runners[0].custom_build_dir.enabled"]),
        (config(), config(runner(docker={"services_limit": 0})), ["runners[0].docker.services_limit"]),
        (config(runner(url="http://[bad")), config(runner(url="http://[worse")), ["runners[0].url"]),
        (config(runner(environment=["A=1"])), config(runner(environment=["A=2"])), ["runners[0].environment"]),
    ],
)
def test_only_differences_of_meaning_are_key_changes(old: Tree, new: Tree, keys: list[str]) -> None:
    assert [key_text(key_change.key) for key_change in GITLAB_RUNNER.key_changes(SPEC, old, new)] == keys


@pytest.mark.parametrize("text", ["x\r\ny", "x\ry\n", '\nx\\\n  y"""\n', "a 'b' \\ \"c\"", ""])
def test_scripts_come_back_as_they_were(text: str) -> None:
    tree = config(runner(pre_build_script=text, environment=[text], docker={"sysctls": {"a.b c": text}}))
    assert GITLAB_RUNNER.parse(SPEC, GITLAB_RUNNER.dump(tree)) == tree


def test_a_number_that_is_too_long_is_no_crash() -> None:
    with pytest.raises(ParseError):
        GITLAB_RUNNER.parse(SPEC, b"concurrent = " + b"1" * 5000)
