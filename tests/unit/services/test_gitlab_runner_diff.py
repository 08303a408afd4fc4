"""Which differences between two config.toml count, and which entries of `[[runners]]` are the same runner."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import ServiceName, Tree, key_text
from runnerops.model.inventory import FileSpec
from runnerops.services import GITLAB_RUNNER
from runnerops.services.gitlab_runner.diff.matching import match
from runnerops.services.gitlab_runner.schema import TABLES
from runnerops.services.shared.durations import nanoseconds

SPEC = FileSpec(ServiceName.GITLAB_RUNNER, "/etc/gitlab-runner/config.toml", "config.toml.j2", "toml")
TOKEN = "glrt-" + "a" * 20
OTHER = "glrt-" + "b" * 20
URL = "https://gitlab.example.com"

TEMPLATE = f"""
concurrent = 4

[[runners]]
name = "one"
url = "{URL}"
token = "{TOKEN}"
executor = "docker"

[runners.docker]
image = "alpine:3"
privileged = true

[runners.docker.tmpfs]
"/scratch" = ""

[[runners.docker.services]]
name = "redis:7"

[runners.feature_flags]
FF_TIMESTAMPS = false
"""

REWRITTEN = f"""concurrent = 4
check_interval = 0
user = "gitlab-runner"
connection_max_age = "15m0s"
shutdown_timeout = 0

[session_server]
  session_timeout = 1800

[[runners]]
  name = "one"
  url = "{URL}/"
  id = 0
  token = "{TOKEN}"
  token_obtained_at = 0001-01-01T00:00:00Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "docker"
  [runners.feature_flags]
    FF_TIMESTAMPS = false
  [runners.custom_build_dir]
  [runners.cache]
    MaxUploadedArchiveSize = 0
    [runners.cache.s3]
      AssumeRoleMaxConcurrency = 0
    [runners.cache.gcs]
    [runners.cache.azure]
  [runners.docker]
    tls_verify = false
    image = "alpine:3"
    privileged = true
    disable_entrypoint_overwrite = false
    oom_kill_disable = false
    disable_cache = false
    volumes = []
    shm_size = 0
    network_mtu = 0
    [[runners.docker.services]]
      name = "redis:7"
      command = []
      entrypoint = []
    [runners.docker.tmpfs]
      "/scratch" = ""
