"""Renders the files of a host: templates are overridden file by file, and secrets are resolved only where they are
used.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from runnerops import inventory
from runnerops.errors import SecretError, TemplateError
from runnerops.model.common import value_at
from runnerops.model.inventory import RenderedFile
from runnerops.render import Renderer, shipped_templates
from runnerops.secrets import Resolver
from runnerops.services import DOCKER, GITLAB_RUNNER, REGISTRY
from tests.contract.emitted import HERE, rendered

TEXT = """
hosts:
  r:
    docker: {log-opts: {max-size: 10m}, default-ulimits: {nofile: {Name: nofile, Hard: 1, Soft: 1}}, mtu: 1400, debug: false}
    registry: {caches: [{username: me, password: !env PW}]}
    gitlab_runner:
      concurrent: 4
      session_server: {session_timeout: 60}
      runners:
        - {name: "{host}-a", url: "https://gitlab.example.com", executor: docker, token: !env "{host}_TOKEN",
           docker: {image: "a:1", services: [{name: "b:2", command: ["-x"]}]}, cache: {Type: s3, s3: {BucketName: c}}}
        - {name: b, url: "https://gitlab.example.com", executor: shell}
    vars: {team: web}
"""
ENVIRON = {"PW": "s3cret pw", "R_TOKEN": "glrt-aaaaaaaaaaaaaaaaaaaa", "HOME": "/nonexistent"}


def render(folder: Path, text: str = TEXT, environ: dict[str, str] | None = None) -> dict[str, RenderedFile]:
    path = folder / "inventory.yml"
    path.write_text(text)
    loaded = inventory.load(path)
    resolver = Resolver(ENVIRON if environ is None else environ, folder)
    files = Renderer(folder / "templates", resolver).files(loaded.hosts[0])
    resolver.check()
    return {file.spec.path: file for file in files}


def content(file: RenderedFile) -> str:
    assert file.content is not None
    return file.content.decode()


def test_the_four_files(tmp_path: Path) -> None:
    files = render(tmp_path)
    daemon = json.loads(content(files["/etc/docker/daemon.json"]))
    assert daemon == {
        "log-opts": {"max-size": "10m"},
        "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 1, "Soft": 1}},
        "mtu": 1400,
        "debug": False,
        "registry-mirrors": ["http://172.17.0.1:5000"],
    }
    config = tomllib.loads(content(files["/etc/gitlab-runner/config.toml"]))
    first, second = config["runners"]
    assert (first["name"], first["token"]) == ("r-a", ENVIRON["R_TOKEN"])
    assert first["docker"]["services"] == [{"name": "b:2", "command": ["-x"]}]
    assert "token" not in second
    assert config["session_server"] == {"session_timeout": 60}
    registry = yaml.safe_load(content(files["/opt/registry/registry-config.yml"]))
    assert registry["proxy"]["password"] == ENVIRON["PW"]
    compose = yaml.safe_load(content(files["/opt/registry/docker-compose.yml"]))
    assert compose["services"]["dockerhub"]["command"] == ["serve", "/etc/runnerops/registry-config.yml"]
    assert compose["volumes"]["dockerhub"] == {"name": "runnerops-dockerhub"}


def test_files_with_a_secret_are_private(tmp_path: Path) -> None:
    files = render(tmp_path)
    for file in files.values():
        if any(secret in content(file) for secret in ("s3cret pw", "glrt-")):
            assert file.spec.mode == "0600", file.spec.path


def test_a_projects_own_template_wins_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "daemon.json.j2").write_text(
        '{"labels": ["team={{ vars.team }}", "host={{ host.name }}"], "mirror": {{ caches[0].url | to_json }}}'
    )
    files = render(tmp_path)
    assert json.loads(content(files["/etc/docker/daemon.json"])) == {
        "labels": ["team=web", "host=r"],
        "mirror": "http://172.17.0.1:5000",
    }
    assert "[[runners]]" in content(files["/etc/gitlab-runner/config.toml"])


def test_missing_secrets_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(SecretError) as caught:
        render(tmp_path, environ={})
    assert "PW" in caught.value.message
    assert "R_TOKEN" in caught.value.message


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ nope }}", "templates/daemon.json.j2:1: 'nope' is undefined"),
        ("{}\n{{ docker.nope.deeper }}", "templates/daemon.json.j2:2:"),
        ("{% if %}", "templates/daemon.json.j2:1:"),
        ("{{ 1 / 0 }}", "templates/daemon.json.j2:1:"),
        (
            '{"a": 1,}',
            "templates/daemon.json.j2:1: renders broken JSON for host r: this comma before a closing bracket",
        ),
        ("[]", "renders broken JSON"),
        ("{% include 'other.j2' %}", "no template 'other.j2'"),
        ("{% extends 'daemon.json.j2' %}", "templates/daemon.json.j2: it extends, includes or calls itself"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "templates/daemon.json.j2: it extends, includes or calls"),
        ("\udcff", "templates/daemon.json.j2: it is not UTF-8, or a template that it includes: byte 0xFF"),
    ],
)
def test_a_broken_template_is_placed(tmp_path: Path, template: str, says: str) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "daemon.json.j2").write_text(template, errors="surrogateescape")
    with pytest.raises(TemplateError) as caught:
        render(tmp_path)
    assert says in caught.value.message


@pytest.mark.parametrize("kind", ["folder", "broken link", "no folder"])
def test_a_template_that_is_no_file_is_not_passed_over(tmp_path: Path, kind: str) -> None:
    """The shipped one would be deployed in its place."""
    folder = tmp_path / "templates"
    template = folder / "daemon.json.j2"
    if kind == "no folder":
        folder.touch()
    else:
        folder.mkdir()
        template.mkdir() if kind == "folder" else template.symlink_to("gone")
    with pytest.raises(TemplateError) as caught:
        render(tmp_path)
    place = folder if kind == "no folder" else template
    assert caught.value.message.startswith(f"{place}: this is no ")


def test_every_shipped_template_is_short_enough_to_copy() -> None:
    templates = tuple(shipped_templates().glob("*.j2"))
    assert {path.name for path in templates} == {file.spec.template for file in rendered(HERE)}
    assert all(len(path.read_text().splitlines()) <= 40 for path in templates)


@pytest.mark.parametrize(
    ("docker", "mode"),
    [
        ("{proxies: {http-proxy: 'http://proxy.example.com:3128'}}", "0644"),
        ("{proxies: {http-proxy: 'http://me:pw@proxy.example.com:3128'}}", "0600"),
        ("{proxies: {http-proxy: !env PW}}", "0600"),
        ("{log-driver: splunk, log-opts: {splunk-token: abcdef}}", "0600"),
        ("{labels: [db_password=x1]}", "0600"),
        ("{labels: [cache_key=x1]}", "0644"),
    ],
)
def test_a_file_that_holds_a_secret_is_its_owners_alone(tmp_path: Path, docker: str, mode: str) -> None:
    files = render(tmp_path, f"hosts: {{r: {{docker: {docker}}}}}\n")
    assert files["/etc/docker/daemon.json"].spec.mode == mode


def test_a_null_in_a_caches_config_takes_a_key_of_the_template_out(tmp_path: Path) -> None:
    """Of a layer above as well; what a host says after it is its own."""
    text = """
