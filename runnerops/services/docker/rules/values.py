"""Values of daemon.json that dockerd refuses, or does not start with: words, sizes, addresses, pairs of keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from runnerops.model.common import Tree
from runnerops.parsing.near import near_fix, similar_names
from runnerops.patterns import late_pattern
from runnerops.services.docker.observe.listening import metrics
from runnerops.services.docker.rules.addresses import addresses
from runnerops.services.docker.rules.log_use import log_use
from runnerops.services.docker.rules.sizes import sizes
from runnerops.services.docker.rules.start import start_rules
from runnerops.services.docker.rules.storage import storage
from runnerops.services.docker.rules.timely import before, since
from runnerops.services.docker.schema.nested import Found
from runnerops.services.shared.log_drivers import LOCAL_FROM_29_5, LOG_DRIVERS, REMOVED, meant_drivers, unknown_option
from runnerops.services.shared.log_options import option_problems
from runnerops.services.shared.versions import Version

_START = "dockerd does not start"
_CERTIFICATE = "add them, with the paths of the certificate and its key"
_CGROUP_DRIVER = "the only option is native.cgroupdriver, such as native.cgroupdriver=systemd"
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = late_pattern(rf"(?=.*[A-Za-z]){_PART}(?:\.{_PART})*\.?\s*")
_WORDS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "log-format": (("text", "json"), "D014"),
    "default-ipc-mode": (("private", "shareable"), "D014"),
    "default-cgroupns-mode": (("host", "private"), "D014"),
    "firewall-backend": (("iptables", "nftables"), "D014"),
}
_LEVELS = ("panic", "fatal", "error", "warn", "info", "debug", "trace")
_NOT_NEGATIVE = (
    "mtu",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "default-stop-timeout",
)


def values(tree: Tree, version: Version | None) -> Found:
    """Runs every rule on values. A finding that depends on an unknown version is a warning."""
    for rule in (_words, metrics, _labels, _search, _pairs):
        yield from rule(tree)
    for timely in (_numbers, _levels, _exec_opts, _logging, addresses, storage, sizes, _seldom):
        yield from timely(tree, version)
    yield from start_rules(tree, version)


def _seldom(tree: Tree, version: Version | None) -> Found:
    """Rules on keys that few files have, which are loaded with these."""
    if "default-ulimits" in tree:
        from runnerops.services.docker.rules.ulimits import ulimits  # noqa: PLC0415

        yield from ulimits(tree)
    if "node-generic-resources" in tree:
        from runnerops.services.docker.rules.resources import resources  # noqa: PLC0415

        yield from resources(tree)
    if "default-network-opts" in tree:
        from runnerops.services.docker.rules.network_options import network_options  # noqa: PLC0415

        yield from network_options(tree)
    if "insecure-registries" in tree or "allow-nondistributable-artifacts" in tree:
        from runnerops.services.docker.rules.registries import registries  # noqa: PLC0415

        yield from registries(tree, version)
    if "runtimes" in tree or "default-runtime" in tree:
        from runnerops.services.docker.rules.runtimes import runtimes  # noqa: PLC0415

        yield from runtimes(tree, version)


def _words(tree: Tree) -> Found:
    for name, (words, rule) in _WORDS.items():
        value = tree.get(name)
        if isinstance(value, str) and value and value not in words:
            yield rule, "error", (name,), f"must be one of {', '.join(words)}: {_START}", near_fix(value, words)


def _levels(tree: Tree, version: Version | None) -> Found:
    level = tree.get("log-level")
    if not isinstance(level, str) or not level or level.lower() in _LEVELS:
        return
    if level.lower() != "warning":
        text = f"must be one of {', '.join(_LEVELS)}: {_START}"
        yield "D014", "error", ("log-level",), text, near_fix(level, _LEVELS)
    elif severity := since("25.0", version):
        yield "D014", severity, ("log-level",), "dockerd refuses `warning` since 25.0", "write warn"


def _numbers(tree: Tree, version: Version | None) -> Found:
    for name in _NOT_NEGATIVE:
        value = tree.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            text = f"must not be negative: {_START}"
            yield "D015", "error", (name,), text, "write a positive number, or take it out for the default"
    score = tree.get("oom-score-adjust")
    if isinstance(score, int) and not -1000 <= score <= 1000 and (severity := before("26.0", version)):
        yield "D015", severity, ("oom-score-adjust",), f"must be between -1000 and 1000: {_START}", ""
    if tree.get("max-download-attempts") == 0 and (severity := before("23.0", version)):
        yield "D015", severity, ("max-download-attempts",), f"must be 1 or more before 23.0: {_START}", ""
    port = tree.get("network-diagnostic-port")
    if isinstance(port, int) and not 0 <= port <= 65535 and (severity := since("28.0", version)):
        text = f"must be between 0 and 65535 since 28.0: {_START}"
        yield "D015", severity, ("network-diagnostic-port",), text, ""


def _search(tree: Tree) -> Found:
    for index, value in _strings(tree, "dns-search"):
        if value.strip(" ") != "." and not _DOMAIN.fullmatch(value.strip(" ")):
            text = f"must be a domain: {_START}"
            yield "D017", "error", ("dns-search", index), text, "write a name such as example.com"


def _labels(tree: Tree) -> Found:
    options: dict[str, str] = {}
    for index, label in _strings(tree, "labels"):
        name, equals, value = label.partition("=")
        if not equals:
            yield "D017", "error", ("labels", index), f"must be NAME=VALUE: {_START}", "write for example team=ci"
        elif name.startswith(("com.docker.", "io.docker.", "org.dockerproject.")):
            text = f"has a name that is reserved for Docker ({name.rpartition('.')[0]}): {_START}"
            yield "D017", "error", ("labels", index), text, "use another name"
        elif options.setdefault(name, value) != value:
            text = f"gives {name!r} another value than an earlier label: {_START}"
            yield "D017", "error", ("labels", index), text, "take one of the two out"


def _exec_opts(tree: Tree, version: Version | None) -> Found:
    for index, option in _strings(tree, "exec-opts"):
        name, equals, value = (part.strip() for part in option.partition("="))
        is_pair, is_cgroup_driver = bool(name and equals and value), name.lower() == "native.cgroupdriver"
        key = ("exec-opts", index)
        if is_cgroup_driver and value and value not in {"systemd", "cgroupfs"}:
            text = f"must be systemd or cgroupfs: {_START}"
            yield "D017", "error", key, text, near_fix(value, ("systemd", "cgroupfs"))
        elif not is_pair or not is_cgroup_driver:
            problem = "must be NAME=VALUE" if not is_pair else f"unknown option {name!r}"
            slip = name.lower().endswith("driver") or bool(similar_names(name, ["native.cgroupdriver"], 0.8))
            severity = "error" if slip else since("28.0", version) or "warning"
            yield "D017", severity, key, f"{problem}: dockerd does not start since 28.0", _CGROUP_DRIVER


def _strings(tree: Tree, name: str) -> Iterator[tuple[int, str]]:
    value = tree.get(name)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, str):
            yield index, item


def _logging(tree: Tree, version: Version | None) -> Found:
    driver, options = tree.get("log-driver") or "json-file", tree.get("log-opts")
    if not isinstance(driver, str) or ":" in driver or "/" in driver:
        return
    if driver not in LOG_DRIVERS:
        yield from _no_driver(driver, ends=_START if options else "no container would start")
        return
    if driver in REMOVED and (severity := since(REMOVED[driver], version)):
        yield (
            "D018",
            severity,
            ("log-driver",),
            f"dockerd has no driver {driver!r} since {REMOVED[driver]}",
            "take another",
        )
    if options is None or isinstance(options, dict):
        yield from log_use(driver, options or {})
    if isinstance(options, dict) and driver != "none":
        yield from _log_options(driver, options, version)
        for name, problem, fix in option_problems(driver, options):
            yield "D019", "error", ("log-opts", name) if name else ("log-opts",), f"{problem}: {_START}", fix


def _no_driver(driver: str, ends: str) -> Found:
    """A driver that is not built in. A plugin may have any alias, so only a misspelt built-in name is certainly wrong.

    dockerd looks for it at its start if it has options, else with the first container.
    """
    if intended := meant_drivers(driver):
        text = f"there is no log driver {driver!r}: {ends}"
        yield "D018", "error", ("log-driver",), text, f"write {' or '.join(intended)}"
    else:
        text = f"{driver!r} is not a built-in driver: without a plugin of this name, {ends}"
        drivers = ", ".join(name for name in LOG_DRIVERS if name not in REMOVED)
        yield "D018", "warning", ("log-driver",), text, f"install the plugin, or use one of {drivers}"


def _log_options(driver: str, options: Tree, version: Version | None) -> Found:
    for name, value in options.items():
        if isinstance(value, dict | list):  # no option has such a value, which another rule tells
            continue
        if driver == "local" and name in LOCAL_FROM_29_5:
            if severity := before("29.5", version):
                text = f"local accepts this option only since 29.5: {_START}"
                yield "D019", severity, ("log-opts", name), text, "take it out"
        elif unknown := unknown_option(name, driver):
            yield "D019", "error", ("log-opts", name), f"{unknown[0]}: {_START}", unknown[1]


def _pairs(tree: Tree) -> Found:
    """Pairs of keys that dockerd refuses only at its start."""
    if tree.get("bridge") not in (None, ""):
        for name in ("bip", "bip6"):
            if tree.get(name):
                text = f"cannot be combined with `bridge`: {_START}"
                yield "D022", "error", (name,), text, "take one of them out"
    if tree.get("icc") is False and tree.get("iptables") is False:
        yield (
            "D022",
            "error",
            ("icc",),
            f"cannot be false if iptables is false too: {_START}",
            "take one of them out",
        )
    if tree.get("host-gateway-ip") is not None and tree.get("host-gateway-ips") is not None:
        yield "D022", "error", ("host-gateway-ip",), "cannot be combined with host-gateway-ips", "take one of them out"
    if "tlsverify" in tree and not (tree.get("tlscert") and tree.get("tlskey")):
        if tree["tlsverify"] is False:
            text, fix = "turns TLS on even if it is false, and then needs tlscert and tlskey", "take it out"
        else:
            text, fix = "needs tlscert and tlskey", _CERTIFICATE
        yield "D022", "error", ("tlsverify",), f"{text}: {_START}", fix
    elif tree.get("tls") is True and not (tree.get("tlscert") and tree.get("tlskey")):
        yield "D022", "error", ("tls",), f"needs tlscert and tlskey: {_START}", _CERTIFICATE
