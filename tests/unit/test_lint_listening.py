"""Two managed services that would listen at one place of a host are refused before a deploy, also if both are new."""

from __future__ import annotations

from pathlib import Path

import pytest

from runnerops.engine.project import open_project
from runnerops.model.common import key_text
from runnerops.redact import Redactor
from runnerops.secrets import Resolver
from tests.unit.inventory_texts import load

CACHE = "registry: {caches: [{upstream: 'https://registry-1.docker.io', listen: '192.0.2.10:5000'}]}"
RUNNER = "gitlab_runner: {%s, runners: [{name: one, url: 'https://gitlab.example.com', executor: shell}]}"
SESSION = RUNNER % "session_server: {listen_address: '%s', advertise_address: 'runner.example.com:8093'}"


def findings_of(folder: Path, *sections: str) -> list[str]:
    loaded = load(folder, f"hosts:\n  a: {{address: 192.0.2.10, {', '.join(sections)}}}\n")
    project = open_project(loaded, loaded.hosts, Resolver({}, loaded.folder), Redactor())
    findings = [finding for finding in project.findings["a"] if finding.rule == "X014"]
    assert all(finding.severity == "error" and finding.location for finding in findings)
    return [f"{key_text(finding.key)}: {finding.message.partition(',')[0]}" for finding in findings]


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        (
            ("docker: {metrics-addr: '192.0.2.10:5000'}", CACHE),
            "caches[0].listen: 192.0.2.10:5000 is where Docker listens",
        ),
        (("docker: {metrics-addr: '0.0.0.0:5000'}", CACHE), "(metrics-addr: 0.0.0.0:5000)"),
        (("docker: {metrics-addr: '[::]:5000'}", CACHE), "(metrics-addr: [::]:5000)"),
        (("docker: {metrics-addr: '127.0.0.1:5000'}", CACHE), ""),
        (("docker: {metrics-addr: '192.0.2.10:5001'}", CACHE), ""),
        (
            ("docker: {hosts: ['unix:///run/docker.sock', 'tcp://192.0.2.10:5000']}", CACHE),
            "(hosts[1]: 192.0.2.10:5000)",
        ),
        (
            ("docker: {metrics-addr: '127.0.0.1:9252'}", RUNNER % "listen_address: localhost"),
            "listen_address: 127.0.0.1:9252",
        ),
        (("docker: {metrics-addr: '127.0.0.1:9252'}", RUNNER % "listen_address: ':9252'"), "listen_address: :9252"),
        (("docker: {metrics-addr: '127.0.0.1:9252'}", RUNNER % "listen_address: '127.0.0.1:9253'"), ""),
        (("docker: {metrics-addr: '127.0.0.1:9252'}", RUNNER % "concurrent: 2"), ""),
        ((CACHE, SESSION % "0.0.0.0:5000"), "session_server.listen_address: 0.0.0.0:5000 is where cache"),
        ((CACHE, SESSION % "[::]:8093"), ""),
        (("docker: {metrics-addr: '0.0.0.0:8093'}", SESSION % "[::]:8093"), "session_server.listen_address: [::]:8093"),
    ],
)
def test_two_services_on_one_address_are_found(sections: tuple[str, ...], says: str, tmp_path: Path) -> None:
    texts = findings_of(tmp_path, *sections)
    assert len(texts) == bool(says), texts
    assert not says or says in texts[0]
