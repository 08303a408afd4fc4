"""What a checkout of dockerd, gitlab-runner or the registry knows, against our tables: `python tools/derive_keys.py PATH`.

Prints keys that the source has and a table lacks (`+`), keys of a table that the source has no more (`-`), and keys of
config.toml that are of another type there (`~`). What a table says of other releases than that of the checkout is no
difference. Reads the work tree at PATH as text; nothing of it is run or kept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from runnerops.services.docker.schema import FLAG_NAMES, KEYS
from runnerops.services.gitlab_runner.rules.keys import Version, version_of
from runnerops.services.gitlab_runner.schema import TABLES, Known
from runnerops.services.registry.schema import CONFIG, LOOKED_AT

_STRUCTS = {
    "Config": "config",
    "SessionServer": "session_server",
    "RunnerConfig": "runner",
    "RunnerCredentials": "runner",
    "RunnerSettings": "runner",
    "DockerConfig": "docker",
    "Service": "service",
    "DockerMachine": "machine",
    "DockerMachineAutoscaling": "machine_period",
    "AutoscalerConfig": "autoscaler",
    "AutoscalerPolicyConfig": "policy",
    "ConnectorConfig": "connector",
    "KubernetesConfig": "kubernetes",
    "KubernetesVolumes": "k8s_volumes",
    "CustomConfig": "custom",
    "ParallelsConfig": "parallels",
    "VirtualBoxConfig": "virtualbox",
    "SshConfig": "ssh",
    "CacheS3Config": "s3",
    "CacheGCSConfig": "gcs",
    "CacheAzureConfig": "azure",
}
"""Structs of gitlab-runner, and the table that has their keys."""


def main(words: list[str]) -> int:
    """0 where tables and source agree, 1 where they differ, 2 for a folder that is none of the three."""
    root = Path(words[0]) if len(words) == 1 else None
    readers = (
        ("common/config.go", _runner),
        ("daemon/config/config.go", _docker),
        ("configuration/configuration.go", _registry),
    )
    read = next((reader for file, reader in readers if root and (root / file).is_file()), None)
    if root is None or read is None:
        print("usage: derive_keys.py PATH  (a checkout of gitlab-runner, moby or distribution)", file=sys.stderr)
        return 2
    lines = list(read(root))
    print("\n".join(lines) if lines else "tables and source agree")
    return 1 if lines else 0


_EMBEDDED = {
    "docker": {"host", "tls_cert_path", "tls_verify"},
    "gcs": {"AccessID", "PrivateKey"},
    "azure": {"AccountName", "AccountKey"},
}
"""Keys of structs of other packages that are embedded."""

_STRUCT = re.compile(r"^\s*(?:type )?(\w+) struct \{\n(.*?)^\s*\}", re.DOTALL | re.MULTILINE)


_KINDS = {
    **dict.fromkeys(("int", "int64"), "int"),
    "bool": "bool",
    "string": "str",
    "float64": "float",
    "int32": "int32",
    "time.Time": "time",
    "time.Duration": "duration",
    "StringOrArray": "str|[str]",
    "[]string": "[str]",
    "[]int64": "[int]",
    "[]float64": "[float]",
    "map[string]string": "{str}",
    "map[string]bool": "{bool}",
    "map[string]int": "{int}",
    "map[string][]string": "{[str]}",
}
"""By type of Go: our word for it. Types that gitlab-runner has made itself are left to the reader."""


def _runner(root: Path) -> Iterator[str]:
    version = version_of(_text(root / "VERSION"))
    found: dict[str, dict[str, str]] = {}
    for path in (root / "common/config.go", *sorted((root / "cache/cacheconfig").glob("*.go"))):
        structs = {**_STRUCTS, "Config": "cache"} if path.parent.name == "cacheconfig" else _STRUCTS
        for name, body in _STRUCT.findall(path.read_text()):
            if name in structs:
                found.setdefault(structs[name], {}).update(_toml_keys(body))
    for table, keys in sorted(found.items()):
        known = TABLES[table]
        there = {name: not _elsewhen(one, version) for name, one in known.items()}
        yield from _compare(f"config.toml {table}", {*keys, *_EMBEDDED.get(table, set())}, there)
        for name, kind in keys.items():
            if kind and name in known and known[name].kind != kind:
                yield f"~ config.toml {table}: {name} is {kind}, not {known[name].kind}"


def _elsewhen(known: Known, version: Version) -> bool:
    """Whether another release than this has the key; a checkout without a version is taken for a new one."""
    gone = bool(known.until) and (not version or version >= version_of(known.until))
    return gone or (bool(version) and version < version_of(known.since))


def _toml_keys(body: str) -> Iterator[tuple[str, str]]:
    """The tag of each field and our word for its type, if there is one.

    A field with a flag and no tag has its own name in the file.
    """
    for field, kind, tags in re.findall(r"^\s*(\w+)\s+([^`\s]*)[^`\n]*`([^`]*)`", body, re.MULTILINE):
        word = _KINDS.get(kind.removeprefix("*"), "")
        if named := re.search(r'toml:"([^",]*)', tags):
            if named[1] != "-":
                yield named[1] or field, word
        elif "long:" in tags or "description:" in tags:
            yield field, word


_WINDOWS = {"register-service", "unregister-service", "run-service", "service-name"}
_NO_KEYS = {"help", "version", "validate", "config-file", "host", "restart", "http-proxy", "https-proxy", "no-proxy"}
_FILE_ONLY = {"allow-nondistributable-artifacts", "builder", "deprecated-key-path", "min-api-version", "proxies"}
_ELSEWHERE = {"default-address-pools", "log-format", "tls", "tlsverify"}
"""Flags whose names stand in a constant, or in the singular only."""


def _docker(root: Path) -> Iterator[str]:
    folders = [root / "daemon/command", root / "cmd/dockerd"]
    paths = [path for folder in folders for path in sorted(folder.glob("*.go")) if "_test" not in path.name]
    text = "".join(path.read_text() for path in paths)
    flags = set(re.findall(r'flags\.\w+\((?:&?[\w.]+, )?"([a-z0-9-]+)"', text))
    flags |= set(re.findall(r'Opt\w*\("([a-z0-9-]+)"', text)) | set(re.findall(r'\), "([a-z0-9-]+)", "', text))
    source = (flags - set(FLAG_NAMES) - _NO_KEYS - _WINDOWS) | _FILE_ONLY | _ELSEWHERE
    yield from _compare("daemon.json", source, {name: not key.until for name, key in KEYS.items()})


def _registry(root: Path) -> Iterator[str]:
    text = (root / "configuration/configuration.go").read_text()
    body = re.search(r"^type Configuration struct \{\n(.*?)^\}", text, re.DOTALL | re.MULTILINE)
    top = set(re.findall(r'^\t\w+[^\n`]*`yaml:"([a-z0-9]+)', body[1], re.MULTILINE)) if body else set()
    numbered = re.search(r'"v(\d)', _text(root / "version/version.go"))
    major = int(numbered[1]) if numbered else 0
    there = {name: LOOKED_AT.get((name,), major) == major for name in CONFIG}
    yield from _compare("registry", top, there)


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def _compare(what: str, source: set[str], table: Mapping[str, bool]) -> Iterator[str]:
    """`table` has each key that we know, and whether it is expected in this source."""
    yield from (f"+ {what}: {name}" for name in sorted(source - set(table)))
    yield from (f"- {what}: {name}" for name in sorted(set(table) - source) if table[name])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
