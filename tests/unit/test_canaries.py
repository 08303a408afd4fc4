"""Puts a canary into every place for text of every file, from the inventory or from the host: no output may show it.

The places come from the tables of keys. Those without a table are written out here from the reference of the file.
"""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from runnerops import inventory
from runnerops.commands.check import CheckOptions, check
from runnerops.commands.hosts import hosts
from runnerops.commands.render import render
from runnerops.engine.options import Flags, Invocation
from runnerops.engine.planner import plan_observed
from runnerops.engine.plans.context import PlanContext
from runnerops.engine.plans.reports import plan_report
from runnerops.engine.plans.review import show_json, show_text
from runnerops.engine.project import open_project
from runnerops.engine.saved_plan import make_saved_plan, origin_of, write_plan
from runnerops.model.common import Tree
from runnerops.model.facts import RunnerFacts
from runnerops.model.host_state import HostState, RemoteFile, SecretFingerprints
from runnerops.model.inventory import Requester
from runnerops.report.formats.markdown import markdown
from runnerops.report.screen import Screen
from runnerops.secrets import Resolver
from runnerops.services.docker.schema import KEYS
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from runnerops.services.gitlab_runner.schema import TABLES
from runnerops.services.gitlab_runner.schema.free import QUANTITIES, SHOWN_BELOW
from tests.unit.services.builders import DAEMON, compose_facts, engine, json_bytes, state
from tests.unit.services.runner_builders import NOW

CONFIG, CACHE, COMPOSE = (
    "/etc/gitlab-runner/config.toml",
    "/opt/registry/registry-config.yml",
    "/opt/registry/docker-compose.yml",
)

Text = Callable[[str], str]
"""The text for the place of this name."""

CANARY = re.compile(r"cAnary\d{4}x7Q(?:-value)?")
"""One, or the value of a variable that is named so."""

NETWORKS = ("bip", "default-address-pools", "fixed-cidr")
"""Keys of daemon.json that an inventory takes networks for only."""

FORMS: dict[str, Callable[[str], str]] = {
    "variable": lambda canary: f"SOME_PASSWORD={canary}",
    "cloud option": lambda canary: f"amazonec2-secret-key={canary}",
    "flag": lambda canary: f"run --password {canary} now",
    "header": lambda canary: f"curl -H 'PRIVATE-TOKEN: {canary}' https://gitlab.example.com",
    "login": lambda canary: f"https://user:{canary}@example.com/path",
    "token": lambda canary: f"glpat-{canary}",
    "key": lambda canary: f"-----BEGIN RSA PRIVATE KEY-----\n{canary}\n-----END RSA PRIVATE KEY-----",
}
"""Texts that are secret wherever they stand."""


def runner_tree(table: str, text: Text, place: str = "") -> dict[str, Any]:
    """Every key of a table of config.toml that may hold text."""
    document: dict[str, Any] = {}
    for name, key_schema in TABLES[table].items():
        here, (word, _, below) = f"{place}.{name}".lstrip("."), key_schema.kind.partition(" ")
        if below:
            inner = runner_tree(below.rstrip("]"), text, here)
            document[name] = [inner] if word == "[table" else inner
        elif made := _made(word, here, text):
            document[name] = made
    return document


def _made(kind: str, place: str, text: Text) -> Any:
    shapes: dict[str, Callable[[], Any]] = {
        "str": lambda: text(place),
        "string": lambda: text(place),
        "[str]": lambda: [text(place)],
        "strings": lambda: [text(place)],
        "str|[str]": lambda: [text(place)],
        "{str}": lambda: {"some": text(place)},
        "texts": lambda: {"some": text(place)},
        "{[str]}": lambda: {"some": [text(place)]},
        "tree": lambda: {"some": text(f"{place}.some"), "list": [text(place)], "in": {"it": [{"any": text(place)}]}},
        "object": lambda: {"some": text(place), "in": {"args": [text(place)], "options": {"any": text(place)}}},
        "objects": lambda: [{"some": text(place)}],
    }
    return shapes[kind]() if kind in shapes else None


def daemon_tree(text: Text) -> dict[str, Any]:
    """Every key of daemon.json that may hold text, and one that no dockerd knows."""
    document = {name: made for name, key in KEYS.items() if (made := _made(key.kind, f"daemon.{name}", text))}
    return {**document, "of-a-later-release": {"any": text("daemon.unknown")}}


