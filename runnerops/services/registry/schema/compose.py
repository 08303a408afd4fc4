"""Checks a Compose file against the JSON schema of the Compose specification, and against the types that its texts
stand for. Pure.

`compose-spec.json` is that schema as it is published; `tools/refresh_compose_spec.py` fetches a newer one. Compose
converts texts into numbers and booleans at the places in `_CASTS` before it applies the schema, and parses durations
and sizes after that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from math import isfinite
from pathlib import Path

from runnerops.model.common import Key, Tree, Value, word_set
from runnerops.patterns import late_pattern
from runnerops.services.registry.schema.json_schema import Problem, Validator, open_text
from runnerops.services.shared.durations import is_duration
from runnerops.services.shared.sizes import is_size

_LOOSER = word_set("mem_limit memswap_limit shm_size")
"""Keys for which released Compose accepts any number, although the specification demands integers."""

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
        services.*.cpu_shares services.*.deploy.replicas
        services.*.oom_score_adj services.*.pids_limit services.*.scale services.*.ulimits.* services.*.ulimits.*.hard
        services.*.ulimits.*.soft
        services.*.deploy.resources.limits.pids
    """,
    "uint64": """
        services.*.deploy.update_config.parallelism services.*.deploy.rollback_config.parallelism
        services.*.deploy.restart_policy.max_attempts services.*.deploy.placement.max_replicas_per_node
        services.*.healthcheck.retries
    """,
    "uint32": "services.*.ports.*.target",
    "uint16": "services.*.blkio_config.weight services.*.blkio_config.weight_device.*.weight",
    "number": """
        services.*.build.ulimits.* services.*.build.ulimits.*.hard services.*.build.ulimits.*.soft
    """,
    "mode": "services.*.volumes.*.tmpfs.mode",
    "octal": "services.*.configs.*.mode services.*.secrets.*.mode services.*.build.secrets.*.mode",
    "text": "services.*.build.additional_contexts.*",
    "option": "services.*.storage_opt.*",
    "flag": """
        services.*.build.no_cache services.*.build.pull services.*.build.privileged services.*.env_file.*.required
        services.*.pre_start.*.privileged services.*.pre_start.*.per_replica
        services.*.post_start.*.privileged services.*.pre_stop.*.privileged services.*.volumes.*.bind.create_host_path
        services.*.develop.watch.*.exec.privileged
    """,
    "digits": "services.*.deploy.resources.reservations.generic_resources.*.discrete_resource_spec.value",
    "float": """
        services.*.cpu_percent services.*.cpus services.*.deploy.update_config.max_failure_ratio
        services.*.deploy.rollback_config.max_failure_ratio
    """,
    "cpus": "services.*.deploy.resources.limits.cpus services.*.deploy.resources.reservations.cpus",
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
"""The types of values by their places, from `interpolate.go` and `types` of compose-go 2.14. The last four are parsed
after the schema was applied, so for the schema their texts remain texts.
"""

_MERGED = word_set(
    """
    annotations labels cap_add cap_drop devices configs dns dns_opt dns_search environment env_file expose links ports
    profiles secrets sysctls tmpfs volumes build.args build.labels build.additional_contexts build.tags deploy.labels
    networks.*.aliases networks.*.link_local_ips
    """
)
"""Lists of a service from which Compose removes duplicates before it applies the schema (`uncity.go`)."""

_WHAT = {
    "bool": "true or false",
    "flag": "true or false",
    "int": "a whole number",
    "uint64": "a whole number that is not negative",
    "uint32": "a whole number that is not negative",
    "uint16": "a whole number that is not negative, without quotes",
    "number": "a whole number, without quotes",
    "mode": "a whole number that is not negative, without quotes",
    "octal": "a mode of octal digits, such as 0440",
    "text": "a string",
    "option": "a string",
    "digits": "a whole number",
    "float": "a number",
    "cpus": "a number below 2^63",
    "duration": "a duration, such as 30s",
    "size": "a size, such as 512m",
}
_MOST_DIGITS = 100
"""Longer numbers are not parsed, because Python refuses those of thousands of digits."""

