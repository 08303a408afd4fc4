"""Keys of daemon.json whose values Docker prints in a list, together with other entries. Pure data.

Source of the forms: moby's `daemon/info.go`, `daemon/info_unix.go` and `daemon/daemon_unix.go`
(`adaptContainerSettings`), 20.10 to 29.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import ip_network
from typing import Literal

from runnerops.frozen import frozen
from runnerops.model.common import Tree, Value
from runnerops.model.host_state import sha256
from runnerops.services.scripts import script
from runnerops.services.shared.sizes import is_size, size_of
from runnerops.services.shared.versions import Version


@frozen
class Listed:
    """`lines` gives the lines that `form` prints while a value is in effect.

    `old_lines_go`: the lines of the old value must have disappeared; not so if the default may be the same. `since`: the first
    release that prints them. `secret`: they may contain secrets, so steps have their digests. `within`: the daemon does
    not print it if this key is false.
    """

    of: Literal["info", "container"]
    form: str
    lines: Callable[[Value], Iterable[str]]
    old_lines_go: bool = True
    secret: bool = False
    since: Version = (0, 0)
    within: str = ""


def _strings(value: Value) -> Iterable[str]:
    return (text for text in (value if isinstance(value, list) else ()) if isinstance(text, str) and text)


def _labels(value: Value) -> Iterable[str]:
    return (text for text in _strings(value) if "=" in text)


def _insecure(value: Value) -> Iterator[str]:
    """Networks, and `HOST false` (not secure). The host's own networks are always listed, and Docker Hub never is."""
    for text in _strings(value):
        name = re.sub(r"^https?://", "", text, flags=re.IGNORECASE)
        try:
            network = ip_network(name, strict=False) if "/" in name else None
        except ValueError:
            continue
        if network is None and name != "docker.io":
            yield f"{name} false"
        elif network is not None and not network.is_loopback:
            yield str(network)


def _runtimes(value: Value) -> Iterator[str]:
    for name, runtime in value.items() if isinstance(value, dict) else ():
        if isinstance(runtime, dict) and isinstance(runtime.get("path"), str):
            yield f"{name} {runtime['path']}"


def _cgroup_driver(value: Value) -> Iterable[str]:
    option = "native.cgroupdriver="
    return (text.removeprefix(option) for text in _strings(value) if text.startswith(option))


def _log_opts(value: Value) -> Iterable[str]:
    return (f"{name} {text}" for name, text in value.items()) if isinstance(value, dict) else ()


def _proxy(value: Value) -> Iterable[str]:
    return () if value is False else ("EnableUserlandProxy true",)


def _proxy_path(value: Value) -> Iterable[str]:
    return (f"UserlandProxyPath {value}",) if value else ()


def _word(value: Value) -> Iterable[str]:
    return (str(value),) if value else ()


def _bytes(value: Value) -> Iterable[str]:
    return (str(size_of(str(value))),) if value and is_size(str(value)) else ()


def _security(option: str) -> Callable[[Value], Iterable[str]]:
    return lambda value: (option.format(value),) if value else ()


_SECURITY = "{{range .SecurityOptions}}{{println .}}{{end}}"
_REGISTRIES = (
    "{{range .RegistryConfig.InsecureRegistryCIDRs}}{{println .}}{{end}}"
    "{{range .RegistryConfig.IndexConfigs}}{{println .Name .Secure}}{{end}}"
)
_RUNTIMES = "{{range $name, $runtime := .Runtimes}}{{$name}} {{$runtime.Path}}{{println}}{{end}}"
_FIREWALL = "{{range .FirewallBackend.Info}}{{println (index . 0) (index . 1)}}{{end}}"
_LOG_OPTS = "{{range $name, $text := .HostConfig.LogConfig.Config}}{{$name}} {{$text}}{{println}}{{end}}"

LISTED: Mapping[str, Listed] = {
    "authorization-plugins": Listed("info", "{{range .Plugins.Authorization}}{{println .}}{{end}}", _strings),
    "default-cgroupns-mode": Listed("container", "{{println .HostConfig.CgroupnsMode}}", _word, old_lines_go=False),
    "default-ipc-mode": Listed("container", "{{println .HostConfig.IpcMode}}", _word, old_lines_go=False),
    "default-shm-size": Listed("container", "{{println .HostConfig.ShmSize}}", _bytes, old_lines_go=False),
    "exec-opts": Listed("info", "{{println .CgroupDriver}}", _cgroup_driver, old_lines_go=False),
    "init-path": Listed("info", "{{println .InitBinary}}", _word, old_lines_go=False),
    "insecure-registries": Listed("info", _REGISTRIES, _insecure),
    "labels": Listed("info", "{{range .Labels}}{{println .}}{{end}}", _labels, secret=True),
    "log-opts": Listed("container", _LOG_OPTS, _log_opts, secret=True),
    "no-new-privileges": Listed("info", _SECURITY, _security("name=no-new-privileges"), since=(26, 0)),
    "runtimes": Listed("info", _RUNTIMES, _runtimes),
    "seccomp-profile": Listed("info", _SECURITY, _security("name=seccomp,profile={}"), old_lines_go=False),
    "selinux-enabled": Listed("info", _SECURITY, _security("name=selinux")),
    "userland-proxy": Listed("info", _FIREWALL, _proxy, since=(29, 5)),
    "userland-proxy-path": Listed(
        "info", _FIREWALL, _proxy_path, old_lines_go=False, since=(29, 5), within="userland-proxy"
    ),
}


def listed(
    names: frozenset[str], old: Tree, desired: Tree, version: Version | None
) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Name, question and answer of each of these keys: its lines are there, and those of its old value are not."""
    for name, key in LISTED.items():
        is_reported = not key.within or desired.get(key.within) is not False
        if name in names and is_reported and version and version >= key.since:
            wanted = tuple(dict.fromkeys(key.lines(desired.get(name))))
            before = key.lines(old.get(name)) if key.old_lines_go else ()
            words = (*wanted, "--", *(line for line in dict.fromkeys(before) if line not in wanted))
            if len(words) > 1:
                shape = "digests" if key.secret else "plain"
                arguments = (sha256(line.encode()) if key.secret and line != "--" else line for line in words)
                yield name, script("docker-lists.sh", key.of, shape, key.form, *arguments), "as configured"