def cache_tree(text: Text) -> dict[str, Any]:
    """A registry's config, as distribution's reference has it, where it may hold secrets or anything."""
    drivers = {
        "s3": ("accesskey", "secretkey", "sessiontoken", "keyid"),
        "azure": ("accountkey", "credentials"),
        "gcs": ("keyfile",),
        "swift": ("password", "secretkey", "accesskey", "tempurlkey"),
        "of-a-later-release": ("any",),
    }
    return {
        "version": 0.1,
        "log": {
            "fields": {"some": text("log.fields")},
            "hooks": [{"options": {"smtp": {"password": text("log.hooks")}}}],
        },
        "storage": {name: {key: text(f"storage.{name}.{key}") for key in keys} for name, keys in drivers.items()},
        "auth": {"token": {"issuer": text("auth.token")}, "htpasswd": {"realm": text("auth.htpasswd")}},
        "middleware": {
            "storage": [{"name": "cloudfront", "options": {"privatekey": text("middleware"), "any": text("m")}}]
        },
        "http": {"secret": text("http.secret"), "headers": {"X-Any": [text("http.headers")]}},
        "notifications": {"endpoints": [{"name": "a", "headers": {"Authorization": [text("n")], "X": [text("x")]}}]},
        "redis": {"password": text("redis.password"), "sentinelpassword": text("redis.sentinelpassword")},
        "proxy": {
            "remoteurl": "https://registry-1.docker.io",
            "password": text("proxy"),
            "exec": {"command": text("exec")},
        },
        "reporting": {"bugsnag": {"apikey": text("bugsnag")}, "newrelic": {"licensekey": text("newrelic")}},
    }


def compose_tree(text: Text) -> dict[str, Any]:
    """What somebody may have added to the caches' Compose file."""
    service = {
        "image": "registry:3.0.0",
        "command": ["serve", text("command")],
        "entrypoint": ["/bin/sh", "-c", text("entrypoint")],
        "environment": {"SOME": text("environment"), "DB_PASSWORD": text("environment.password")},
        "labels": {"some": text("labels")},
        "healthcheck": {"test": ["CMD", text("healthcheck")]},
        "logging": {"driver": "splunk", "options": {"splunk-token": text("splunk"), "any": text("options")}},
        "build": {"args": {"ANY": text("build")}},
    }
    return {"services": {"dockerhub": service}, "configs": {"a": {"content": text("configs")}}, "x-any": text("x-any")}


@dataclass(frozen=True)
class Seen:
    """What was said, and by the canary the place where it stands."""

    said: str
    places: dict[str, str]

    @property
    def shown(self) -> set[str]:
        return {self.places[canary] for canary in set(CANARY.findall(self.said)) & self.places.keys()}


class Canaries:
    """Makes a canary for each place, in a form."""

    def __init__(self, form: Callable[[str], str]) -> None:
        self.places: dict[str, str] = {}
        self._form = form
        self._numbers = itertools.count()

    def __call__(self, place: str) -> str:
        canary = f"cAnary{next(self._numbers):04}x7Q"
        assert CANARY.fullmatch(canary)
        self.places[canary] = place
        return self._form(canary)


def host_files(text: Text) -> dict[str, bytes]:
    return {
        DAEMON: json_bytes(daemon_tree(text)),
        CONFIG: to_toml(runner_tree("config", text)).encode(),
        CACHE: written(cache_tree(text)).encode(),
        COMPOSE: written(compose_tree(text)).encode(),
    }


def a_host(files: dict[str, bytes], key: str = "") -> HostState:
    observed = state(files, engine(), registry_facts=compose_facts(), runner_facts=RunnerFacts(NOW, "19.3.0"))
    config = RemoteFile(CONFIG, "file", files[CONFIG], "0600", "root:root")
    return replace(observed, files={**observed.files, CONFIG: config}, secret_fingerprints=SecretFingerprints(key))


PLAIN: Tree = {
    "docker": {"live-restore": True},
    "registry": {"caches": [{"upstream": "https://registry-1.docker.io"}]},
    "gitlab_runner": {"concurrent": 2, "runners": [{"name": "one", "url": "https://gitlab.example.com"}]},
}


