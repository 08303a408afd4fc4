"""Which keys of config.toml are meant by those that are written. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from runnerops.model.common import Tree
from runnerops.parsing.near import part_of, similar_names
from runnerops.services.gitlab_runner.rules.found import One
from runnerops.services.gitlab_runner.schema import TABLES

NEAR = 0.8
"""How similar a misspelt key is to a known one, of 1. A less similar one may be a key of a later release."""

MEANT: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("docker", "network"): ("network_mode",),
    ("ssh", "hostname"): ("host",),
    ("cache", "gcp"): ("gcs",),
    ("runner", "registration_token"): ("token",),
    ("runner", "registration-token"): ("token",),
    ("config", "metrics_server"): ("listen_address",),
    ("s3", "bucket"): ("BucketName",),
    ("s3", "region"): ("BucketLocation",),
    ("s3", "endpoint"): ("ServerAddress",),
    ("k8s_host_path", "path"): ("host_path",),
    ("service", "image"): ("name",),
    ("k8s_pvc", "claim_name"): ("name",),
    ("ssh", "username"): ("user",),
    ("docker", "username"): ("user",),
    ("runner", "env"): ("environment",),
    ("service", "env"): ("environment",),
    ("service", "variables"): ("environment",),
    ("connector", "user"): ("username",),
    ("docker", "mounts"): ("volumes",),
    ("docker", "capabilities"): ("cap_add",),
    ("docker", "cpuset"): ("cpuset_cpus",),
    ("docker", "image_pull_policy"): ("pull_policy",),
    ("docker", "networks"): ("network_mode",),
    ("docker", "mtu"): ("network_mtu",),
    ("docker", "dns_servers"): ("dns",),
    ("docker", "ipv6"): ("enable_ipv6",),
    ("kubernetes", "image_pull_policy"): ("pull_policy",),
    ("kubernetes", "lifecycle"): ("container_lifecycle",),
    ("docker", "binds"): ("volumes",),
    ("runner", "variables"): ("environment",),
    ("runner", "pre_script"): ("pre_build_script",),
    ("runner", "before_script"): ("pre_build_script",),
    ("runner", "post_script"): ("post_build_script",),
    ("runner", "after_script"): ("post_build_script",),
}
"""By table and key: the name of an option elsewhere, and what the key is called here."""

_OF_A_RUNNER = ("url", "token", "executor")
"""Keys that hardly any runner lacks."""

SHORT = 4
"""The number of letters of a short word."""


def headless(table: str, tree: Tree) -> Iterator[One]:
    """Keys of a runner that stand in the table before it, because the line `[[runners]]` is missing."""
    runner_keys = [name for name in tree if name in _OF_A_RUNNER and name not in TABLES[table]]
    if len(runner_keys) > 1:
        text = (
            f"{', '.join(runner_keys)} belong to a runner, but there is no [[runners]] above them: no runner would run"
        )
        yield "R006", "error", (runner_keys[0],), text, "write a line [[runners]] above it"


def meant(name: str, table: str) -> tuple[str, ...]:
    """The keys of a table that an unknown one probably means."""
    keys = TABLES[table]
    return MEANT.get((table, name.lower()), ()) or part_of(name, keys) or similar_names(name, keys, NEAR)


def meant_keys(table: str, tree: Tree) -> set[str]:
    """The keys of a table that are written there, including those that misspelt ones mean."""
    return {known_name for name in tree for known_name in ((name,) if name in TABLES[table] else meant(name, table))}


def belongs(name: str, table: str) -> bool:
    """Whether the key belongs to another table. For a short word, another case does not count: `path` is not `Path`."""
    return name in TABLES[table] or (len(name) > SHORT and name.lower() in plain_names(table))


@cache
def plain_names(table: str) -> Mapping[str, str]:
    """The keys of a table by their names in small letters."""
    return {name.lower(): name for name in TABLES.get(table, {})}
