"""Every rule whose findings are errors keeps `deploy` from each host: nobody logs in, so nothing is sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path

import paramiko
import pytest
import yaml
from paramiko.common import AUTH_FAILED

from runnerops.codes.rules import RULES
from runnerops.commands.check import KINDS
from runnerops.commands.deploy import deploy
from runnerops.demo.server import make_key
from runnerops.engine.options import Flags, Invocation, UiOptions
from runnerops.errors import RunneropsError
from runnerops.model.common import Exit
from runnerops.planning.lint.file import lint_file
from runnerops.report.screen import Screen
from tests.unit.our_verdicts import DOCKERS, of_docker, of_registry, of_runner, spec_of
from tests.verdicts import DAEMON_BY_RELEASE, REGISTRY_BY_RELEASE, RUNNER_BY_RELEASE, VERDICTS, Kind, Verdict

CACHE = {
    "name": "dockerhub",
    "image": "distribution:edge",
    "upstream": "https://registry-1.docker.io",
    "listen": "192.0.2.10:5000",
}
GHCR = {"name": "ghcr", "upstream": "https://ghcr.io", "listen": "192.0.2.10:5001"}
ENDLESS = {"name": "own", "upstream": "http://192.0.2.10:5000", "serves": "x.example", "listen": "192.0.2.10:5000"}
"""Their image has no number, so that the inventory's `versions` says which registry it is."""

SECTIONS: Mapping[Kind, Mapping[str, object]] = {
    "daemon": {"docker": {"debug": True}},
    "runner": {"gitlab_runner": {"concurrent": 1}},
    "registry": {"registry": {"caches": [CACHE]}},
    "compose": {"registry": {"caches": [CACHE]}},
}
"""What makes the file of each kind be rendered, from a template of one's own."""

HANDWRITTEN: Mapping[str, Mapping[str, object]] = {
    "C002": {"registry": {"caches": [{**CACHE, "config": {"proxy": None}}]}},
    "C018": {"registry": {"caches": [{**CACHE, "config": {"http": {"addr": ":1"}}}]}},
    "X005": {"docker": {"registry-mirrors": ["http://192.0.2.10:5001"]}, "registry": {"caches": [GHCR]}},
    "X006": {"registry": {"caches": [ENDLESS]}},
    "X011": {"docker": {"registry-mirrors": ["https://192.0.2.10:5000"]}, "registry": {"caches": [CACHE]}},
    "X015": {"registry": {"caches": [{**CACHE, "config": {"proxy": {"remoteurl": "https://ghcr.io"}}}]}},
    "X014": {"docker": {"metrics-addr": "192.0.2.10:5000"}, "registry": {"caches": [CACHE]}},
    "P003": {"dokcer": {}},
}
"""Rules about more than one file, by the host's entry that breaks them."""

ELSEWHERE = {"D007", "D011", "X001", "X013"}
"""What only a host's own unit and swarm tell (D), and what takes two hosts: tests of their own."""


class Guard(paramiko.ServerInterface):
    """Lets nobody in, and knows that somebody asked."""

    asked = threading.Event()

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002
        self.asked.set()
        return AUTH_FAILED


@pytest.fixture(scope="module", name="folder")
def fixture_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An inventory's folder, with `host.yml` about one host that is there."""
    folder = tmp_path_factory.mktemp("refused")
    key = make_key(folder / "key")
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    transport = paramiko.Transport(server.accept()[0])
                    transport.add_server_key(key)
                    transport.start_server(event=threading.Event(), server=Guard())

        threading.Thread(target=serve, daemon=True).start()
        port = server.getsockname()[1]
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
        ssh = {"user": "root", "port": port, "key": str(folder / "key")}
        (folder / "host.yml").write_text(yaml.safe_dump({"address": "127.0.0.1", "ssh": ssh}))
        yield folder
        server.shutdown(socket.SHUT_RDWR)


def refusal_of(folder: Path, hosts: Mapping[str, Mapping[str, object]], template: tuple[str, str] | None = None) -> str:
    """What `deploy` says; fails where somebody was asked to log in."""
    Guard.asked.clear()
    host_tree = yaml.safe_load((folder / "host.yml").read_text())
    (folder / "inventory.yml").write_text(
        yaml.safe_dump({"hosts": {name: {**host_tree, **host} for name, host in hosts.items()}})
    )
    templates = folder / "templates"
    templates.mkdir(exist_ok=True)
    for old in templates.iterdir():
        old.unlink()
    if template:
        name, text = template
        (templates / name).write_text(f"{{% raw %}}{text}{{% endraw %}}")
    out = StringIO()
    ui = UiOptions(yes=True, as_json=False, verbose=0)
    try:
        screen = Screen(out=out, err=out)
        code = deploy(Invocation(folder / "inventory.yml", (), {"HOME": str(folder)}, screen), Flags({}), ui)
    except RunneropsError as error:
        return f"{error.message} {error.problems}"
    assert code is not Exit.OK
    return out.getvalue()


def breaking(rule: str) -> tuple[Verdict, str]:
    """A file that the rule is an error of, and the release for which it is one."""
    for verdict in VERDICTS:
        if any(
            (finding.rule, finding.severity) == (rule, "error")
            for finding in lint_file(spec_of(verdict), verdict.file.encode())
        ):
            return verdict, ""
    for verdict in DAEMON_BY_RELEASE:
        for version in DOCKERS:
            if any((finding.rule, finding.severity) == (rule, "error") for finding in of_docker(verdict, version)):
                return verdict, version
    for verdict in RUNNER_BY_RELEASE:
        if any((finding.rule, finding.severity) == (rule, "error") for finding in of_runner(verdict, verdict.since)):
            return verdict, verdict.since
    for verdict in REGISTRY_BY_RELEASE:
        for major in (2, 3):
            if rule in of_registry(verdict, major):
                return verdict, f"{major}.0"
    raise AssertionError(f"{rule}: no file of tests/verdicts.py breaks it")


ERRORS = [rule.id for rule in RULES.values() if rule.severity == "error" and rule.id not in ELSEWHERE]


@pytest.mark.parametrize("rule", ERRORS)
def test_a_refused_inventory_causes_no_login(folder: Path, rule: str) -> None:
    if rule in HANDWRITTEN:
        text = refusal_of(folder, {"h": HANDWRITTEN[rule]})
    elif rule == "C006":
        text = refusal_of(folder, {"h": SECTIONS["compose"]}, ("docker-compose.yml.j2", "services: {}\n"))
    else:
        verdict, version = breaking(rule)
        of = {"daemon": "docker", "runner": "gitlab_runner"}.get(verdict.kind, "registry")
        host = {**SECTIONS[verdict.kind], **({"versions": {of: version}} if version else {})}
        text = refusal_of(folder, {"h": host}, (KINDS[verdict.kind][1], verdict.file))
    assert f"[{rule}]" in text or rule in {"P001", "P003"}, text
    assert not Guard.asked.is_set()


def test_two_names_for_one_host(folder: Path) -> None:
    assert "[X001]" in refusal_of(folder, {"h": SECTIONS["daemon"], "i": SECTIONS["daemon"]})
    assert not Guard.asked.is_set()


def test_an_accepted_inventory_causes_a_login(folder: Path) -> None:
    refusal_of(folder, {"h": SECTIONS["daemon"]})
    assert Guard.asked.is_set()