class Composed(str):
    """A value that is written as `!secret` with a variable in it."""

    __slots__ = ()


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes these values too. The one of libyaml is ten times as fast."""


Dumper.add_representer(
    Composed, lambda dumper, value: dumper.represent_scalar("!secret", str.__str__(value), style='"')
)


def written(tree: Any) -> str:
    return str(yaml.dump(tree, Dumper=Dumper))


def diffs(
    folder: Path, asked: Tree, files: dict[str, bytes], key: str = "", environ: Mapping[str, str] | None = None
) -> Iterator[str]:
    """`diff -v`, `diff --output json`, its report, a saved plan, and the lines that a run's log on the host may not have."""
    path = folder / "inventory.yml"
    path.write_text(written({"hosts": {"h": {"address": "192.0.2.10", **asked}}}))
    loaded = inventory.load(path)
    screen = Screen(out=(out := io.StringIO()), err=(err := io.StringIO()))
    project = open_project(loaded, loaded.hosts, Resolver(environ or {}, folder), screen.redactor)
    host = loaded.hosts[0]
    planning = PlanContext(project, Flags({}), Requester("anna", "laptop"), screen.redactor)
    made = plan_observed(planning, host, project.rendered["h"], a_host(files, key))
    show_text(project, {"h": made}, screen, verbose=True)
    yield out.getvalue()
    show_json(project, {"h": made}, screen)
    yield out.getvalue() + err.getvalue()
    yield markdown(plan_report(project, {"h": made}, screen.redactor))
    saved = make_saved_plan(project, {"h": made}, Flags({}), origin_of(path, {}, folder), screen.redactor)
    write_plan(folder / "plan.json", saved)
    yield re.sub(r'("created_at"): \d+', r"\1: 0", (folder / "plan.json").read_text())


