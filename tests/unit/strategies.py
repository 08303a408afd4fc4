"""Files of the managed systems, with any of the values that matter."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.unit.services.builders import MIRROR
from tests.unit.services.runner_builders import runner

DAEMONS = st.fixed_dictionaries(
    {},
    optional={
        "registry-mirrors": st.sampled_from([[], [MIRROR], ["http://192.0.2.11:5000", MIRROR + "/"]]),
        "live-restore": st.booleans(),
        "debug": st.booleans(),
        "labels": st.sampled_from([[], ["a=b"]]),
        "mtu": st.integers(1400, 1402),
        "max-concurrent-downloads": st.sampled_from([3, 6]),
        "default-cgroupns-mode": st.sampled_from(["host", "private"]),
        "log-opts": st.dictionaries(st.sampled_from(["max-size", "max-file"]), st.sampled_from(["1", "2"])),
        "runtimes": st.sampled_from([{}, {"n": {"path": "/n"}}]),
    },
)
NAMES = st.sampled_from(["one", "two"])
TOKENS = st.sampled_from([f"glrt-{letter * 20}" for letter in "abc"])
DOCKER = st.fixed_dictionaries(
    {"image": st.sampled_from(["alpine:3", "busybox"])},
    optional={
        "privileged": st.booleans(),
        "memory": st.sampled_from(["", "1g"]),
        "volumes": st.sampled_from([[], ["/cache"]]),
        "pull_policy": st.sampled_from(["always", ["always"], ["if-not-present"]]),
        "services": st.sampled_from([[{"name": "redis"}], [{"name": "redis", "alias": ""}], [{"name": "pg"}]]),
    },
)
RUNNERS = st.lists(
    st.builds(
        lambda name, token, keys: runner(name=name, token=token, **keys),
        NAMES,
        TOKENS,
        st.fixed_dictionaries({}, optional={"limit": st.integers(0, 2), "docker": DOCKER, "id": st.integers(0, 2)}),
    ),
    max_size=2,
    unique_by=lambda one: one["name"],
)
CONFIGS = st.builds(
    lambda keys, runners: {**keys, "runners": runners} if runners else dict(keys),
    st.fixed_dictionaries(
        {},
        optional={
            "concurrent": st.integers(1, 3),
            "check_interval": st.integers(0, 2),
            "listen_address": st.sampled_from(["", ":9252"]),
            "log_level": st.sampled_from(["info", "debug"]),
            "connection_max_age": st.sampled_from(["15m", "15m0s", "20m"]),
            "session_server": st.sampled_from([{}, {"session_timeout": 1800}, {"session_timeout": 60}]),
        },
    ),
    RUNNERS,
)
