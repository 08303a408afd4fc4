"""Words and forms that the loader of config.toml accepts as any text, and that fail later. Pure.

Source: `common/config.go`, `cache/cacheconfig`, `executors/docker` and `executors/kubernetes` of gitlab-runner, 13.0 to
19.3, the types of the Kubernetes API that the runner passes on unchanged, and `provider/interface.go` of fleeting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnerops.frozen import frozen
from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.rules.found import Found, Severity
from runnerops.services.gitlab_runner.schema import TABLES
from runnerops.services.shared.addresses import is_address

_JOBS = "every job would fail"


@frozen
class _Words:
    """`fold`: upper and lower case are the same."""

    known: tuple[str, ...]
    harm: str = _JOBS
    rule: str = "R012"
    severity: Severity = "error"
    fold: bool = False


_PROPAGATION = _Words(("None", "HostToContainer", "Bidirectional"))
_IGNORED = "the runner would leave it out"
_WORDS: Mapping[tuple[str, str], _Words] = {
    ("docker", "isolation"): _Words(("default", "process", "hyperv"), fold=True),
    ("virtualbox", "start_type"): _Words(("headless", "gui", "sdl", "separate")),
    ("kubernetes", "dns_policy"): _Words(("none", "default", "cluster-first", "cluster-first-with-host-net")),
    ("pod_spec", "patch_type"): _Words(("strategic", "merge", "json")),
    ("k8s_host_path", "mount_propagation"): _PROPAGATION,
    ("k8s_pvc", "mount_propagation"): _PROPAGATION,
    ("k8s_empty_dir", "mount_propagation"): _PROPAGATION,
    ("requirement", "operator"): _Words(("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")),
    ("lifecycle_http", "scheme"): _Words(("HTTP", "HTTPS")),
    ("connector", "protocol"): _Words(("ssh", "winrm", "winrm+https")),
    ("s3", "AuthenticationType"): _Words(
        ("iam", "access-key"), "its keys are not used, and nothing may be cached", "R014", "warning", fold=True
    ),
    ("s3", "ServerSideEncryption"): _Words(
        ("S3", "AES256", "KMS", "aws:kms", "DSSE-KMS", "aws:kms:dsse"), _IGNORED, "R014", "warning", fold=True
    ),
    ("security_profile", "type"): _Words(("RuntimeDefault", "Localhost", "Unconfined"), _IGNORED, severity="warning"),
    ("container_security", "proc_mount"): _Words(("default", "unmasked"), _IGNORED, severity="warning", fold=True),
}
"""By table and key. An empty text is the default."""

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_CPUS = late_pattern(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+/0*[1-9]\d*)")
_ULIMIT = late_pattern(r"[+-]?\d+(?::[+-]?\d+)?")
_MAC = late_pattern(
    r"(?:[0-9A-Fa-f]{2}(?P<by>[:-]))(?:[0-9A-Fa-f]{2}(?P=by)){4,18}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\.){2,9}[0-9A-Fa-f]{4}"
)
_LOG_OPTIONS = ("env", "labels")
_PARTS_OF_A_DEVICE = 3


def words(runner: Tree, key: Key) -> Found:
    """Checks one of `[[runners]]`, which is at `key`, and its tables."""
    for table, tree, place in _tables("runner", runner, key):
        for name, value in tree.items():
            if isinstance(value, str) and value and "$" not in value and (expected := _WORDS.get((table, name))):
                yield from _word(value, expected, (*place, name))
        if table == "docker":
            yield from _docker(tree, place)
        elif table == "kubernetes":
            yield from _tolerations(tree, place)
        elif table == "pod_spec" and tree.get("patch") and tree.get("patch_path"):
            text = f"cannot stand beside `patch_path`: {_JOBS}"
            yield "R012", "error", (*place, "patch"), text, "take one of the two out"


def _word(value: str, expected: _Words, key: Key) -> Found:
    intended = value.lower() if expected.fold else value
    if intended not in {word.lower() if expected.fold else word for word in expected.known}:
        text = f"must be one of {', '.join(expected.known)}: {expected.harm}"
        yield expected.rule, expected.severity, key, text, near_fix(value, expected.known)


def _tables(table: str, tree: Tree, key: Key) -> Iterator[tuple[str, Tree, Key]]:
    """A table and all tables below it, with the names that the schema gives them."""
    yield table, tree, key
    for name, value in tree.items():
        kind, _, below = TABLES[table][name].kind.partition(" ") if name in TABLES[table] else ("", "", "")
        if kind == "table" and isinstance(value, dict):
            yield from _tables(below, value, (*key, name))
        elif kind == "[table" and isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _tables(below[:-1], item, (*key, name, index))


def _docker(docker: Tree, key: Key) -> Found:
    for name in ("cpus", "service_cpus"):
        value = docker.get(name)
        if isinstance(value, str) and value and not _CPUS.fullmatch(value):
            text = f"must be a number of processors, such as 1.5: {_JOBS}"
            yield "R015", "error", (*key, name), text, 'write for example "2"'
    for name, limit in _pairs(docker.get("ulimit")):
        if not _ULIMIT.fullmatch(limit):
            text = f"must be a number, or SOFT:HARD: {_JOBS}"
            yield "R015", "error", (*key, "ulimit", name), text, 'write for example "1024:4096"; "-1" is no limit'
    for name, _ in _pairs(docker.get("log_options")):
        if name not in _LOG_OPTIONS:
            text = f"only {' and '.join(_LOG_OPTIONS)} are allowed here: {_JOBS}"
            yield "R015", "error", (*key, "log_options", name), text, "set it in daemon.json, under log-opts"
    for index, device in _texts(docker.get("devices")):
        if device.count(":") >= _PARTS_OF_A_DEVICE:
            text = f"has too many colons: {_JOBS}"
            yield "R015", "error", (*key, "devices", index), text, "write /HOST:/CONTAINER:rwm"
    for index, server in _texts(docker.get("dns")):
        if server and not is_address(server):
            text = f"must be an IP address: {_JOBS}"
            yield "R015", "error", (*key, "dns", index), text, "write an address such as 192.0.2.53"
    host = docker.get("host")
    if isinstance(host, str) and host and "://" not in host and "$" not in host:
        scheme = "unix" if host.startswith("/") else "tcp"
        text = f"must begin with unix:// or tcp://: {_JOBS}"
        yield "R015", "error", (*key, "host"), text, f"write {scheme}://{host}"
    mac = docker.get("mac_address")
    if isinstance(mac, str) and mac and not _MAC.fullmatch(mac):
        yield (
            "R015",
            "error",
            (*key, "mac_address"),
            f"is no MAC address: {_JOBS}",
            "write for example 92:d0:c6:0a:29:33",
        )


def _tolerations(kubernetes: Tree, key: Key) -> Found:
    for name, effect in _pairs(kubernetes.get("node_tolerations")):
        if effect and effect not in _EFFECTS and "$" not in effect:
            text = f"must be one of {', '.join(_EFFECTS)}: {_JOBS}"
            yield "R012", "error", (*key, "node_tolerations", name), text, near_fix(effect, _EFFECTS)


def _pairs(value: Value) -> Iterator[tuple[str, str]]:
    for name, text in value.items() if isinstance(value, dict) else ():
        if isinstance(text, str):
            yield name, text


def _texts(value: Value) -> Iterator[tuple[int, str]]:
    for index, text in enumerate(value if isinstance(value, list) else ()):
        if isinstance(text, str):
            yield index, text
