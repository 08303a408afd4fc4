"""The release that brought each key of a Compose file. Pure.

Source: the schema in the compose-go that each release of docker/compose names in its go.mod, from 2.0.0 to 5.7.0. Of
these keys, Compose 1.29 has only `storage_opt`, which is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TypeAlias

from runnerops.frozen import mutable
from runnerops.model.common import Key, Tree, Value, word_set

_Release: TypeAlias = "tuple[int, int, int]"

RECENT = (2, 32, 0)
"""A release of December 2024. If a host's version is unknown, it is assumed to be this one or newer."""

_SINCE = {
    "2.3.0": "name services.*.deploy.resources.limits.pids services.*.volumes.*.bind.selinux",
    "2.4.0": "services.*.build.cache_to services.*.build.no_cache services.*.build.pull services.*.build.ssh",
    "2.5.0": "services.*.build.secrets",
    "2.5.1": "services.*.build.tags",
    "2.6.0": "secrets.*.environment",
    "2.10.0": "services.*.build.platforms",
    "2.14.0": "services.*.volumes.*.tmpfs.mode",
    "2.15.0": "services.*.build.privileged",
    "2.15.1": "services.*.uts",
    "2.16.0": "services.*.cgroup",
    "2.17.0": """
        services.*.build.additional_contexts services.*.build.dockerfile_inline services.*.depends_on.*.restart
    """,
    "2.18.0": "services.*.annotations",
    "2.19.1": "include",
    "2.20.0": "services.*.attach services.*.depends_on.*.required",
    "2.20.2": "services.*.healthcheck.start_interval",
    "2.22.0": "services.*.develop",
    "2.23.1": "configs.*.content configs.*.environment services.*.build.ulimits",
    "2.23.2": "services.*.networks.*.mac_address",
    "2.24.0": "services.*.env_file.*.path services.*.env_file.*.required",
    "2.25.0": "services.*.ports.*.app_protocol services.*.ports.*.name services.*.volumes.*.volume.subpath",
    "2.27.0": "services.*.build.entitlements",
    "2.27.1": "services.*.networks.*.driver_opts",
    "2.29.3": "services.*.devices.*.permissions services.*.devices.*.source services.*.devices.*.target",
    "2.30.0": """
        services.*.env_file.*.format services.*.gpus services.*.post_start services.*.pre_stop
        services.*.volumes.*.bind.recursive
    """,
    "2.32.0": "services.*.develop.watch.*.exec services.*.label_file",
    "2.33.0": "networks.*.enable_ipv4 services.*.networks.*.gw_priority",
    "2.34.0": "services.*.develop.watch.*.include services.*.pull_refresh_after",
    "2.35.0": "services.*.provider services.*.volumes.*.image services.*.volumes.*.volume.labels",
    "2.36.0": "services.*.networks.*.interface_name",
    "2.37.2": "services.*.use_api_socket",
    "2.38.0": "models services.*.models",
    "2.38.1": "services.*.models.*.model_var",
    "2.39.0": "services.*.build.provenance services.*.build.sbom",
    "2.39.4": "services.*.develop.watch.*.initial_sync",
    "5.0.0": "services.*.build.no_cache_filter",
    "5.3.0": "services.*.pre_start",
    "5.6.0": "jobs",
    "5.7.0": "services.*.umask services.*.networks.*.use_service_name_alias services.*.pre_start.*.umask",
}
"""The keys that each release brought. `*` is any name, or any item of a list."""

_OF_PRE_START = word_set("image command user privileged working_dir environment per_replica")
_WIDER_PRE_START = "5.6.0"
"""Since this release, an item of `pre_start` has most keys of a service, not only those above."""


def keys_since(tree: Tree) -> Iterator[tuple[Key, str]]:
    """The keys of a file that did not exist in 2.0, each with the first release that accepts it."""
    yield from _known(tree, _releases(), ())
    for hook in _at(tree, ["services", "*", "pre_start", "*", "*"], ()):
        name = str(hook[-1])
        if name not in _OF_PRE_START and name != "umask" and not name.startswith("x-"):
            yield hook, _WIDER_PRE_START


@mutable
class _Releases:
    """The release that brought a key, if one after 2.0 did, and what is known of the keys below it."""

    since: str
    below: dict[str, _Releases]


@cache
def _releases() -> _Releases:
    root = _Releases("", {})
    for since, places in _SINCE.items():
        for place in places.split():
            at = root
            for name in place.split("."):
                at = at.below.setdefault(name, _Releases("", {}))
            at.since = since
    return root


def _known(value: Value, at: _Releases, key: Key) -> Iterator[tuple[Key, str]]:
    if at.since:
        yield key, at.since
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items if at.below else ():
        for wanted in ("*", str(name)):
            if wanted in at.below and (wanted == "*" or isinstance(value, dict)):
                yield from _known(item, at.below[wanted], (*key, name))


def lacks(version: str, since: str) -> bool:
    """Whether this version of Compose is older than a release. A version without a third number may be the newest of
    its series.
    """
    release, first = release_of(version), release_of(since)
    return release is not None and first is not None and release < first


def release_of(text: str) -> _Release | None:
    """Parses `2.26.1-4` into three numbers; None if there are none. A missing third number counts as the highest."""
    match = re.match(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?!\d)", text)
    numbers = (int(match[1]), int(match[2]), int(match[3] or 10**9)) if match else (0, 0, 0)
    return numbers if numbers[:2] != (0, 0) else None


def _at(value: Value, place: list[str], key: Key) -> Iterator[Key]:
    if not place:
        yield key
    elif isinstance(value, dict):
        names = value if place[0] == "*" else [place[0]] if place[0] in value else []
        for name in names:
            yield from _at(value[name], place[1:], (*key, name))
    elif isinstance(value, list) and place[0] == "*":
        for index, item in enumerate(value):
            yield from _at(item, place[1:], (*key, index))
