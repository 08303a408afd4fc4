"""Values of `[runners.docker]` with which Docker refuses to create the containers of jobs. Pure.

Source: moby's `daemon/container.go`, `daemon/daemon_unix.go` and `daemon/pkg/oci`, to which gitlab-runner passes them on
unchanged, and `opts/gpus.go` of Docker's client.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.rules.found import Found
from runnerops.services.gitlab_runner.rules.images import images
from runnerops.services.gitlab_runner.rules.walk import is_open, pairs, table_of, texts
from runnerops.services.shared.addresses import is_address
from runnerops.services.shared.limits import CAPABILITIES, LIMITS
from runnerops.services.shared.sizes import is_size, size_of
from runnerops.services.shared.tmpfs import wrong_options

_JOBS = "every job would fail"
_CPUS = late_pattern(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+/0*[1-9]\d*)")
_ULIMIT = late_pattern(r"[+-]?\d+(?::[+-]?\d+)?")
_MAC = late_pattern(
    r"(?:[0-9A-Fa-f]{2}(?P<by>[:-]))(?:[0-9A-Fa-f]{2}(?P=by)){4,18}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2,9}[0-9A-Fa-f]{4}"
)
_LOG_OPTIONS = ("env", "labels")
_PARTS_OF_A_DEVICE = 3
_MODES = {
    "ipcmode": ("none", "private", "shareable", "host", "container:NAME"),
    "pid_mode": ("host", "container:NAME"),
}
_SECURITY = ("label", "apparmor", "seccomp", "no-new-privileges", "writable-cgroups")
_ALONE = ("no-new-privileges", "writable-cgroups", "disable")
_GPUS = late_pattern(r"all|[+-]?[0-9]+|(?:driver|count|device|capabilities|options)=.*")
_CGROUP_RULE = late_pattern(r"[acb] (?:[0-9]+|\*):(?:[0-9]+|\*) [rwm]{1,3}")
_CPUSET = late_pattern(r"\s*\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*\s*")
_LEAST_MEMORY = 6 * 1024**2
_WORST = 1000
"""The highest `oom_score_adjust`; the lowest is the same below zero."""


def containers(runner: Tree, key: Key) -> Found:
    """Checks `[runners.docker]` of the runner at `key`."""
    docker, place = table_of(runner, "docker"), (*key, "docker")
    for rule in (
        _limits,
        _devices,
        _network,
        _hosts,
        _modes,
        _capabilities,
        _numbers,
        _memory,
        images,
        _services,
        _tmpfs,
        _security,
    ):
        yield from rule(docker, place)


def _limits(docker: Tree, key: Key) -> Found:
    for name in ("cpus", "service_cpus"):
        value = docker.get(name)
        if isinstance(value, str) and value and not _CPUS.fullmatch(value):
            text = f"must be a number of processors, such as 1.5: {_JOBS}"
            yield "R015", "error", (*key, name), text, 'write for example "2"'
    for name in ("cpuset_cpus", "cpuset_mems", "service_cpuset_cpus"):
        value = docker.get(name)
        if isinstance(value, str) and value and not is_open(value) and not _CPUSET.fullmatch(value):
            text = f"must be numbers of processors or memory nodes: {_JOBS}"
            yield "R015", "error", (*key, name), text, 'write for example "0-3" or "0,2"'
    for name, limit in pairs(docker.get("ulimit")):
        if name.lower() not in LIMITS:
            fix = near_fix(name, LIMITS) or f"write one of {', '.join(sorted(LIMITS))}"
            yield "R015", "error", (*key, "ulimit", name), f"there is no limit of this name: {_JOBS}", fix
        elif not _ULIMIT.fullmatch(limit):
            text = f"must be a number, or SOFT:HARD: {_JOBS}"
            yield "R015", "error", (*key, "ulimit", name), text, 'write for example "1024:4096"; "-1" is no limit'
    for name, _ in pairs(docker.get("log_options")):
        if name not in _LOG_OPTIONS:
            text = f"only {' and '.join(_LOG_OPTIONS)} are allowed here: {_JOBS}"
            yield "R015", "error", (*key, "log_options", name), text, "set it in daemon.json, under log-opts"


def _numbers(docker: Tree, key: Key) -> Found:
    score, shm = docker.get("oom_score_adjust"), docker.get("shm_size")
    if isinstance(score, int) and abs(score) > _WORST:
        text = f"must be from -{_WORST} to {_WORST}: {_JOBS}"
        yield "R015", "error", (*key, "oom_score_adjust"), text, "write a number in this range"
    if isinstance(shm, int) and shm < 0:
        text = f"must not be negative: {_JOBS}"
        yield "R015", "error", (*key, "shm_size"), text, "write the number of bytes, or 0 for the default"


def _memory(docker: Tree, key: Key) -> Found:
    for who in ("", "service_"):
        names = [f"{who}memory{suffix}" for suffix in ("", "_swap", "_reservation")]
        memory, swap, reserved = (_bytes(docker.get(name)) for name in names)
        problems = (
            (names[0], 0 < memory < _LEAST_MEMORY, "is less than 6m", "write 6m or more"),
            (names[1], swap > 0 and memory == 0, f"needs {names[0]} too", f"add {names[0]}"),
            (names[1], 0 < swap < memory, f"is less than {names[0]}, which is a part of it", 'write more, or "-1"'),
            (names[2], 0 < memory < reserved, f"is more than {names[0]}", f"write at most what {names[0]} says"),
            (names[2], 0 < reserved < _LEAST_MEMORY, "is less than 6m", "write 6m or more"),
        )
        for name, wrong, text, fix in problems:
            if wrong:
                yield "R015", "error", (*key, name), f"{text}: {_JOBS}", fix


def _bytes(value: Value) -> int:
    """The number of bytes; 0 if there is no limit, and -1 if it is not known."""
    if value in (None, ""):
        return 0
    text = value.strip() if isinstance(value, str) else ""
    return size_of(text) if is_size(text) else -1


def _services(docker: Tree, key: Key) -> Found:
    """The limit counts the runner's own services too, not only those of a job."""
    services, limit = docker.get("services"), docker.get("services_limit")
    count = len(services) if isinstance(services, list) else 0
    if isinstance(limit, int) and not isinstance(limit, bool) and 0 <= limit < count:
        text = f"is less than the number of the runner's own services ({count}): {_JOBS}"
        yield "R015", "error", (*key, "services_limit"), text, f"write {count} or more, or take it out"


