"""Keys and tables without which a runner's jobs fail, or its cache keeps nothing. Pure.

A key that is written, but misspelt or in the wrong table, is not missing as well: it is reported where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runnerops.model.common import Key, Tree, Value
from runnerops.services.gitlab_runner.rules.found import Found, Severity
from runnerops.services.gitlab_runner.rules.names import belongs, meant, meant_keys
from runnerops.services.gitlab_runner.rules.tokens import is_excerpt
from runnerops.services.gitlab_runner.schema import TABLES

_TABLES = {
    "docker": ("docker",),
    "docker-windows": ("docker",),
    "docker+machine": ("docker", "machine"),
    "docker-autoscaler": ("docker", "autoscaler"),
    "instance": ("autoscaler",),
    "custom": ("custom",),
    "kubernetes": ("kubernetes",),
    "ssh": ("ssh",),
    "parallels": ("parallels", "ssh"),
    "virtualbox": ("virtualbox", "ssh"),
}
"""The tables without which an executor cannot prepare jobs."""

_KEYS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "custom": (("run_exec", "the path of a program"),),
    "parallels": (("base_name", "the name of a virtual machine"),),
    "virtualbox": (("base_name", "the name of a virtual machine"),),
    "autoscaler": (("plugin", "the name of a fleeting plugin"),),
    "machine": (("MachineName", '"runner-%s"'), ("MachineDriver", "such as amazonec2 or google")),
}
"""By one of these tables: the keys without which it is of no use, and what they hold."""

STORES = {"s3": ("BucketName",), "gcs": ("BucketName",), "azure": ("ContainerName", "AccountName")}
"""By table of `[runners.cache]`: the keys without which a cache has no storage."""

_LOGIN = ("ServerAddress", "AccessKey", "SecretKey")
_NOTHING = "nothing would be cached"


def missing(runner: Tree, key: Key, astray: Iterable[str]) -> Found:
    """Checks one of `[[runners]]`, which is at `key`. `astray`: its tables that stand elsewhere in the file."""
    severity: Severity = "warning" if is_excerpt(runner) else "error"
    given_keys = meant_keys("runner", runner) | set(astray)
    for name in _TABLES.get(str(runner.get("executor")), ()):
        table = runner.get(name)
        if name not in given_keys:
            text = f"the executor needs a table [runners.{name}], because every job fails without it"
            yield "R011", severity, (*key, "executor"), text, f"add [runners.{name}]"
        elif isinstance(table, dict) and name in _KEYS and (severity == "error" or name == "custom"):
            yield from _keys(name, table, (*key, name))
    ssh = runner.get("ssh")
    if (
        runner.get("executor") == "ssh"
        and severity == "error"
        and isinstance(ssh, dict)
        and not _has("ssh", ssh, "host")
    ):
        text = "has no host, so the runner would log in to its own machine"
        yield "R011", "warning", (*key, "ssh"), text, "add host, the name or address of a machine"
    yield from _services(runner.get("docker"), (*key, "docker", "services"))
    yield from _cache(runner.get("cache"), (*key, "cache"), excerpt=severity == "warning")


def _keys(name: str, table: Tree, key: Key) -> Found:
    lacks = [(wanted, example) for wanted, example in _KEYS[name] if not _has(name, table, wanted)]
    if lacks:
        text = f"has no {' and no '.join(wanted for wanted, _ in lacks)}, because every job fails without it"
        yield "R011", "error", key, text, "add " + " and ".join(map(", ".join, lacks))


def _has(table: str, tree: Tree, name: str) -> bool:
    """Whether a table has a value for a key, or a misspelt key that means it."""
    return bool(tree.get(name)) or (name not in tree and name in meant_keys(table, tree))


def _services(docker: Value, key: Key) -> Found:
    services = docker.get("services") if isinstance(docker, dict) else None
    for index, service in enumerate(services if isinstance(services, list) else ()):
        if isinstance(service, dict) and not _has("service", service, "name"):
            text = "has no name, which is its image, because every job fails without it"
            yield "R011", "error", (*key, index), text, 'add for example name = "postgres:17"'


def _cache(cache: Value, key: Key, *, excerpt: bool) -> Found:
    """In an excerpt, for example for a Helm chart, the login may come from variables."""
    kind = cache.get("Type") if isinstance(cache, dict) else None
    table = kind.lower().removesuffix("v2") if isinstance(kind, str) else ""
    if not isinstance(cache, dict) or table not in STORES or kind not in {table, f"{table}v2"}:
        return
    store = cache.get(table)
    if isinstance(store, dict):
        wanted = [
            name for name in STORES[table] if not _has(table, store, name) and not (excerpt and name == "AccountName")
        ]
        if wanted and not any(belongs(name, table) for name in cache):
            text = f"has no {' and no '.join(sorted(wanted))}: {_NOTHING}"
            yield "R014", "error", (*key, table), text, f"add {' and '.join(sorted(wanted))}"
        if table == "s3":
            yield from _login(store, (*key, table), {name.lower() for name in cache})
    elif (
        table not in cache
        and table not in meant_keys("cache", cache)
        and not any(belongs(name, table) for name in cache)
    ):
        text = f"has no [runners.cache.{table}]: {_NOTHING}"
        yield "R014", "error", (*key, "Type"), text, f"add [runners.cache.{table}]"


def _login(store: Tree, key: Key, above: set[str]) -> Found:
    """The keys of a login, which are used only if all three are there. `above`: the keys of `[runners.cache]`."""
    lacks = [name for name in _LOGIN if not store.get(name)]
    if store.get("AuthenticationType") or not lacks or not (store.get("AccessKey") or store.get("SecretKey")):
        return
    unread = {s3_key for name in store if name not in TABLES["s3"] for s3_key in meant(name, "s3")}
    if not unread.intersection(lacks) and not above.intersection(name.lower() for name in lacks):
        used = next(name for name in ("AccessKey", "SecretKey") if store.get(name))
        text = f"is not used without {' and '.join(lacks)}: the runner logs in by IAM instead"
        fix = 'write AuthenticationType = "access-key"' if lacks == ["ServerAddress"] else f"add {' and '.join(lacks)}"
        yield "R014", "warning", (*key, used), text, fix
