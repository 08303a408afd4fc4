"""A Compose file against the JSON schema of the Compose specification, and against the types behind its texts. Pure.

`compose-spec.json` is that schema as it is published; `tools/refresh_compose_spec.py` brings a newer one. Compose turns
texts into numbers and booleans at the places of `_CASTS` before it looks at the schema, and reads durations and sizes after.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from runnerops.model.common import Key, Tree, Value, word_set
from runnerops.services.registry.schema.json_schema import Problem, Validator, open_text
from runnerops.services.shared.sizes import is_size

NEWER = {("jobs",): "5.5"}
"""Keys of the specification that no Compose up to the named release takes."""

_CASTS = {
    "bool": """
        services.*.init services.*.depends_on.*.required services.*.depends_on.*.restart services.*.healthcheck.disable
        services.*.oom_kill_disable services.*.privileged services.*.read_only services.*.stdin_open services.*.tty
        services.*.volumes.*.read_only services.*.volumes.*.volume.nocopy networks.*.external networks.*.internal
        networks.*.attachable networks.*.enable_ipv4 networks.*.enable_ipv6 volumes.*.external secrets.*.external
        configs.*.external services.*.attach
    """,
    "int": """
        services.*.cpu_count services.*.cpu_period services.*.cpu_quota services.*.cpu_rt_period services.*.cpu_rt_runtime
        services.*.cpu_shares services.*.deploy.replicas services.*.deploy.update_config.parallelism
        services.*.deploy.rollback_config.parallelism services.*.deploy.restart_policy.max_attempts
        services.*.deploy.placement.max_replicas_per_node services.*.healthcheck.retries services.*.oom_score_adj
        services.*.pids_limit services.*.ports.*.target services.*.scale services.*.ulimits.* services.*.ulimits.*.hard
        services.*.ulimits.*.soft services.*.build.ulimits.* services.*.build.ulimits.*.hard
        services.*.build.ulimits.*.soft services.*.blkio_config.weight services.*.blkio_config.weight_device.*.weight
        services.*.deploy.resources.limits.pids
    """,
    "float": """
        services.*.cpu_percent services.*.cpus services.*.deploy.update_config.max_failure_ratio
        services.*.deploy.rollback_config.max_failure_ratio services.*.deploy.resources.limits.cpus
        services.*.deploy.resources.reservations.cpus
    """,
    "duration": """
        services.*.healthcheck.interval services.*.healthcheck.timeout services.*.healthcheck.start_period
        services.*.healthcheck.start_interval services.*.stop_grace_period services.*.deploy.update_config.delay
        services.*.deploy.update_config.monitor services.*.deploy.rollback_config.delay
        services.*.deploy.rollback_config.monitor services.*.deploy.restart_policy.delay
        services.*.deploy.restart_policy.window
    """,
    "size": """
        services.*.mem_limit services.*.mem_reservation services.*.memswap_limit services.*.shm_size
        services.*.deploy.resources.limits.memory services.*.deploy.resources.reservations.memory
        services.*.volumes.*.tmpfs.size services.*.build.shm_size services.*.mem_swappiness
        services.*.blkio_config.device_read_bps.*.rate services.*.blkio_config.device_read_iops.*.rate
        services.*.blkio_config.device_write_bps.*.rate services.*.blkio_config.device_write_iops.*.rate
    """,
}
"""The types of texts by their places, from `interpolate.go` and `types` of compose-go 2.13."""

_MERGED = word_set(
    """annotations labels options args additional_contexts tags cap_add cap_drop devices configs dns dns_opt dns_search
    environment env_file expose links aliases link_local_ips ports profiles secrets sysctls tmpfs volumes"""
)
"""Lists in which Compose makes one of what stands there twice, before the schema sees it (compose-go's `uncity.go`)."""

_WHAT = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "duration": "a duration, such as 30s",
    "size": "a size, such as 512m",
}
_DURATION = re.compile(r"[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+)")
_BOOLEANS = frozenset({"true", "false", "y", "yes", "on", "n", "no", "off"})


def schema_problems(tree: Tree) -> Iterator[Problem]:
    """What Compose's schema refuses, with the texts turned into what they stand for."""
    for problem in _validator().problems(_cast(tree, (), _casts())):
        if problem.kind != "twice" or problem.key[-2] not in _MERGED:
            yield problem


def text_problems(tree: Tree) -> Iterator[tuple[Key, str]]:
    """Texts that are not what they stand for, and what they must be."""
    yield from _texts(tree, (), _casts())


@cache
def _validator() -> Validator:
    return Validator(json.loads(files(__package__).joinpath("compose-spec.json").read_text("utf-8")))


@cache
def _casts() -> dict[str, object]:
    """The places as a tree: names to trees, and at the end to a type."""
    root: dict[str, object] = {}
    for kind, places in _CASTS.items():
        for place in places.split():
            found = root
            *path, last = place.split(".")
            for part in path:
                inner = found.setdefault(part, {})
                if isinstance(inner, str):  # `ulimits.*` is a number, or a mapping of them
                    inner = found[part] = {"": inner}
                assert isinstance(inner, dict)
                found = inner
            at = found.get(last)
            found[last] = {**at, "": kind} if isinstance(at, dict) else kind
    return root


def _step(casts: object, part: str | int) -> object:
    return casts.get(str(part), casts.get("*")) if isinstance(casts, dict) else None


def _kind(casts: object) -> str:
    found = casts.get("") if isinstance(casts, dict) else casts
    return found if isinstance(found, str) else ""


def _cast(value: Value, key: Key, casts: object) -> Value:
    if isinstance(value, dict):
        return {name: _cast(item, (*key, name), _step(casts, name)) for name, item in value.items()}
    if isinstance(value, list):
        return [_cast(item, (*key, index), _step(casts, index)) for index, item in enumerate(value)]
    kind = _kind(casts)
    if isinstance(value, str) and not open_text(value) and _fits(kind, value):
        if kind == "bool":
            return value.lower() in {"true", "y", "yes", "on"}
        if kind in {"int", "float"}:
            return float(value) if kind == "float" else int(value)
    return value


def _texts(value: Value, key: Key, casts: object) -> Iterator[tuple[Key, str]]:
    if casts is None:
        return
    if isinstance(value, dict | list):
        for part, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(item, (*key, part), _step(casts, part))
    elif isinstance(value, str) and not open_text(value) and (kind := _kind(casts)) and not _fits(kind, value):
        yield key, _WHAT[kind]


def _fits(kind: str, text: str) -> bool:
    if kind == "bool":
        return text.lower() in _BOOLEANS
    if kind == "int":
        return re.fullmatch(r"[-+]?\d+", text) is not None
    if kind == "float":
        return re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", text) is not None
    if kind == "duration":
        return _DURATION.fullmatch(text) is not None
    return not kind or text == "-1" or is_size(text)