def _tmpfs(docker: Tree, key: Key) -> Found:
    for name in ("tmpfs", "services_tmpfs"):
        for path, options in pairs(docker.get(name)):
            if not path.startswith("/") and not is_open(path):
                yield "R015", "error", (*key, name, path), f"must be an absolute path: {_JOBS}", f'write "/{path}"'
            for problem, fix in wrong_options(options) if not is_open(options) else ():
                yield "R015", "error", (*key, name, path), f"{problem}: {_JOBS}", fix


def _devices(docker: Tree, key: Key) -> Found:
    for index, device in texts(docker.get("devices")):
        if device.count(":") >= _PARTS_OF_A_DEVICE:
            text = f"has too many colons: {_JOBS}"
            yield "R015", "error", (*key, "devices", index), text, "write /HOST:/CONTAINER:rwm"
    for index, rule in texts(docker.get("device_cgroup_rules")):
        if not is_open(rule) and not _CGROUP_RULE.fullmatch(rule):
            text = f"must be TYPE MAJOR:MINOR ACCESS, with a, b or c, and some of rwm: {_JOBS}"
            yield "R015", "error", (*key, "device_cgroup_rules", index), text, 'write for example "c 81:* rwm"'
    for name in ("gpus", "service_gpus"):
        value = docker.get(name)
        if not isinstance(value, str) or not value.strip() or '"' in value or is_open(value):
            continue
        if not all(map(_GPUS.fullmatch, value.strip().split(","))):
            text = f"must be all, a number, or device=NAME: {_JOBS}"
            yield "R015", "error", (*key, name), text, 'write for example "all"'


def _network(docker: Tree, key: Key) -> Found:
    for index, server in texts(docker.get("dns")):
        if server and not is_address(server):
            text = f"must be an IP address: {_JOBS}"
            yield "R015", "error", (*key, "dns", index), text, "write an address such as 192.0.2.53"
    host, mac = docker.get("host"), docker.get("mac_address")
    if isinstance(host, str) and host and "://" not in host and "$" not in host:
        scheme = "unix" if host.startswith("/") else "tcp"
        text = f"must begin with unix:// or tcp://: {_JOBS}"
        yield "R015", "error", (*key, "host"), text, f"write {scheme}://{host}"
    if isinstance(mac, str) and mac and not _MAC.fullmatch(mac):
        fix = "write for example 92:d0:c6:0a:29:33"
        yield "R015", "error", (*key, "mac_address"), f"is no MAC address: {_JOBS}", fix


def _hosts(docker: Tree, key: Key) -> Found:
    """The API takes no `NAME=ADDRESS`, which only Docker's client translates."""
    for index, entry in texts(docker.get("extra_hosts")):
        name, _, address = entry.partition(":")
        if is_open(entry) or (name and (address == "host-gateway" or is_address(address))):
            continue
        yield "R015", "error", (*key, "extra_hosts", index), f"must be NAME:ADDRESS: {_JOBS}", _host_fix(entry)


def _host_fix(entry: str) -> str:
    first, sign, second = entry.partition("=") if "=" in entry else entry.partition(":")
    if sign and first and (second == "host-gateway" or is_address(second.strip(" []"))):
        return f"write {first}:{second.strip(' []')}"
    if sign and second and is_address(first):
        return f"write {second}:{first}"
    return "write for example db:192.0.2.7"


def _modes(docker: Tree, key: Key) -> Found:
    for name, known in _MODES.items():
        value = docker.get(name)
        if not isinstance(value, str) or not value or is_open(value) or value.startswith("container:"):
            continue
        if value not in known:
            text = f"must be one of {', '.join(known)}: {_JOBS}"
            yield "R012", "error", (*key, name), text, near_fix(value, known)


def _security(docker: Tree, key: Key) -> Found:
    for name in ("security_opt", "services_security_opt"):
        for index, option in texts(docker.get(name)):
            word, sign, value = option.partition("=" if "=" in option else ":")
            if is_open(option) or (sign and word in _SECURITY) or (not sign and word in _ALONE):
                continue
            text = f"must be NAME=VALUE, with {', '.join(_SECURITY)}: {_JOBS}"
            fix = near_fix(word, _SECURITY) + (f"={value}" if sign else "=…")
            place: Key = (*key, name, index)
            yield (
                "R012",
                "error",
                place,
                text,
                fix if fix.startswith("write") else "write for example seccomp=unconfined",
            )


def _capabilities(docker: Tree, key: Key) -> Found:
    for name in ("cap_add", "cap_drop"):
        for index, word in texts(docker.get(name)):
            plain = word.upper().removeprefix("CAP_")
            if plain not in CAPABILITIES and plain != "ALL" and not is_open(word):
                text = f"{word!r} is no capability of Linux: {_JOBS}"
                yield "R012", "error", (*key, name, index), text, near_fix(plain, CAPABILITIES)