_NOTHING = late_pattern(r"(?!)")
_BOOLEAN = late_pattern(r"(?i:true|false|y|yes|on|n|no|off)")
_WHOLE = late_pattern(r"[-+]?[0-9]+")
_UNSIGNED = late_pattern(r"\+?[0-9]+")
_FLOAT = late_pattern(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_POWER = late_pattern(r"\+?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]+")
_FORMS = {
    "bool": _BOOLEAN,
    "flag": _BOOLEAN,
    "int": _WHOLE,
    "digits": _WHOLE,
    "uint64": _UNSIGNED,
    "uint32": _UNSIGNED,
    "uint16": _NOTHING,
    "number": _NOTHING,
    "mode": _NOTHING,
    "octal": late_pattern(r"[-+]?[0-7]+"),
    "float": _FLOAT,
    "cpus": _FLOAT,
}
"""The form of texts of each type. Sizes and durations have parsers of their own."""


def schema_problems(tree: Tree) -> Iterator[Problem]:
    """What the schema refuses after texts were converted into the values that they stand for."""
    for problem in _validator().problems(_cast(tree, _casts())):
        if problem.kind != "twice" or not _merged(problem.key[:-1]):
            yield problem


def _merged(key: Key) -> bool:
    """Whether Compose removes duplicates from this list: one of `_MERGED`, or a similar one of a network."""
    if key[0] == "networks":
        return key[2:] in {("labels",), ("ipam", "options")}
    names = list(key[2:])
    if names[:1] == ["networks"] and len(names) > 1:
        names[1] = "*"
    return key[0] == "services" and ".".join(map(str, names)) in _MERGED


def is_looser(key: Key, value: Value) -> bool:
    """Whether released Compose accepts a value that the specification forbids."""
    return len(key) == 3 and key[0] == "services" and key[2] in _LOOSER and isinstance(value, float)


def text_problems(tree: Tree) -> Iterator[tuple[Key, str]]:
    """Texts that cannot be converted into the type of their key, and what they must be."""
    yield from _texts(tree, (), _casts())


@cache
def _validator() -> Validator:
    return Validator(json.loads(Path(__file__).with_name("compose-spec.json").read_text(encoding="utf-8")))


@cache
def service_keys() -> frozenset[str]:
    """The keys of a service."""
    tables = json.loads(Path(__file__).with_name("compose-spec.json").read_text(encoding="utf-8"))["$defs"]
    return frozenset(
        name for table in ("service", "container_spec", "workload_spec") for name in tables[table]["properties"]
    )


@cache
def _casts() -> dict[str, object]:
    """The places as a tree: a mapping of names to subtrees or types."""
    root: dict[str, object] = {}
    for kind, places in _CASTS.items():
        for place in places.split():
            node = root
            *path, last = place.split(".")
            for part in path:
                inner = node.setdefault(part, {})
                if isinstance(inner, str):  # `ulimits.*` is a number, or a mapping of numbers
                    inner = node[part] = {"": inner}
                assert isinstance(inner, dict)
                node = inner
            at = node.get(last)
            node[last] = {**at, "": kind} if isinstance(at, dict) else kind
    return root


def _step(casts: object, part: str | int) -> object:
    return casts.get(str(part), casts.get("*")) if isinstance(casts, dict) else None


def _kind(casts: object) -> str:
    kind = casts.get("") if isinstance(casts, dict) else casts
    return kind if isinstance(kind, str) else ""


def _cast(value: Value, casts: object) -> Value:
    if casts is None:
        return value
    if isinstance(value, dict):
        return {name: _cast(item, _step(casts, name)) for name, item in value.items()}
    if isinstance(value, list):
        return [_cast(item, _step(casts, index)) for index, item in enumerate(value)]
    kind = _kind(casts)
    if isinstance(value, str) and not open_text(value) and _fits(kind, value):
        if kind == "bool":
            return value.lower() in {"true", "y", "yes", "on"}
        if kind in {"int", "float", "cpus", "uint64", "uint32"}:
            return float(value) if kind in {"float", "cpus"} else int(value)
    return value


def _texts(value: Value, key: Key, casts: object) -> Iterator[tuple[Key, str]]:
    if casts is None:
        return
    if isinstance(value, dict | list) and casts != "option":
        for part, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(item, (*key, part), _step(casts, part))
    elif (kind := _kind(casts)) and not open_text(value):
        wrong = not _fits(kind, value) if isinstance(value, str) else _beyond(kind, value)
        if wrong:
            yield key, _WHAT[kind]


def _beyond(kind: str, value: Value) -> bool:
    """Whether a value that is not a text does not fit the type of its key."""
    if kind == "text":
        return True
    if kind == "option":
        return value is not None and (
            isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63
        )
    if kind == "octal":
        return isinstance(value, float)
    return isinstance(value, int | float) and not isinstance(value, bool) and not _in_range(kind, value)


def _in_range(kind: str, value: float) -> bool:
    """Whether a number is in the range of a key's type."""
    if kind == "mode":
        return value >= 0
    if not isinstance(value, int):
        return True
    if kind == "cpus":  # Go's YAML parser does not take more than 64 bits for an integer, so this is accepted
        return not 2**63 <= value < 2**64
    return not kind.startswith("uint") or value >= 0


def _fits(kind: str, text: str) -> bool:
    if kind == "size":
        return text == "-1" or is_size(text.removeprefix("+")) or bool(_POWER.fullmatch(text) and _held("float", text))
    if kind == "duration":
        return is_duration(text, days=True)
    return kind not in _FORMS or (_FORMS[kind].fullmatch(text) is not None and _held(kind, text))


def _held(kind: str, text: str) -> bool:
    """Whether the number fits into the 64 bits that Go uses for this type."""
    if kind in {"float", "cpus"}:
        return isfinite(float(text))
    if kind in {"int", "digits", "uint64", "uint32", "octal"}:
        return len(text) < _MOST_DIGITS and -(2**63) <= int(text, 8 if kind == "octal" else 10) < 2**63
    return True
