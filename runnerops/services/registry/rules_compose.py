"""A Compose file of anybody's: keys, references, values; and what goes wrong where a service of it is a registry. Pure.

The keys are those of the Compose specification, as Docker Compose 5.x reads it: one that it does not know is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.config_schema import CONFIG, STORAGE, STORAGE_ASIDE
from runnerops.services.registry.image import major
from runnerops.services.registry.rules_config import Found, Severity

_TOP = frozenset({"version", "name", "services", "networks", "volumes", "secrets", "configs", "include", "models"})
_SERVICE_KEYS = """
    annotations attach build blkio_config cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count
    cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on deploy
    develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment expose extends
    external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels links logging
    mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable
    oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles provider pull_policy
    pull_refresh_after read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period
    stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volume_driver volumes
    volumes_from working_dir
"""
_SERVICE = frozenset(_SERVICE_KEYS.split())
_LISTS = ("ports", "volumes", "cap_add", "cap_drop", "devices", "expose", "security_opt", "external_links", "profiles")
_REFUSED = "Compose refuses the whole file"
_SIZE = re.compile(r"\d+(?:\.\d+)?\s*(?:[kKmMgGtT]?[bB]?)")
_VARIABLE = re.compile(r"\$(?:\$|[A-Za-z_]\w*|\{[A-Za-z_]\w*(?:(?::?[-?+]).*?)?\})", re.DOTALL)
_REGISTRY = re.compile(
    r"(?:(?:docker\.io|index\.docker\.io)/)?(?:library/)?registry(?:[:@].*)?|distribution/distribution(?:[:@].*)?"
)
_OLD_PATH = "/etc/docker/registry/config.yml"
_DATA = "/var/lib/registry"


def compose_rules(tree: Tree) -> Found:
    """All rules on one file."""
    for name in tree:
        if name not in _TOP and not name.startswith("x-"):
            yield _unknown(name, _TOP, (name,))
    yield from _variables(tree, ())
    services = tree.get("services")
    if services is None:
        return
    if not isinstance(services, dict):
        yield "K002", "error", ("services",), "must be a mapping", _REFUSED
        return
    for name, service in services.items():
        key: Key = ("services", name)
        if not isinstance(service, dict):
            yield "K002", "error", key, "must be a mapping", _REFUSED
            continue
        for rule in (_keys, _types, _image):
            yield from rule(service, key)
        if not tree.get("include"):  # another file may define what this one uses
            yield from _references(service, tree, key)
        if _REGISTRY.fullmatch(str(service.get("image") or "")):
            yield from _registry(service, key)
    yield from _shared(services)


def _unknown(name: str, known: frozenset[str], key: Key) -> tuple[str, Severity, Key, str, str]:
    near = get_close_matches(name, sorted(known), 1, 0.7)
    hint = f", did you mean '{near[0]}'?" if near else ""
    return "K001", "error", key, f"unknown key{hint}", f"{_REFUSED}; keys of your own begin with x-"


def _variables(value: Value, key: Key) -> Found:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _variables(item, (*key, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _variables(item, (*key, index))
    elif isinstance(value, str) and "$" in _VARIABLE.sub("", value):
        yield "K003", "error", key, "a `$` stands here that begins no variable", "write `$$` for a dollar sign"


def _keys(service: Tree, key: Key) -> Found:
    for name in service:
        if name not in _SERVICE and not name.startswith("x-"):
            yield _unknown(name, _SERVICE, (*key, name))
    if not any(service.get(name) for name in ("image", "build", "extends", "provider")):
        yield "K002", "error", key, "has neither image nor build", _REFUSED


def _types(service: Tree, key: Key) -> Found:
    for name in _LISTS:
        if service.get(name) is not None and not isinstance(service[name], list):
            yield "K002", "error", (*key, name), "must be a list", _REFUSED
    check = service.get("healthcheck")
    for name in ("interval", "timeout", "start_period", "start_interval"):
        if isinstance(check, dict) and isinstance(check.get(name), int | float):
            yield "K002", "error", (*key, "healthcheck", name), "must be a duration, such as 30s", _REFUSED
    for name in ("mem_limit", "mem_reservation", "memswap_limit", "shm_size"):
        value = service.get(name)
        if isinstance(value, str) and "$" not in value and value != "-1" and not _SIZE.fullmatch(value):
            yield "K002", "error", (*key, name), "must be a size, such as 512m", _REFUSED
    restart = service.get("restart")
    if (
        isinstance(restart, str)
        and "$" not in restart
        and not re.fullmatch(r"no|always|unless-stopped|on-failure(:\d+)?", restart)
    ):
        yield (
            "K002",
            "error",
            (*key, "restart"),
            "must be no, always, unless-stopped or on-failure",
            "Docker refuses the container",
        )


def _image(service: Tree, key: Key) -> Found:
    image = service.get("image")
    if (
        isinstance(image, str)
        and "$" not in image
        and re.search(r"[A-Z]", image.partition("@")[0].rpartition("/")[2].partition(":")[0])
    ):
        yield "K002", "error", (*key, "image"), "has capital letters in its name", "Docker refuses it; write small ones"
    for index, (_, target) in enumerate(_mounts(service)):
        if target and not target.startswith(("/", "$", "\\")) and not re.match(r"[A-Za-z]:", target):
            yield "K002", "error", (*key, "volumes", index), "the path in the container must be absolute", "write /PATH"


def _mounts(service: Tree) -> Iterator[tuple[str, str]]:
    """Source (empty: anonymous) and target of each volume."""
    volumes = service.get("volumes")
    for volume in volumes if isinstance(volumes, list) else ():
        if isinstance(volume, dict):
            yield str(volume.get("source") or ""), str(volume.get("target") or "")
        elif isinstance(volume, str):
            parts = re.split(r":(?![\\/]{1}[^/])", volume) if re.match(r"[A-Za-z]:\\", volume) else volume.split(":")
            yield (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
        else:
            yield "", ""


def _references(service: Tree, tree: Tree, key: Key) -> Found:
    for index, (source, _) in enumerate(_mounts(service)):
        if re.fullmatch(r"[A-Za-z0-9][\w.-]*", source) and source not in _named(tree, "volumes"):
            yield _undefined("volumes", source, (*key, "volumes", index))
    for kind in ("networks", "secrets", "configs"):
        for place, name in _used(service.get(kind)):
            if name not in _named(tree, kind) and not (kind == "networks" and name == "default"):
                yield _undefined(kind, name, (*key, kind, place))
    for place, name in _used(service.get("depends_on")):
        if name not in _named(tree, "services"):
            yield _undefined("services", name, (*key, "depends_on", place))


def _undefined(kind: str, name: str, key: Key) -> tuple[str, Severity, Key, str, str]:
    return "K004", "error", key, f"{name!r} is not defined under `{kind}`", f"{_REFUSED}; add it there"


def _named(tree: Tree, kind: str) -> Mapping[str, Value]:
    found = tree.get(kind)
    return found if isinstance(found, dict) else {}


def _used(value: Value) -> Iterator[tuple[str | int, str]]:
    if isinstance(value, dict):
        yield from ((name, name) for name in value)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str) and "$" not in item:
            yield index, item
        elif isinstance(item, dict) and isinstance(item.get("source"), str):
            yield index, str(item["source"])


def _environment(service: Tree) -> Iterator[tuple[str | int, str, str]]:
    found = service.get("environment")
    if isinstance(found, dict):
        yield from ((name, name, "" if value is None else str(value)) for name, value in found.items())
    for index, item in enumerate(found if isinstance(found, list) else ()):
        name, _, value = str(item).partition("=")
        yield index, name, value


def _registry(service: Tree, key: Key) -> Found:
    targets = [target for _, target in _mounts(service)]
    command = str(service.get("command") or "") + str(service.get("entrypoint") or "")
    if _OLD_PATH in targets and major(str(service["image"])) == 3 and _OLD_PATH not in command:
        text = "registry 3 does not read it: it would be an open registry that anybody can push to, and no cache"
        yield (
            "K010",
            "error",
            (*key, "volumes", targets.index(_OLD_PATH)),
            text,
            "mount it at /etc/distribution/config.yml",
        )
    if re.search(r":latest$", str(service["image"])) or ":" not in str(service["image"]):
        text = "`latest` moves from one major version to the next, which reads another path"
        yield "K011", "warning", (*key, "image"), text, "write a version"
    given = {name: value for _, name, value in _environment(service)}
    cache = any(name.startswith("REGISTRY_PROXY_") for name in given)
    for index, name, value in _environment(service):
        yield from _setting(name, value, (*key, "environment", index))
    if (
        cache
        and not any(target.startswith(_DATA) for target in targets)
        and "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY" not in given
    ):
        yield (
            "K013",
            "warning",
            key,
            f"has no volume at {_DATA}: what it holds goes with the container",
            "add a named volume",
        )
    if given.get("REGISTRY_PROXY_PASSWORD") and any(_open(port) for port in _ports(service)):
        text = "everybody who reaches this port can read what the cache's account can"
        yield "K014", "warning", (*key, "ports"), text, "publish it on one address: ADDRESS:5000:5000"


def _ports(service: Tree) -> list[Value]:
    found = service.get("ports")
    return found if isinstance(found, list) else []


def _open(port: Value) -> bool:
    if isinstance(port, dict):
        return bool(port.get("published")) and not port.get("host_ip")
    parts = str(port).split(":")
    return len(parts) == 2 or (len(parts) == 3 and parts[0] == "0.0.0.0")  # noqa: S104  this is what is looked for


def _setting(name: str, value: str, key: Key) -> Found:
    """A variable that the registry reads as a key of its configuration, and its value as YAML."""
    if not name.startswith("REGISTRY_") or name in {"REGISTRY_HTTP_SECRET", "REGISTRY_CONFIGURATION_PATH"}:
        return
    path = [part.lower() for part in name.split("_")[1:]]
    if problem := _no_such_key(path):
        yield "K012", "error", key, problem, "the registry only warns of it in its log"
    quoted = f"write {name}='\"…\"'"
    if value[:1] == "#":
        yield "K012", "error", key, "the registry reads it as YAML, where # begins a comment: it is empty", quoted
    elif value[:1] in set("[{*&!%@`") and path[:1] == ["proxy"]:
        yield "K012", "error", key, "the registry reads it as YAML, in which its first letter has a meaning", quoted


def _no_such_key(path: list[str]) -> str:
    """What is wrong with the path of a variable; empty where it is a key, or free from there on."""
    shape: object = CONFIG
    for index, part in enumerate(path):
        if shape == "any" and path[0] == "storage" and index == 1:
            known = {*STORAGE, *STORAGE_ASIDE}
            return "" if part in known else _near("_".join(path[1:]), sorted(known))
        if not isinstance(shape, Mapping) or "*" in shape:
            return ""
        if part not in shape:
            return _near("".join(path[index:]), [*shape])
        shape = shape[part]
    return ""


def _near(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, 1, 0.7)
    return f"names no key of the registry, did you mean {near[0]}?" if near else "names no key of the registry"


def _shared(services: Tree) -> Found:
    """Two registries on one volume take each other's content off."""
    seen: dict[str, str] = {}
    for name, service in services.items():
        if not isinstance(service, dict) or not _REGISTRY.fullmatch(str(service.get("image") or "")):
            continue
        for source, target in _mounts(service):
            if source and target.startswith(_DATA):
                if source in seen:
                    text = f"has the volume of {seen[source]}: each would take the other's content off"
                    yield "K015", "warning", ("services", name, "volumes"), text, "give each a volume of its own"
                seen.setdefault(source, name)
