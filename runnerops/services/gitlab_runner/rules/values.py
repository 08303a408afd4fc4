"""Values of a runner's section that its loader accepts, but that end the process or every job. Pure. Each rule is a
function.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree, Value
from runnerops.parsing.near import near_fix, question, similar_names
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.rules.found import Found
from runnerops.services.gitlab_runner.rules.missing import STORES
from runnerops.services.gitlab_runner.rules.settings import settings
from runnerops.services.gitlab_runner.rules.walk import table_of, texts
from runnerops.services.gitlab_runner.rules.words import words
from runnerops.services.gitlab_runner.schema.feature_flags import FLAGS
from runnerops.services.gitlab_runner.version import Version

_SIZE = late_pattern(r"-?\d+(?:\.\d+)?\s*[kKmMgGtTpP]?(?:i?[bB])?")
_JOBS = "every job would fail"
_WHOLE = "the runner refuses the whole file"
_PULL_POLICIES = ("always", "if-not-present", "never")
_SHELLS = ("bash", "sh", "pwsh", "powershell", "cmd")
_CACHES = ("s3", "s3v2", "gcs", "gcsv2", "azure")
_ON_THE_HOST = frozenset({"local", "docker", "file", "filesystem", "volume", "none"})
_NFS = ("name", "mount_path", "server", "path")
_FLAVOR = late_pattern(r"alpine(?:3\.\d+|-.*)?|ubuntu.*|ubi-.*|concrete|\$.*")


def values(runner: Tree, key: Key, version: Version) -> Found:
    """Runs all rules on one of `[[runners]]`, which is at `key`."""
    for rule in (_words, _policies, _flags, _sizes, _cache, _machine, words, settings):
        yield from rule(runner, key)
    if table_of(runner, "docker"):
        yield from _docker(runner, key, version)
    if table_of(runner, "kubernetes"):
        yield from _kubernetes(runner, key)
    if any(table_of(runner, executor).get("services") for executor in ("docker", "kubernetes")):
        from runnerops.services.gitlab_runner.rules.dind import dind  # noqa: PLC0415  not every file has it

        yield from dind(runner, key)
    if table_of(runner, "autoscaler"):
        yield from _autoscaler(runner, key)


def _docker(runner: Tree, key: Key, version: Version) -> Found:
    from runnerops.services.gitlab_runner.rules.containers import containers  # noqa: PLC0415  not every file has it
    from runnerops.services.gitlab_runner.rules.volumes import volumes  # noqa: PLC0415

    yield from volumes(runner, key, version)
    yield from containers(runner, key)


def _kubernetes(runner: Tree, key: Key) -> Found:
    from runnerops.services.gitlab_runner.rules.patches import patches  # noqa: PLC0415  not every file has it
    from runnerops.services.gitlab_runner.rules.pods import pods  # noqa: PLC0415
    from runnerops.services.gitlab_runner.rules.quantities import quantities  # noqa: PLC0415

    for rule in (_nfs, quantities, pods, patches):
        yield from rule(runner, key)


def _autoscaler(runner: Tree, key: Key) -> Found:
    from runnerops.services.gitlab_runner.rules.autoscalers import autoscalers  # noqa: PLC0415  not every file has it

    yield from autoscalers(runner, key)


def _words(runner: Tree, key: Key) -> Found:
    shell = runner.get("shell")
    if isinstance(shell, str) and shell and shell not in _SHELLS:
        text = f"must be one of {', '.join(_SHELLS)}: {_JOBS}"
        yield "R012", "error", (*key, "shell"), text, near_fix(shell, _SHELLS)
    for table in ("docker", "kubernetes"):
        for name in ("pull_policy", "allowed_pull_policies"):
            value = table_of(runner, table).get(name)
            wrong = [word for word in (value if isinstance(value, list) else [value]) if not _is_policy(word)]
            if wrong:
                text = f"must be one of {', '.join(_PULL_POLICIES)}: {_JOBS}"
                yield "R012", "error", (*key, table, name), text, near_fix(str(wrong[0]), _PULL_POLICIES)


def _policies(runner: Tree, key: Key) -> Found:
    """Images of jobs that name no policy are pulled by `pull_policy`, if that is allowed."""
    for table, default in (("docker", "always"), ("kubernetes", "")):
        tree = table_of(runner, table)
        allowed, policies = tree.get("allowed_pull_policies"), tree.get("pull_policy") or default
        wanted = policies if isinstance(policies, list) else [policies] if policies else []
        if not all(map(_is_policy, (*wanted, *(allowed if isinstance(allowed, list) else ())))):
            continue  # reported as an unknown word
        if isinstance(allowed, list) and allowed and (wrong := [str(word) for word in wanted if word not in allowed]):
            text = f"has no {' and no '.join(wrong)}, which `pull_policy` uses: jobs that do not ask for another policy fail"
            place: Key = (*key, table, "allowed_pull_policies")
            yield "R012", "error", place, text, "allow it, or set `pull_policy` to an allowed one"
        flavor = tree.get("helper_image_flavor")
        if isinstance(flavor, str) and flavor and not _FLAVOR.fullmatch(flavor):
            text = f"there is no such helper image: {_JOBS}"
            fix = "write alpine, alpine3.21 or the like, ubuntu, or ubi-fips"
            yield "R012", "warning", (*key, table, "helper_image_flavor"), text, fix


def _flags(runner: Tree, key: Key) -> Found:
    for name in table_of(runner, "feature_flags"):
        if name not in FLAGS and (similar := similar_names(name, FLAGS, 0.9)):
            text = f"unknown feature flag, {question(similar)}"
            yield "R006", "error", (*key, "feature_flags", name), text, f"write {' or '.join(similar)}"


def _is_policy(word: Value) -> bool:
    return word in (None, "") or not isinstance(word, str) or word in _PULL_POLICIES


def _sizes(runner: Tree, key: Key) -> Found:
    for name in (f"{who}memory{suffix}" for who in ("", "service_") for suffix in ("", "_swap", "_reservation")):
        value = table_of(runner, "docker").get(name)
        if isinstance(value, str) and value and not _SIZE.fullmatch(value.strip()):
            text = (
                "must be a size, such as 512m: the first job that needs it ends the runner, and all its jobs are lost"
            )
            yield "R013", "error", (*key, "docker", name), text, "write a number with k, m or g"


def _cache(runner: Tree, key: Key) -> Found:
    cache = table_of(runner, "cache")
    kind = cache.get("Type")
    if not isinstance(kind, str) or not kind:
        yield from _no_type(cache, key)
        return
    if kind not in _CACHES:
        fix = near_fix(kind, _CACHES) or f"write one of {', '.join(_CACHES)}"
        if kind.lower() in _ON_THE_HOST:
            fix = "take it out: without a type, the cache stays on the host"
        yield (
            "R014",
            "error",
            (*key, "cache", "Type"),
            f"there is no cache of type {kind!r}: nothing would be cached",
            fix,
        )
        return
    address = table_of(cache, "s3").get("ServerAddress")
    if isinstance(address, str) and "://" in address:
        text = "must be a host, without http:// or https://: nothing would be cached"
        yield (
            "R014",
            "error",
            (*key, "cache", "s3", "ServerAddress"),
            text,
            "write only the host; `Insecure = true` means http",
        )


def _no_type(cache: Tree, key: Key) -> Found:
    """A store that is described, but not chosen. Empty tables were written by `gitlab-runner register`."""
    for table, names in STORES.items():
        if "Type" not in cache and any(table_of(cache, table).get(name) for name in names):
            text = "is ignored, because [runners.cache] has no Type: jobs have only the cache of their own host"
            yield "R014", "warning", (*key, "cache", table), text, f'write Type = "{table}" in [runners.cache]'


def _machine(runner: Tree, key: Key) -> Found:
    machine = table_of(runner, "machine")
    name = machine.get("MachineName")
    if isinstance(name, str) and name and "%s" not in name:
        text = "has no %s, which gives each machine a name of its own"
        yield "R017", "error", (*key, "machine", "MachineName"), text, "write for example runner-%s"
    if machine.get("OffPeakPeriods"):
        text = "does nothing since 14.0: the runner only warns of it"
        fix = "write a [[runners.machine.autoscaling]] with these Periods"
        yield "R007", "warning", (*key, "machine", "OffPeakPeriods"), text, fix
    for index, option in texts(machine.get("MachineOptionsWithName")):
        if "%s" not in option:
            text = f"has no %s, which stands for the machine's name: {_WHOLE}"
            yield (
                "R017",
                "error",
                (*key, "machine", "MachineOptionsWithName", index),
                text,
                "add it, or move the option to MachineOptions",
            )


def _nfs(runner: Tree, key: Key) -> Found:
    """The only tables in which the decoder requires keys."""
    nfs_volumes = table_of(table_of(runner, "kubernetes"), "volumes").get("nfs")
    for index, volume in enumerate(nfs_volumes if isinstance(nfs_volumes, list) else ()):
        if isinstance(volume, dict) and (lacks := [name for name in _NFS if volume.get(name) in (None, "")]):
            text = f"has no {' and no '.join(lacks)}: since 19.0, {_WHOLE}"
            yield "R008", "error", (*key, "kubernetes", "volumes", "nfs", index), text, "add it"
