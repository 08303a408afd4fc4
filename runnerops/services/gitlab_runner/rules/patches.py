"""The patches of `[[runners.kubernetes.pod_spec]]`, which are YAML or JSON in a text. Pure.

Source: `PodSpecPatch` of gitlab-runner's `common/config.go`, and `executors/kubernetes`, 15.10 to 19.3.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.services.gitlab_runner.rules.found import Found

_JOBS = "every job would fail"
_TYPES = ("strategic", "merge", "json")
_OPERATION = '[{"op": "add", "path": "/hostname", "value": "a"}]'


def patches(runner: Tree, key: Key) -> Found:
    """Checks each patch of the runner at `key`."""
    kubernetes = runner.get("kubernetes")
    specs = kubernetes.get("pod_spec") if isinstance(kubernetes, dict) else None
    for index, spec in enumerate(specs if isinstance(specs, list) else ()):
        if not isinstance(spec, dict):
            continue
        patch = spec.get("patch")
        if isinstance(patch, str) and patch.strip() and "{{" not in patch:  # which a template would replace
            kind = spec.get("patch_type") or "strategic"
            yield from _patch(patch, kind, (*key, "kubernetes", "pod_spec", index, "patch"))


def _patch(patch: str, kind: Value, key: Key) -> Found:
    import yaml  # noqa: PLC0415  few files have a patch

    try:
        node = next(yaml.compose_all(patch, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), None)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in its line {mark.line + 1}" if mark else ""
        text = f"is neither YAML nor JSON{line}: {_JOBS}"
        yield "R012", "error", key, text, "correct its brackets, quotes and indentation"
        return
    if kind == "json" and not isinstance(node, yaml.SequenceNode):
        text = f"must be a list of operations, because patch_type is json: {_JOBS}"
        yield "R012", "error", key, text, f"write for example {_OPERATION}, or another patch_type"
    elif kind in _TYPES and kind != "json" and not isinstance(node, yaml.MappingNode):
        text = f"must be keys with values, because patch_type is {kind}: {_JOBS}"
        fix = 'write patch_type = "json"' if isinstance(node, yaml.SequenceNode) else "write for example hostname: a"
        yield "R012", "error", key, text, fix