"""
"""What gitlab-runner 16.11 makes of a file when it rotates a token in it (the token itself left as it was)."""


def runner(**keys: Any) -> dict[str, Any]:
    return {"name": "one", "url": URL, "token": TOKEN, "executor": "docker", **keys}


def config(**keys: Any) -> Tree:
    """One runner with these keys."""
    return {"concurrent": 4, "runners": [runner(**keys)]}


def docker(**keys: Any) -> Tree:
    return config(docker=keys)


def differs(old: Tree, new: Tree) -> list[str]:
    return [
        key_text(key_change.key).removeprefix("runners[0].") for key_change in GITLAB_RUNNER.key_changes(SPEC, old, new)
    ]


def test_a_file_that_the_runner_rewrote_means_what_it_meant() -> None:
    ours, theirs = tomllib.loads(TEMPLATE), tomllib.loads(REWRITTEN)
    assert differs(ours, theirs) == []
    assert differs(theirs, ours) == []


@pytest.mark.parametrize(
    ("old", "new", "keys"),
    [
        # the user's own keys: an empty or false value is a word
        (docker(), docker(tmpfs={"/scratch": ""}), ["docker.tmpfs./scratch"]),
        (docker(tmpfs={"/scratch": ""}), docker(), ["docker.tmpfs./scratch"]),
        (docker(), docker(container_labels={"team": ""}), ["docker.container_labels.team"]),
        (config(), config(feature_flags={"FF_TIMESTAMPS": False}), ["feature_flags.FF_TIMESTAMPS"]),
        (config(feature_flags={}), config(), []),
        # keys that are neither on nor off by default
        (docker(), docker(services_limit=0), ["docker.services_limit"]),
        (docker(), docker(services_privileged=False), ["docker.services_privileged"]),
        (config(), config(cache={"s3": {"DualStack": False}}), ["cache.s3.DualStack"]),
        (config(), config(custom_build_dir={"enabled": False}), ["custom_build_dir.enabled"]),
        (config(), config(unhealthy_interval="0s"), ["unhealthy_interval"]),
        # zeros of all others
        (docker(), docker(privileged=False, shm_size=0, memory="", volumes=[]), []),
        (config(), config(limit=0, machine={"IdleCount": 0, "IdleScaleFactor": 0.0}), []),
        # durations, and what only looks like one
        (config(autoscaler={"update_interval": "1m"}), config(autoscaler={"update_interval": "60s"}), []),
        (config(prepare_timeout="1h"), config(prepare_timeout="1h0m0s"), []),
        (config(prepare_timeout="1h"), config(prepare_timeout="90m"), ["prepare_timeout"]),
        (docker(image="5m"), docker(image="300s"), ["docker.image"]),
        # a table that is not known key by key: a zero counts where it is asked for
        (config(kubernetes={"namespace": ""}), config(), []),
        (config(), config(kubernetes={"privileged": False}), ["kubernetes.privileged"]),
        (config(kubernetes={"node_selector": {"a": "b"}}), config(), ["kubernetes.node_selector.a"]),
        (config(custom={"run_exec": "/run"}), config(custom={"run_exec": "/run2"}), ["custom.run_exec"]),
        # a token that was emptied on the host, one that the inventory empties, and one that it leaves out
        (config(token=""), config(), ["token"]),
        (config(), config(token=""), ["token"]),
        (config(token=""), config(token=None), []),
        # a url's password keeps its case
        (config(url="https://a:B@gitlab.example.com"), config(url="https://a:b@GITLAB.example.com/"), ["url"]),
        (config(url="https://[broken"), config(url="https://[broken"), []),
    ],
)
def test_edited_keys_are_named(old: Tree, new: Tree, keys: list[str]) -> None:
    assert differs(old, new) == keys


@pytest.mark.parametrize("user", ["somebody", ""])
def test_the_user_of_jobs_is_set_by_the_unit_not_by_the_file(user: str) -> None:
    assert differs({**config(), "user": "gitlab-runner"}, {**config(), "user": user}) == []


@pytest.mark.parametrize(
    ("observed", "desired", "partners"),
    [
        ([runner(), runner(name="two", token=OTHER)], [runner(name="two", token=OTHER), runner()], {0: 1, 1: 0}),
        ([runner(name="renamed")], [runner()], {0: 0}),
        ([runner(id=7, name="renamed")], [runner(id=7, token=OTHER)], {0: 0}),
        ([runner(id=7, name="x", url="https://other.example.com")], [runner(id=7, token=OTHER)], {}),
        ([runner(id=0, name="x")], [runner(id=0, token=OTHER)], {}),
        ([runner(url=f"{URL}/")], [runner(token=None)], {0: 0}),
        ([runner(), runner(token=OTHER)], [runner(token=None)], {}),
        ([runner(), runner(token=OTHER)], [runner(token=OTHER), runner(token=None)], {0: 1, 1: 0}),
        ([runner(name="two"), runner()], [runner(), runner(name="two")], {0: 1, 1: 0}),
        ([runner(), runner()], [runner(), runner()], {0: 0, 1: 1}),
        ([{}, {}], [{}, {}], {}),  # by what they are else: match_equals
    ],
)
def test_runners_of_two_files_are_matched(observed: list[Tree], desired: list[Tree], partners: dict[int, int]) -> None:
    assert match(observed, desired) == partners


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15m", 900),
        ("15m0s", 900),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("0", 0),
        ("-1s", -1),
        ("15", None),
        ("", None),
        ("m", None),
        ("1d", None),
        ("٣s", None),
        ("2562048h", None),
        ("9223372036854775807ns", 9223372036854775807 / 1e9),
        ("9223372036854775808ns", None),
        ("0.1ns", 0),
        ("9" * 2_000_000 + "h", None),
    ],
)
def test_durations_are_parsed_as_go_does(text: str, seconds: float | None) -> None:
    found = nanoseconds(text)
    assert (None if found is None else found / 1e9) == seconds


# A file made by hand may hold anything at any known key.
NAMES = sorted({"unknown", "a b", *(name for table in TABLES.values() for name in table)})
LEAVES = st.one_of(st.text(max_size=3), st.integers(-2, 2), st.booleans(), st.floats(-1, 1), st.datetimes())
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=5,
)
BLOCKS = st.dictionaries(st.sampled_from(sorted(TABLES["runner"])), VALUES, max_size=3)
TREES = st.fixed_dictionaries({"runners": st.lists(BLOCKS, max_size=2), "labels": VALUES, "session_server": VALUES})


@given(TREES, TREES)
def test_any_file_can_be_written_compared_and_checked(one: Tree, other: Tree) -> None:
    assert GITLAB_RUNNER.parse(SPEC, GITLAB_RUNNER.dump(one)) == one
    assert GITLAB_RUNNER.key_changes(SPEC, one, one) == ()
    assert isinstance(GITLAB_RUNNER.key_changes(SPEC, one, other), tuple)
    assert all(finding.message for finding in GITLAB_RUNNER.lint({SPEC: one}, None))
