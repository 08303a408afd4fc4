"""`runnerops diff --no-login`: shows what is known without a key and secrets. Hosts are only asked for their host keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runnerops import inventory
from runnerops.engine.hosts.maintenance import check_maintenance
from runnerops.engine.hosts.targets import check_targets
from runnerops.engine.options import Flags, Invocation
from runnerops.engine.project import Project, open_project, show_errors
from runnerops.engine.threads import side_by_side
from runnerops.errors import HostError, HostKeyError
from runnerops.frozen import frozen
from runnerops.inventory.only import only
from runnerops.model.common import Exit, Result
from runnerops.model.inventory import Host
from runnerops.report.document import VERSION, finding_document
from runnerops.report.screen import Screen
from runnerops.report.text import finding_lines
from runnerops.secrets import Resolver
from runnerops.ssh.access import Access
from runnerops.ssh.connect import open_link
from runnerops.ssh.gateways import Gateways
from runnerops.ssh.hostkeys import KnownHosts
from runnerops.ssh.keys import Credentials

_RESTS = Result.MAINTENANCE.value
NOT_DONE = "not done without a login: comparing files with those on the hosts, actions, blockers, drift"


@frozen
class _HostKeyResult:
    """What is known after asking a host for its host key.

    `result`: `known`, `host-key` (unknown, changed or revoked), `unreachable`, or `maintenance` (it was not asked).
    """

    result: str
    message: str = ""
    hint: str = ""


class _NotLoggedInError(HostError):
    """The host key is the known one. The connection ends here, before the login."""


def no_login(invocation: Invocation, flags: Flags, *, as_json: bool) -> Exit:
    """Exit 0, or 1 if a rendered file has an error, a host key is not the known one, or a host does not answer.

    A host in maintenance is not contacted, as with `diff`.
    """
    path, targets, environ, screen = invocation
    loaded = inventory.load(path)
    check_targets(loaded, targets, flags)
    hosts = only(inventory.select(loaded, targets), flags.only)
    project = open_project(loaded, hosts, Resolver(environ, loaded.folder), screen.redactor, allow_missing_secrets=True)
    if show_errors(project, screen):
        return Exit.FAILED
    environ_without_key = {name: value for name, value in environ.items() if name != "SSH_PRIVATE_KEY"}
    peers = {host.name: host for host in loaded.hosts}
    known_hosts = KnownHosts.find(loaded.folder, environ)
    access = Access(known_hosts, Credentials(), environ_without_key, peers, Gateways(), screen.say)
    by_name = {host.name: host for host in hosts}

    def look(name: str) -> _HostKeyResult:
        try:
            check_maintenance(by_name[name], flags)
        except HostError as error:
            return _HostKeyResult(
                error.result, f"in maintenance: {error.message.removeprefix(f'{name}: ')}", error.hint
            )
        return _host_key(by_name[name], access)

    results = side_by_side(list(by_name), look)
    looked = {name: _result_of(host_result) for name, host_result in results.items()}
    if as_json:
        screen.json(
            {
                "version": VERSION,
                "hosts": [_document(project, name, host_result) for name, host_result in looked.items()],
            }
        )
    else:
        _show(project, looked, screen)
    return Exit.OK if all(host_result.result in {"known", _RESTS} for host_result in looked.values()) else Exit.FAILED


def _host_key(host: Host, access: Access) -> _HostKeyResult:
    """Asks one host. No private key of this machine is read, because a host key is shown without one."""
    host = replace(host, ssh=replace(host.ssh, key=None))

    def refuse() -> None:
        raise _NotLoggedInError(host.name, "")

    try:
        open_link(host, access, refuse).close()
    except _NotLoggedInError:
        return _HostKeyResult("known")
    except HostKeyError as error:
        return _HostKeyResult("host-key", error.message, error.hint)
    except HostError as error:
        return _HostKeyResult(error.result, error.message, error.hint)
    raise AssertionError("no login is possible")


def _result_of(host_result: _HostKeyResult | Exception) -> _HostKeyResult:
    if isinstance(host_result, Exception):
        raise host_result
    return host_result


def _show(project: Project, looked: Mapping[str, _HostKeyResult], screen: Screen) -> None:
    for finding in project.project_findings:
        screen.lines(finding_lines(finding))
    for name, host_result in looked.items():
        screen.data(name, "host")
        for finding in project.findings[name]:
            screen.lines(finding_lines(finding, indent="  "))
        if host_result.result == "known":
            first = "its gateway's" if _behind(project, name) else "its"
            screen.data(f"  {first} host key is the known one", "good")
        else:
            screen.data(
                f"  {host_result.message.removeprefix(f'{name}: ')}", "warn" if host_result.result == _RESTS else "bad"
            )
            if host_result.hint:
                screen.data(f"  hint: {host_result.hint}")
        for file in project.rendered[name]:
            screen.data(f"  ? {file.spec.path}  rendered, not compared", "dim")
    screen.data(NOT_DONE, "warn")
    right = sum(host_result.result == "known" for host_result in looked.values())
    resting = sum(host_result.result == _RESTS for host_result in looked.values())
    words = f"{right} with a known key, {f'{resting} in maintenance, ' if resting else ''}none compared"
    screen.data(f"{len(looked)} host{'s' if len(looked) != 1 else ''}: {words}", "host")


def _behind(project: Project, name: str) -> bool:
    return any(host.name == name and host.ssh.gateway for host in project.hosts)


def _document(project: Project, name: str, host_result: _HostKeyResult) -> dict[str, Any]:
    return {
        "host": name,
        "result": "not-compared" if host_result.result == "known" else host_result.result,
        "message": host_result.message.removeprefix(f"{name}: "),
        "hint": host_result.hint,
        "files": [{"path": file.spec.path, "state": "not compared"} for file in project.rendered[name]],
        "findings": [finding_document(finding) for finding in (*project.project_findings, *project.findings[name])],
    }