def offline(folder: Path, asked: Tree, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """What needs no host, of the inventory that `diffs` wrote."""
    path = folder / "inventory.yml"
    variables = {"some": asked.get("some"), "deep": {"list": [asked.get("some")]}}
    sections = {name: section for name, section in asked.items() if name != "some"}
    path.write_text(written({"hosts": {"h": {"address": "192.0.2.10", "vars": variables, **sections}}}))
    screen = Screen(out=(out := io.StringIO()), err=(err := io.StringIO()))
    render(Invocation(path, [], environ or {}, screen), None, with_secrets=False)
    for as_json in (False, True):
        check(path, (), environ or {}, screen, CheckOptions(strict=True, as_json=as_json))
        hosts(Invocation(path, [], {}, screen), "h", as_json=as_json)
    yield out.getvalue() + err.getvalue()


@pytest.mark.parametrize("first", [0, 3])
def test_a_text_that_is_secret_by_its_form_is_shown_nowhere(first: int, tmp_path: Path) -> None:
    """The forms take turns from place to place, and begin with another in each of two rounds."""
    forms = itertools.islice(itertools.cycle(FORMS.values()), first, None)
    text = Canaries(lambda canary: next(forms)(canary))  # noqa: PLW0108  another form each time
    runners = runner_tree("config", text)
    cache: dict[str, Any] = {
        "upstream": "https://registry-1.docker.io",
        "listen": "172.17.0.1:5000",
        "config": cache_tree(text),
        "environment": {"SOME": text("env")},
    }
    own = {"name": "one", "url": "https://gitlab.example.com", "executor": "docker", "token": text("token")}
    runners["runners"][0] |= own
    asked: Tree = {
        "docker": {name: value for name, value in daemon_tree(text).items() if name not in NETWORKS},
        "registry": {"caches": [cache]},
        "gitlab_runner": runners,
        "some": text("vars"),
        "gitlab": {"url": "https://gitlab.example.com", "token": text("gitlab.token")},
    }
    output = "".join(offline(tmp_path, asked))
    del asked["some"]
    output += "".join(diffs(tmp_path, asked, host_files(text)))
    assert len(text.places) > 400
    assert Seen(output, text.places).shown == set()


def test_a_secret_inside_of_a_text_is_shown_nowhere(tmp_path: Path) -> None:
    """Neither it nor the text that it is part of, wherever the inventory has it and whatever the host has there."""
    text = Canaries(lambda canary: Composed(f"a={{env:{canary}}}"))
    cache: dict[str, Any] = {
        "listen": "172.17.0.1:5000",
        "config": cache_tree(text),
        "environment": {"SOME": text("env")},
    }
    asked: Tree = {
        "docker": {name: value for name, value in daemon_tree(text).items() if name not in NETWORKS},
        "registry": {"caches": [cache]},
        "gitlab_runner": {"runners": [{"name": "one", "environment": [text("v")], "pre_build_script": text("script")}]},
    }
    environ = {name: f"{name}-value" for name in text.places}
    host_tree = {"runners": [{"name": "one", "environment": ["a=old"], "pre_build_script": "a=old"}]}
    files = {
        DAEMON: json_bytes(daemon_tree(lambda _: "a=old")),
        CONFIG: to_toml(host_tree).encode(),
        CACHE: b"",
        COMPOSE: b"",
    }
    output = "".join(offline(tmp_path, asked, environ)) + "".join(diffs(tmp_path, asked, files, environ=environ))
    values = {f"{canary}-value": place for canary, place in text.places.items()}
    assert len(values) > 80
    assert Seen(output, values).shown == set()


SHOWN_ELSEWHERE = re.compile(
    r"daemon\.(?!log-opts|runtimes|cluster-store-opts|default-network-opts|labels|nri-opts|storage-opts|unknown)[\w-]+"
    r"|(?!.*(?:script|environment|command|entrypoint|MachineOptions|token|password|dsn|(?:access|account|secret|private)key))"
    r"(?:runners(?:\.(?!custom|experimental|kubernetes|labels|monitoring|parallels|referees|virtualbox)[\w.-]+)?"
    r"|session_server\.\w+|listen_address|user|log_level|log_format|machine\.\w+)",
    re.IGNORECASE,
)
"""Places of plain words of which what the host has is shown: names, addresses, images, paths, sizes, switches."""


def _plain_of_an_executor(place: str) -> bool:
    _, table, *names = (*place.split("."), "", "")
    last = place.rpartition(".")[2]
    return bool(names) and (last in SHOWN_BELOW.get(table, ()) or (table == "kubernetes" and last.endswith(QUANTITIES)))


def test_plain_text_that_only_the_host_has_is_shown_in_plain_places_alone(tmp_path: Path) -> None:
    text = Canaries(lambda canary: canary)
    seen = Seen("".join(diffs(tmp_path, dict(PLAIN), host_files(text))), text.places)
    odd = {place for place in seen.shown if not (SHOWN_ELSEWHERE.fullmatch(place) or _plain_of_an_executor(place))}
    assert odd == set()
    for place in ("runners.docker.image", "runners.url", "daemon.data-root"):
        assert place in seen.shown
    free = {
        "runners.custom.run_args",
        "runners.pre_build_script",
        "runners.autoscaler.plugin_config",
        "runners.docker.container_labels",
    }
    assert free <= set(text.places.values()) - seen.shown


def test_what_the_inventory_has_in_clear_is_shown_of_the_host_too(tmp_path: Path) -> None:
    script = "docker info && echo ready"
    theirs = {"runners": [{"name": "two", "url": "https://gitlab.example.com", "post_build_script": script}]}
    files = {DAEMON: b"{}", CONFIG: to_toml(theirs).encode(), CACHE: b"", COMPOSE: b""}
    asked: dict[str, Any] = json.loads(json.dumps(PLAIN))
    assert script not in "".join(diffs(tmp_path, asked, files))
    asked["gitlab_runner"]["runners"][0]["pre_build_script"] = script
    assert re.search(rf'^ +-.*post_build_script = "{script}"$', "".join(diffs(tmp_path, asked, files)), re.MULTILINE)


def test_fingerprints_are_the_same_in_two_runs_on_a_host_that_has_a_key(tmp_path: Path) -> None:
    files = {DAEMON: b'{"data-root": "/srv"}', CONFIG: b'user = "x"', CACHE: b"", COMPOSE: b"x-any: {a: b}"}
    key, other = "ab" * 32, "cd" * 32
    assert list(diffs(tmp_path, dict(PLAIN), files, key)) == list(diffs(tmp_path, dict(PLAIN), files, key))
    assert list(diffs(tmp_path, dict(PLAIN), files, key)) != list(diffs(tmp_path, dict(PLAIN), files, other))
    assert list(diffs(tmp_path, dict(PLAIN), files)) != list(diffs(tmp_path, dict(PLAIN), files))


def test_a_host_is_given_no_secret_of_another(tmp_path: Path) -> None:
    """The lines by which a run's output is filtered lie on its host."""
    runner = {"url": "https://gitlab.example.com", "executor": "shell"}
    asked = {
        name: {
            "address": f"192.0.2.{place}",
            "gitlab_runner": {"runners": [{"name": "one", "token": f"glrt-canary-of-{name}-aaaaaa", **runner}]},
        }
        for place, name in enumerate("ab", 1)
    }
    path = tmp_path / "inventory.yml"
    path.write_text(written({"hosts": asked}))
    loaded = inventory.load(path)
    screen = Screen(out=io.StringIO(), err=io.StringIO())
    project = open_project(loaded, loaded.hosts, Resolver({}, loaded.folder), screen.redactor)
    planning = PlanContext(project, Flags({}), Requester("anna", "laptop"), screen.redactor)
    before = b"concurrent = 1\n[[runners]]\nname = 'old'\ntoken = 'glrt-canary-of-before-aaaa'\n"
    given = {
        host.name: plan_observed(
            planning, host, project.rendered[host.name], a_host({"/etc/gitlab-runner/config.toml": before}, "")
        ).plan.secrets
        for host in loaded.hosts
    }
    assert given == {name: {f"glrt-canary-of-{name}-aaaaaa", "glrt-canary-of-before-aaaa"} for name in "ab"}
