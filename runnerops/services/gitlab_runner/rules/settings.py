"""Settings of `[[runners]]` itself that are ignored, or with which every job fails. Pure.

Source: `common/config.go`, `helpers/url/gitauth.go` and `executors/docker/internal/volumes` of gitlab-runner, 13.0 to
19.3.
"""

from __future__ import annotations

from posixpath import normpath

from runnerops.model.common import Key, Tree
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.gitlab_runner.rules.found import Found
from runnerops.services.gitlab_runner.rules.walk import is_open, table_of, texts

_JOBS = "every job would fail"
_DRIVE = late_pattern(r"[A-Za-z]:[\\/].*")
_LAST_PORT = 65535
_DRIVERS = (
    *("amazonec2", "azure", "digitalocean", "exoscale", "generic", "google", "hyperv", "openstack", "rackspace"),
    *("softlayer", "virtualbox", "vmwarefusion", "vmwarevcloudair", "vmwarevsphere", "hetzner"),
)
"""Drivers of docker-machine, and one that is often installed. There are others."""


def settings(runner: Tree, key: Key) -> Found:
    """Checks one of `[[runners]]`, which is at `key`."""
    for rule in (_folders, _clone_url, _environment, _ssh, _driver):
        yield from rule(runner, key)


def _folders(runner: Tree, key: Key) -> Found:
    folder, executor = runner.get("builds_dir"), runner.get("executor")
    if not isinstance(folder, str) or not folder or is_open(folder) or not str(executor).startswith("docker"):
        return
    if not folder.startswith("/") and not _DRIVE.fullmatch(folder):
        text = f"must be an absolute path, because it is one in the container: {_JOBS}"
        yield "R015", "error", (*key, "builds_dir"), text, f"write /{folder.removeprefix('./')}"
    elif normpath(folder).strip("/") == "":
        text = f"must not be the root of the container: {_JOBS}"
        yield "R015", "error", (*key, "builds_dir"), text, "write for example /builds"


def _clone_url(runner: Tree, key: Key) -> Found:
    url = runner.get("clone_url")
    if isinstance(url, str) and url and "://" not in url and not is_open(url):
        text = "is ignored without https:// or http://: jobs would clone from the address that GitLab gives"
        yield "R004", "warning", (*key, "clone_url"), text, f"write https://{url.strip('/')}"


def _environment(runner: Tree, key: Key) -> Found:
    for index, text in texts(runner.get("environment")):
        if "=" not in text and not is_open(text):
            name, colon, value = text.partition(":")
            fix = f"write {name}={value.strip()}" if colon else f"write {text}=VALUE"
            yield "R012", "warning", (*key, "environment", index), "is ignored, because it has no =", fix


def _ssh(runner: Tree, key: Key) -> Found:
    ssh = table_of(runner, "ssh")
    host, port = ssh.get("host"), ssh.get("port")
    if isinstance(port, str) and port and not is_open(port) and not (port.isdecimal() and int(port) <= _LAST_PORT):
        yield "R012", "error", (*key, "ssh", "port"), f"must be the number of a port: {_JOBS}", 'write for example "22"'
    name, colon, number = host.rpartition(":") if isinstance(host, str) else ("", "", "")
    if colon and number.isdecimal() and ":" not in name:
        text = f"must be a host without a port: {_JOBS}"
        yield "R012", "error", (*key, "ssh", "host"), text, f'write host = "{name}" and port = "{number}"'


def _driver(runner: Tree, key: Key) -> Found:
    machine = table_of(runner, "machine")
    driver, entries = machine.get("MachineDriver"), machine.get("autoscaling")
    if isinstance(driver, str) and driver not in _DRIVERS and (fix := near_fix(driver, _DRIVERS)):
        text = f"docker-machine has no driver of this name, unless you installed it: {_JOBS}"
        yield "R012", "error", (*key, "machine", "MachineDriver"), text, fix
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and not any(name.lower().startswith("period") for name in entry):
            text = "has no Periods, so that it never applies"
            fix = 'add for example Periods = ["* * 9-17 * * mon-fri *"]'
            yield "R019", "warning", (*key, "machine", "autoscaling", index), text, fix