defaults:
  registry:
    caches:
      - config: {storage: {filesystem: null, s3: {bucket: b}}, health: null, log: {fields: {a: b}}}
hosts:
  r:
    registry: {caches: [{config: {health: {storagedriver: {enabled: false}}, log: {fields: null}}}]}
"""
    (file,) = (file for path, file in render(tmp_path, text).items() if path.endswith("registry-config.yml"))
    config = yaml.safe_load(file.content or b"")
    assert config["storage"] == {"s3": {"bucket": "b"}, "delete": {"enabled": True}}
    assert config["health"]["storagedriver"]["enabled"] is False
    assert config["log"] == {"level": "info"}


def test_a_variable_of_a_cache_has_the_text_that_the_inventory_has(tmp_path: Path) -> None:
    """Whatever number Compose or YAML would read in it."""
    texts = ["080", "1.10", "1e3", "0x1F", "+5", "1_000", "2030-01-01", "0777", "7", "true"]
    variables = ", ".join(f"V{number}: {text}" for number, text in enumerate(texts))
    caches = f"[{{upstream: 'https://registry-1.docker.io', environment: {{{variables}}}}}]"
    files = render(tmp_path, f"hosts: {{r: {{registry: {{caches: {caches}}}}}}}")
    compose = files["/opt/registry/docker-compose.yml"]
    service = REGISTRY.parse(compose.spec, compose.content or b"")
    environment = value_at(service, ("services", "dockerhub", "environment"))
    assert isinstance(environment, dict)
    assert [environment[f"V{number}"] for number in range(len(texts))] == texts


LETTERS = "".join(map(chr, (*range(0x20, 0x100), 0x2028, 0x2029, 0x200B, 0xD7FF, 0xE000, 0xFEFF, 0xFFFD, 0x1F600)))


@pytest.mark.parametrize("text", [LETTERS, "\t \n\r\n", " \u2028 x ", "\x85\x85", "\ufeff", "#\x7f", "\\u0085", '"\\"'])
def test_a_text_reaches_every_file_letter_by_letter(tmp_path: Path, text: str) -> None:
    entry = {
        "registry": {
            "caches": [
                {
                    "upstream": "https://registry-1.docker.io",
                    "environment": {"V": text},
                    "config": {"log": {"fields": {"v": text}}},
                }
            ]
        },
        "docker": {"labels": [f"v={text}"]},
        "gitlab_runner": {
            "runners": [
                {
                    "name": "r",
                    "url": "https://gitlab.example.com",
                    "executor": "docker",
                    "docker": {"image": "a"},
                    "environment": [f"V={text}"],
                }
            ]
        },
    }
    files = render(tmp_path, yaml.safe_dump({"hosts": {"r": entry}}))
    values = [
        value_at(service.parse(files[path].spec, files[path].content or b""), key)
        for path, service, key in (
            ("/opt/registry/docker-compose.yml", REGISTRY, ("services", "dockerhub", "environment", "V")),
            ("/opt/registry/registry-config.yml", REGISTRY, ("log", "fields", "v")),
            ("/etc/docker/daemon.json", DOCKER, ("labels", 0)),
            ("/etc/gitlab-runner/config.toml", GITLAB_RUNNER, ("runners", 0, "environment", 0)),
        )
    ]
    assert values == [text.replace("$", "$$"), text, f"v={text}", f"V={text}"]
