"""Checks keys of one Compose service that exclude each other, or that must agree. Pure.

Source: `checkConsistency` in compose-go's `loader/validate.go`, and its `validation`.
"""

from __future__ import annotations

import re
from decimal import Decimal

from runnerops.model.common import Key, Tree, Value, value_at
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.parts import REFUSED, REFUSES, items, mapping, volume_parts
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.json_schema import open_text
from runnerops.services.shared.sizes import is_size, size_of

_LIMITS = {
    "cpus": ("limits", "cpus"),
    "mem_limit": ("limits", "memory"),
    "mem_reservation": ("reservations", "memory"),
    "pids_limit": ("limits", "pids"),
}
"""Keys of a service, and where `deploy.resources` has the same."""

_COUNT = late_pattern(r"(?i:all)|[-+]?\d+")


def pairs(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    if service.get("network_mode") and service.get("networks"):
        yield (
            "K002",
            "error",
            (*key, "network_mode"),
            f"cannot be combined with `networks`: {REFUSED}",
            "take one of them out",
        )
    if service.get("network_mode") == "host" and service.get("ports"):
        text = "does nothing with `network_mode: host`, where every port of the container is one of the host"
        yield "K002", "warning", (*key, "ports"), text, "take it out"
    for rule in (_repeated, _ulimits, _memory, _build, _scale, _limits, _devices, _watch, _targets):
        yield from rule(service, key)


def _repeated(service: Tree, key: Key) -> Found:
    """Compose uses the last of several items with one name."""
    for name in ("environment", "labels"):
        last_values: dict[str, str] = {}
        for index, item in enumerate(items(service.get(name))):
            variable, sign, value = item.partition("=") if isinstance(item, str) else ("", "", "")
            if sign and last_values.setdefault(variable, value) != value:
                text = f"sets {variable} again: the last one counts"
                yield "P002", "warning", (*key, name, index), text, "take one of them out"
            last_values[variable] = value


def _ulimits(service: Tree, key: Key) -> Found:
    for name, limit in mapping(service.get("ulimits")).items():
        soft, hard = (_whole(mapping(limit).get(part)) for part in ("soft", "hard"))
        if isinstance(soft, int) and isinstance(hard, int) and -1 not in (soft, hard) and soft > hard:
            text = f"has a soft limit above the hard one: {REFUSES}"
            yield "K002", "error", (*key, "ulimits", name), text, f"write at most soft: {hard}"


_LEAST = 6 << 20
"""Bytes of memory that Docker allows a container at least."""


def _memory(service: Tree, key: Key) -> Found:
    limit, swap, reservation = (_bytes(service.get(name)) for name in ("mem_limit", "memswap_limit", "mem_reservation"))
    for name, amount in (("mem_limit", limit), ("mem_reservation", reservation)):
        if amount and 0 < amount < _LEAST:
            yield "K002", "error", (*key, name), f"must be at least 6m: {REFUSES}", _unit_of_memory(service.get(name))
    if limit and swap and 0 < swap < limit:
        text = f"includes the memory, and must not be below mem_limit: {REFUSES}"
        yield "K002", "error", (*key, "memswap_limit"), text, "write the sum of memory and swap"
    if limit and reservation and reservation > limit >= _LEAST:
        text = f"must not be above mem_limit: {REFUSES}"
        yield "K002", "error", (*key, "mem_reservation"), text, "write at most that"


def _bytes(value: Value) -> Decimal | None:
    return None if open_text(value) else _amount("mem", value)


def _unit_of_memory(value: Value) -> str:
    return f"write {value}m if megabytes are meant" if re.fullmatch(r"\d{1,6}", str(value)) else ""


def _build(service: Tree, key: Key) -> Found:
    build, platform = mapping(service.get("build")), service.get("platform")
    if build.get("dockerfile") and build.get("dockerfile_inline"):
        text = f"cannot be combined with `dockerfile_inline`: {REFUSED}"
        yield "K002", "error", (*key, "build", "dockerfile"), text, "take one of them out"
    platforms = items(build.get("platforms"))
    if platforms and platform and platform not in platforms and not any(map(open_text, (platform, *platforms))):
        text = f"must name the service's platform {platform}: {REFUSED}"
        yield "K002", "error", (*key, "build", "platforms"), text, "add it"


def _scale(service: Tree, key: Key) -> Found:
    scale, replicas = _whole(service.get("scale")), _whole(mapping(service.get("deploy")).get("replicas"))
    if isinstance(scale, int) and isinstance(replicas, int) and scale != replicas:
        text = f"differs from `deploy.replicas`: {REFUSED}"
        yield "K002", "error", (*key, "scale"), text, "write it in only one of the two places"
    if isinstance(scale, int) and scale < 0:
        yield "K002", "error", (*key, "scale"), f"must not be negative: {REFUSED}", "write 0 or more"
    if isinstance(replicas, int) and replicas < 0:
        yield "K002", "error", (*key, "deploy", "replicas"), "must not be negative", "write 0 or more"
    places: tuple[Key, ...] = (("scale",), ("deploy", "replicas"))
    for where in places:
        value = value_at(service, where)
        if isinstance(value, int | float) and value >= 1 << 63:
            text = "has more than 64 bits, and newer releases of Compose refuse the file"
            yield "K002", "warning", (*key, *where), text, "write the number of containers"
    number = scale if isinstance(scale, int) else replicas
    if isinstance(number, int) and number > 1 and service.get("container_name"):
        text = f"can be the name of only one container: {REFUSED}"
        yield "K002", "error", (*key, "container_name"), text, "take it out, or write only one replica"


def _whole(value: Value) -> Value:
    """Returns a number that is written as a text as a number."""
    is_text = isinstance(value, str) and re.fullmatch(r"[-+]?[0-9]{1,18}", value)
    return int(str(value)) if is_text else value


def _limits(service: Tree, key: Key) -> Found:
    """A table of limits that lacks the key means a limit of zero, which differs too."""
    resources = mapping(mapping(service.get("deploy")).get("resources"))
    for name, (table, same) in _LIMITS.items():
        amount_here, deploy_table = service.get(name), resources.get(table)
        if (
            not amount_here
            or not isinstance(deploy_table, dict)
            or open_text(amount_here)
            or open_text(deploy_table.get(same))
        ):
            continue
        own_amount, deploy_amount = _amount(name, amount_here), _amount(name, deploy_table.get(same))
        if own_amount and deploy_amount is not None and own_amount != deploy_amount:
            text = f"differs from `deploy.resources.{table}.{same}`: {REFUSED}"
            yield "K002", "error", (*key, name), text, "write it in only one of the two places"


def _amount(name: str, value: Value) -> Decimal | None:
    """Returns an amount; None for anything else, which another rule reports."""
    text = "0" if value is None else str(value)
    if name.startswith("mem"):
        return Decimal(size_of(text)) if is_size(text) else None
    return Decimal(text) if re.fullmatch(r"[-+]?(?:\d+\.?\d*|\.\d+)", text) else None


def _devices(service: Tree, key: Key) -> Found:
    resources = mapping(mapping(service.get("deploy")).get("resources"))
    devices = mapping(resources.get("reservations")).get("devices")
    place: Key = ("deploy", "resources", "reservations", "devices")
    for where, node in ((place, devices), (("gpus",), service.get("gpus"))):
        for index, device in enumerate(items(node)):
            device_place, count = (*key, *where, index), mapping(device).get("count")
            if count is not None and "device_ids" in mapping(device):
                yield "K002", "error", device_place, f"has both count and device_ids: {REFUSED}", "take one of them out"
            wrong = (isinstance(count, float) and count.is_integer()) or (
                isinstance(count, str) and not _COUNT.fullmatch(count)
            )
            if wrong and not open_text(count):
                yield "K002", "error", (*device_place, "count"), f"must be a number, or `all`: {REFUSED}", ""
            elif (number := _digits(count)) is not None and not -(2**63) <= number < 2**63:
                yield "K002", "error", (*device_place, "count"), f"must be a number of at most 64 bits: {REFUSED}", ""


def _digits(value: Value) -> int | None:
    """Reads a whole number. Of a text, only the first digits are read, which shows whether it is too long."""
    if isinstance(value, str):
        digits = re.match(r"[-+]?[0-9]{1,30}", value)
        return int(digits[0]) if digits else None
    return value if isinstance(value, int) else None


def _watch(service: Tree, key: Key) -> Found:
    for index, entry in enumerate(items(mapping(service.get("develop")).get("watch"))):
        place, watch = (*key, "develop", "watch", index), mapping(entry)
        if watch.get("path") == "":
            yield "K002", "error", (*place, "path"), f"is empty: {REFUSED}", "write the path to watch"
        if not watch.get("target") and watch.get("action") in ("sync", "sync+exec", "sync+restart"):
            text = f"has no target, which every action except rebuild and restart needs: {REFUSED}"
            yield "K002", "error", place, text, "add target: /PATH"


def _targets(service: Tree, key: Key) -> Found:
    """Compose uses the last of several volumes at one path. Newer releases refuse a second one beside `tmpfs`."""
    tmpfs = service.get("tmpfs")
    tmpfs_paths = [(str(path), index) for index, path in enumerate(items(tmpfs) or [tmpfs]) if isinstance(path, str)]
    paths = {path.partition(":")[0] for path, _ in tmpfs_paths}
    for path in paths:
        if path and not path.startswith("/") and not open_text(path):
            text = f"has the path {path}, which must be absolute: {REFUSES}"
            yield "K002", "error", (*key, "tmpfs"), text, f"write /{path}"
    if len(paths) < len(tmpfs_paths):
        yield (
            "K002",
            "warning",
            (*key, "tmpfs"),
            "has the same path twice, which newer releases of Compose refuse",
            "take one out",
        )
    for index, volume in enumerate(items(service.get("volumes"))):
        parts = volume_parts(volume) if isinstance(volume, str) else []
        target = parts[min(1, len(parts) - 1)] if parts else mapping(volume).get("target")
        if isinstance(target, str) and target in paths:
            text = "has the path of a `tmpfs`, which newer releases of Compose refuse"
            yield "K002", "warning", (*key, "volumes", index), text, "take one of the two out"
