"""Checks values of one Compose service that Compose passes on, and that Docker refuses when it creates or starts the
container. Pure.

Source: moby's `verifyPlatformContainerResources` and `NormalizeLegacyCapabilities`, runc's `validate`, and containerd's
`platforms.Parse`, which Compose calls.
"""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Key, Tree, Value, value_at, word_set
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.parts import REFUSES, items, mapping
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.json_schema import open_text
from runnerops.services.shared.tmpfs import wrong_options

_CAPABILITIES = word_set("""
    ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER
    FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE
    NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE
    SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM
""")
_ULIMITS = word_set("""
    as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack
""")
_OF_IPC = word_set("kernel.msgmax kernel.msgmnb kernel.msgmni kernel.sem kernel.shmall kernel.shmmax kernel.shmmni") | {
    "kernel.shm_rmid_forced",
    "kernel.domainname",
}
_NAMESPACED = ("net.", "fs.mqueue.", "user.")
"""The beginnings of sysctls that a container has of its own."""
_MODES: Mapping[str, tuple[str, ...]] = {
    "ipc": ("none", "host", "private", "shareable"),
    "pid": ("host",),
    "uts": ("host",),
    "userns_mode": ("host",),
}
_PLATFORMS = (
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
    "linux/riscv64",
)
_SYSTEMS = word_set("""
    aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos macos
    386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc
    riscv riscv64 s390 s390x sparc sparc64 wasm aarch64 armhf armel i386 x86_64 x86-64
""")
"""Systems and processors that may stand alone in `platform`."""
_PART = late_pattern(r"[A-Za-z0-9_.-]+(?:\([A-Za-z0-9_.-]*\))?")


def docker_values(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    for rule in (_modes, _capabilities, _ulimits, _sysctls, _tmpfs, _devices, _processors, _swappiness, _platform):
        yield from rule(service, key)


def _modes(service: Tree, key: Key) -> Found:
    for name, words in _MODES.items():
        mode = service.get(name)
        if isinstance(mode, str) and mode and not open_text(mode) and mode not in words:
            if name in {"ipc", "pid"} and mode.startswith(("service:", "container:")):
                continue
            text = f"must be {' or '.join(words)}: {REFUSES}"
            yield "K002", "error", (*key, name), text, near_fix(mode, words)


def _capabilities(service: Tree, key: Key) -> Found:
    for where in ("cap_add", "cap_drop"):
        for index, item in enumerate(items(service.get(where))):
            if isinstance(item, str) and item and not open_text(item):
                name = item.upper().removeprefix("CAP_")
                if name not in _CAPABILITIES:
                    text = f"is not a capability of Linux: {REFUSES}"
                    yield "K002", "error", (*key, where, index), text, near_fix(name, sorted(_CAPABILITIES))


def _ulimits(service: Tree, key: Key) -> Found:
    for name in mapping(service.get("ulimits")):
        if name.lower() not in _ULIMITS and not name.startswith("x-"):
            text = f"is not a limit of Linux: {REFUSES}"
            yield "K002", "error", (*key, "ulimits", name), text, near_fix(name, sorted(_ULIMITS))


def _sysctls(service: Tree, key: Key) -> Found:
    """Finds sysctls that a container shares with its host. A runtime of another kind may have a kernel of its own."""
    table = service.get("sysctls")
    names: list[tuple[str | int, str]] = [(name, name) for name in mapping(table)]
    names += [(index, str(item).partition("=")[0]) for index, item in enumerate(items(table))]
    for place, name in names if not service.get("runtime") else ():
        dotted = name.strip().replace("/", ".")
        if open_text(name) or dotted in _OF_IPC or dotted.startswith(_NAMESPACED):
            continue
        if dotted == "kernel.hostname":
            fix = "write hostname: NAME at the service"
        else:
            fix = f"take it out, and set it on the host: sysctl -w {dotted}=VALUE"
        yield "K002", "error", (*key, "sysctls", place), f"is set for the whole host, not a container: {REFUSES}", fix


def _tmpfs(service: Tree, key: Key) -> Found:
    tmpfs = service.get("tmpfs")
    for index, entry in enumerate(items(tmpfs) or [tmpfs]):
        if not isinstance(entry, str) or open_text(entry):
            continue
        place: Key = (*key, "tmpfs", index) if isinstance(tmpfs, list) else (*key, "tmpfs")
        for problem, fix in wrong_options(entry.partition(":")[2]):
            yield "K002", "error", place, f"{problem}: {REFUSES}", fix


def _devices(service: Tree, key: Key) -> Found:
    for index, entry in enumerate(items(service.get("devices"))):
        parts = entry.split(":") if isinstance(entry, str) and not open_text(entry) else []
        if len(parts) == _WITH_ACCESS and (unknown := [letter for letter in parts[2] if letter not in "rwm"]):
            text = f"has {''.join(unknown)!r} in its access, which Docker ignores: it knows r, w and m"
            known = "".join(letter for letter in "rwm" if letter in parts[2]) or "rwm"
            yield "K002", "warning", (*key, "devices", index), text, f"write {parts[0]}:{parts[1]}:{known}"


_WITH_ACCESS = 3
"""The number of parts of `HOST:CONTAINER:ACCESS`."""


def _processors(service: Tree, key: Key) -> Found:
    given = service.get("cpus") or value_at(service, ("deploy", "resources", "limits", "cpus"))
    for name in ("cpu_quota", "cpu_period"):
        value = service.get(name)
        if _is_positive(given) and _is_positive(value):
            text = f"cannot be combined with a number of processors (`cpus`): {REFUSES}"
            yield "K002", "error", (*key, name), text, "take one of the two out"
        elif limits := _missed_limits(name, value):
            text = f"is in microseconds, and must be {limits}: {REFUSES}"
            yield "K002", "error", (*key, name), text, "write for example 50000"


def _missed_limits(name: str, value: Value) -> str:
    """The limits of a processor time in microseconds, if it is outside of them; else empty."""
    if not isinstance(value, int) or isinstance(value, bool):
        return ""
    if name == "cpu_quota":
        return "1000 (1 ms) or more" if 0 < value < 1000 else ""
    return "from 1000 (1 ms) to 1000000 (1 s)" if value and not 1000 <= value <= 1_000_000 else ""


def _is_positive(value: Value) -> bool:
    try:
        return not isinstance(value, bool) and float(value if isinstance(value, str | int | float) else 0) > 0
    except ValueError:  # a variable, or no number, as another rule reports
        return False


def _swappiness(service: Tree, key: Key) -> Found:
    value = service.get("mem_swappiness")
    if isinstance(value, int) and not isinstance(value, bool) and not -1 <= value <= _MOST_SWAPPY:
        text = "must be from 0 to 100: Docker refuses the container on a host with cgroup v1, and ignores it with v2"
        yield "K002", "warning", (*key, "mem_swappiness"), text, "write a number from 0 to 100"


_MOST_SWAPPY = 100


def _platform(service: Tree, key: Key) -> Found:
    platform = service.get("platform")
    if not isinstance(platform, str) or not platform or open_text(platform):
        return
    parts = platform.split("/")
    known = len(parts) > 1 or platform.lower() in _SYSTEMS
    if not known or len(parts) > 3 or not all(_PART.fullmatch(part) for part in parts):
        text = f"must be SYSTEM/PROCESSOR, such as linux/amd64: {REFUSES}"
        yield "K002", "error", (*key, "platform"), text, near_fix(platform, _PLATFORMS)
