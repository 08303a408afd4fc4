"""Words and forms that the loader of config.toml accepts as any text, and that fail later. Pure.

Source: `common/config.go`, `cache/cacheconfig`, `executors/docker` and `executors/kubernetes` of gitlab-runner, 13.0 to
19.3, the types of the Kubernetes API that the runner passes on unchanged, `VBoxManageMisc.cpp` of VirtualBox, and for
`connector` the manual of gitlab-runner 19.3, whose changelog has `winrm+https` since 17.11.
"""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.frozen import frozen
from runnerops.model.common import Key, Tree
from runnerops.parsing.near import near_fix
from runnerops.services.gitlab_runner.rules.found import Found, Severity
from runnerops.services.gitlab_runner.rules.walk import pairs, tables

_JOBS = "every job would fail"


@frozen
class _Words:
    """`fold`: upper and lower case are the same."""

    words: tuple[str, ...]
    harm: str = _JOBS
    rule: str = "R012"
    severity: Severity = "error"
    fold: bool = False


_PROPAGATION = _Words(("None", "HostToContainer", "Bidirectional"))
_IGNORED = "the runner would leave it out"
_WORDS: Mapping[tuple[str, str], _Words] = {
    ("docker", "userns_mode"): _Words(("host",)),
    ("docker", "isolation"): _Words(("default", "process", "hyperv"), fold=True),
    ("virtualbox", "start_type"): _Words(("headless", "gui", "sdl", "separate", "capture"), fold=True),
    ("kubernetes", "dns_policy"): _Words(("none", "default", "cluster-first", "cluster-first-with-host-net")),
    ("pod_spec", "patch_type"): _Words(("strategic", "merge", "json")),
    ("k8s_host_path", "mount_propagation"): _PROPAGATION,
    ("k8s_pvc", "mount_propagation"): _PROPAGATION,
    ("k8s_empty_dir", "mount_propagation"): _PROPAGATION,
    ("requirement", "operator"): _Words(("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")),
    ("k8s_empty_dir", "medium"): _Words(("Memory", "HugePages", "HugePages-2Mi", "HugePages-1Gi")),
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


def words(runner: Tree, key: Key) -> Found:
    """Checks one of `[[runners]]`, which is at `key`, and its tables."""
    for table, tree, place in tables("runner", runner, key):
        for name, value in tree.items():
            if isinstance(value, str) and value and "$" not in value and (expected := _WORDS.get((table, name))):
                yield from _word(value, expected, (*place, name))
        if table == "kubernetes":
            yield from _tolerations(tree, place)
        elif table == "pod_spec" and tree.get("patch") and tree.get("patch_path"):
            text = f"cannot stand beside `patch_path`: {_JOBS}"
            yield "R012", "error", (*place, "patch"), text, "take one of the two out"


def _word(value: str, expected: _Words, key: Key) -> Found:
    intended = value.lower() if expected.fold else value
    if intended not in {word.lower() if expected.fold else word for word in expected.words}:
        text = f"must be one of {', '.join(expected.words)}: {expected.harm}"
        yield expected.rule, expected.severity, key, text, near_fix(value, expected.words)


def _tolerations(kubernetes: Tree, key: Key) -> Found:
    for name, effect in pairs(kubernetes.get("node_tolerations")):
        if effect and effect not in _EFFECTS and "$" not in effect:
            text = f"must be one of {', '.join(_EFFECTS)}: {_JOBS}"
            yield "R012", "error", (*key, "node_tolerations", name), text, near_fix(effect, _EFFECTS)
