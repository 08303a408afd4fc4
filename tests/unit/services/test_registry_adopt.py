"""Registries that runnerops or somebody else started become the section that asks for them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from runnerops.adopt.entry import make_entry
from runnerops.adopt.secrets import Vault
from runnerops.inventory import load
from runnerops.model.answers import Answer
from runnerops.model.common import ServiceName, Tree
from runnerops.secrets import Resolver
from runnerops.services import REGISTRY
from runnerops.services.base import Adopted
from tests.unit.services.builders import DAEMON, engine, json_bytes, render_all, state

HUB = "https://registry-1.docker.io"
EXAMPLE = """version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver: {enabled: true, interval: 10s, threshold: 3}
"""
"""The config of the image registry:2."""

VOLUME = {
    "Type": "volume",
    "Name": "f" * 64,
    "Source": "/var/lib/docker/volumes/f/_data",
    "Destination": "/var/lib/registry",
}
OWN_CONFIG = {"Type": "bind", "Source": "/srv/registry/config.yml", "Destination": "/etc/docker/registry/config.yml"}
IMAGE_ENV = ["PATH=/bin"]


def published(address: str, port: str) -> dict[str, Any]:
    return {"5000/tcp": [{"HostIp": address, "HostPort": port}]}


def answers(*registries: dict[str, Any]) -> dict[str, Answer]:
    host_answers: dict[str, Answer] = {}
    for number, registry in enumerate(registries, 1):
        about = {
            "name": "/reg", "image": "registry:2", "mounts": [VOLUME], "labels": {}, "network": "default",
            "ports": published("", "5000"), **registry,
        }  # fmt: skip
        path, text = about.pop("path", "/etc/docker/registry/config.yml"), about.pop("text", EXAMPLE)
        config = {"Env": [*IMAGE_ENV, *about.get("env", [])], "Image": about["image"], "Labels": about["labels"]}
        host = {
            "PortBindings": about["ports"],
            "NetworkMode": about["network"],
            "AutoRemove": about.get("remove", False),
        }
        document = {
            "name": about["name"], "mounts": about["mounts"], "networks": about.get("networks", {"bridge": {}}),
            "config": {**config, **about.get("config", {})}, "host": {**host, **about.get("host", {})},
        }  # fmt: skip
        host_answers[f"registry_found_{number}"] = Answer(0, json.dumps(document).encode())
        host_answers[f"registry_image_{number}"] = Answer(
            0, json.dumps({"Env": IMAGE_ENV, "User": "", "Labels": None}).encode()
        )
        host_answers[f"registry_started_{number}"] = Answer(0, f"{path}\n{text}".encode())
    return host_answers


def adopted(*registries: dict[str, Any], mirrors: tuple[str, ...] = ()) -> Adopted:
    files = {DAEMON: json_bytes({"registry-mirrors": list(mirrors)})} if mirrors else {}
    return REGISTRY.adopt(state(files, engine()), answers(*registries))


def only(section: Adopted) -> Tree:
    assert section.section
    caches = section.section["caches"]
    assert isinstance(caches, list)
    (only_cache,) = caches
    assert isinstance(only_cache, dict)
    return only_cache


def env(**variables: str) -> list[str]:
    return [f"REGISTRY_{name}={value}" for name, value in variables.items()]


BY_HAND: Tree = {
    "upstream": HUB,
    "listen": "0.0.0.0:5000",
    "url": "http://192.0.2.10:5000",
    "image": "registry:2",
    "volume": "f" * 64,
}


SRV = {"Type": "bind", "Source": "/srv/cache", "Destination": "/var/lib/registry"}
BELOW = {"config": {"storage": {"filesystem": {"rootdirectory": "/var/lib/registry/cache"}}}}


@pytest.mark.parametrize(
    ("variables", "container", "section"),
    [
        ({}, {}, {}),
        ({"PROXY_REMOTEURL": f"{HUB}/", "PROXY_TTL": "24h", "STORAGE_DELETE_ENABLED": "true"}, {}, {"ttl": "24h"}),
        ({"LOG_LEVEL": "debug"}, {}, {"environment": {"REGISTRY_LOG_LEVEL": "debug"}}),
        ({}, {"ports": published("127.0.0.1", "5001")}, {"listen": "127.0.0.1:5001", "url": None}),
        ({}, {"mounts": [SRV]}, {"volume": "/srv/cache"}),
        (
            {"PROXY_REMOTEURL": "https://docker.io", "PROXY_USERNAME": "me", "PROXY_PASSWORD": "x"},
            {},
            {"username": "me", "password": "x"},
        ),
        ({"PROXY_REMOTEURL": "https://ghcr.io"}, {}, {"upstream": "https://ghcr.io"}),
        ({"PROXY_REMOTEURL": "https://r.example"}, {}, {"upstream": "https://r.example", "serves": "r.example"}),
        ({"STORAGE_FILESYSTEM_ROOTDIRECTORY": "/data/cache"}, {"mounts": [{**VOLUME, "Destination": "/data"}]}, BELOW),
        (
            {"HTTP_ADDR": "192.0.2.10:5002"},
            {"network": "host", "ports": {}},
            {"listen": "192.0.2.10:5002", "url": None},
        ),
    ],
)
def test_a_registry_that_was_started_by_hand_is_adopted(
    variables: dict[str, str], container: dict[str, Any], section: Tree
) -> None:
    found = only(adopted({"env": env(**{"PROXY_REMOTEURL": HUB, **variables}), **container}))
    assert found == {name: value for name, value in (BY_HAND | section).items() if value is not None}


def test_a_config_of_its_own_says_only_what_is_its_own() -> None:
    text = (
        EXAMPLE.replace("log:\n", "log:\n  level: warn # quiet\n")
        + f"proxy:\n  # the Hub\n  remoteurl: {HUB}\n  ttl: 72h\n"
    )
    section = adopted({"text": text, "mounts": [VOLUME, OWN_CONFIG]})
    assert only(section) == {**BY_HAND, "ttl": "72h", "config": {"log": {"level": "warn"}}}
    assert section.comments == {
        ("caches", 0, "upstream"): ("the Hub",),
        ("caches", 0, "config", "log", "level"): ("quiet",),
    }


def test_a_mirror_of_the_hosts_own_daemon_is_its_url() -> None:
    section = adopted({"env": env(PROXY_REMOTEURL="http://10.0.0.5")}, mirrors=("http://localhost:5000/",))
    assert only(section) == {
        **BY_HAND, "upstream": "http://10.0.0.5", "serves": "docker.io", "url": "http://localhost:5000",
    }  # fmt: skip


def test_caches_are_named_in_the_order_in_which_the_daemon_asks_them() -> None:
    hub = {"env": env(PROXY_REMOTEURL=HUB)}
    two = [{**hub, "ports": published("", port)} for port in ("5002", "5003", "5001")]
    section = adopted(*two, mirrors=("http://127.0.0.1:5001", "http://127.0.0.1:5002"))
    assert section.section
    caches = [(one.get("name"), one["listen"]) for one in section.section["caches"] if isinstance(one, dict)]  # type: ignore[union-attr]
    assert caches == [(None, "0.0.0.0:5001"), ("dockerhub-2", "0.0.0.0:5002"), ("dockerhub-3", "0.0.0.0:5003")]


@pytest.mark.parametrize(
    ("container", "why"),
    [
        ({}, "not a pull-through cache"),
        ({"env": env(PROXY_REMOTEURL=HUB, HTTP_TLS_CERTIFICATE="/c")}, "TLS or a login"),
        ({"env": env(PROXY_REMOTEURL=HUB), "text": EXAMPLE.replace("filesystem:", "s3:")}, "stores its content in s3"),
        ({"env": env(PROXY_REMOTEURL=HUB, STORAGE="gcs", STORAGE_GCS_BUCKET="b")}, "stores its content in gcs"),
        ({"env": env(PROXY_REMOTEURL=HUB, STORAGE_AZURE_CONTAINER="b")}, "stores its content in azure"),
        ({"env": env(PROXY_REMOTEURL="registry-1.docker.io")}, "upstream is not a plain http or https URL"),
        ({"env": env(PROXY_REMOTEURL="https://r.example/?a=b")}, "upstream is not a plain http or https URL"),
        ({"env": env(PROXY_REMOTEURL="http://[::1")}, "upstream is not a plain http or https URL"),
        (
            {"env": env(PROXY_REMOTEURL=HUB), "mounts": [{**SRV, "Source": "/srv/my cache"}]},
            "a Compose file cannot name",
        ),
        ({"env": env(PROXY_REMOTEURL=HUB), "mounts": [{**SRV, "Source": "/"}]}, "a Compose file cannot name"),
        (
            {"env": env(PROXY_REMOTEURL=HUB), "labels": {"com.docker.swarm.service.name": "m"}},
            "belongs to the swarm service m",
        ),
        (
            {"env": env(PROXY_REMOTEURL=HUB), "labels": {"io.kubernetes.pod.name": "p"}},
            "belongs to the Kubernetes pod p",
        ),
        ({"env": env(PROXY_REMOTEURL=HUB), "text": EXAMPLE + "http: {tls: {certificate: /c}}\n"}, "TLS or a login"),
        ({"env": env(PROXY_REMOTEURL=HUB), "text": EXAMPLE + "auth: {htpasswd: {realm: x, path: /y}}\n"}, "a login"),
    ],
)
def test_a_container_that_no_section_describes_is_left_alone(container: dict[str, Any], why: str) -> None:
    section = adopted(container)
    assert section.section is None
    assert why in section.notes[0]
    assert "container reg is left alone" in section.notes[0]


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"PROXY_USERNAME": "me"}, "a user name for its upstream but no password"),
        ({"PROXY_PASSWORD": "canary", "PROXY_USERNAME": " "}, "a password for its upstream but no user name"),
        ({"PROXY_REMOTEURL": "https://me@registry-1.docker.io"}, "a user name for its upstream but no password"),
        ({"PROXY_TTL": "7d"}, "a ttl of 7d, which is not a duration with a unit"),
        ({"PROXY_TTL": "3600"}, "a ttl of 3600, which is not a duration with a unit"),
    ],
)
def test_what_the_inventory_would_refuse_of_a_cache_is_left_out(variables: dict[str, str], why: str) -> None:
    section = adopted({"env": env(**{"PROXY_REMOTEURL": HUB, **variables})})
    assert only(section) == BY_HAND
    assert any(why in note and "it is left out" in note for note in section.notes)
    assert "canary" not in "".join(section.notes)
    entry = make_entry(Vault("h", {}), {}, {ServiceName.REGISTRY: section}, {})
    assert load(Path("i.yml"), {Path("i.yml"): entry.into("").encode()}).hosts


@pytest.mark.parametrize(
    ("host", "networks", "says"),
    [
        ({"Links": ["/redis:/reg/cache", "/redis:/reg/redis", "/db:/reg/db"]}, {"bridge": {}}, "links to redis and db"),
        ({}, {"ci": {"Links": ["redis:cache"]}}, "links to redis"),
        ({"Links": ["/redis:/reg/r"], "UTSMode": "host"}, {"bridge": {}}, "links to redis and uts"),
        ({"Links": None}, {"bridge": {"Links": None}}, ""),
    ],
)
def test_what_neither_a_section_nor_a_template_takes_over_is_said(
    host: dict[str, Any], networks: dict[str, Any], says: str
) -> None:
    section = adopted({"host": host, "networks": networks, "env": env(PROXY_REMOTEURL=HUB)})
    notes = [note for note in section.notes if "which the cache that takes its place does not have" in note]
    assert [note.partition(", which")[0] for note in notes] == ([f"container reg has {says}"] if says else [])


def test_a_port_that_docker_chose_is_not_adopted() -> None:
    section = adopted({"env": env(PROXY_REMOTEURL=HUB), "ports": published("", "0")})
    assert "listen" not in only(section)


def test_what_podman_runs_is_left_alone() -> None:
    podman = state({}, replace(engine(), flavour="podman"))
    section = REGISTRY.adopt(podman, answers({"env": env(PROXY_REMOTEURL=HUB)}))
    assert (section.section, section.notes) == (None, ("container reg is left alone: it belongs to podman",))


V3 = EXAMPLE.replace("  cache:\n    blobdescriptor: inmemory\n", "  tag: {concurrencylimit: 8}\n")


@pytest.mark.parametrize(
    ("container", "section", "added"),
    [
        (
            {"image": "registry:3", "path": "/etc/distribution/config.yml", "text": V3,
             "env": ["OTEL_TRACES_EXPORTER=none", "OTEL_SDK_DISABLED=true"]},
            {"image": "registry:3", "environment": {"OTEL_SDK_DISABLED": "true"}},
            [],
        ),
        ({"path": "/c.yml", "env": ["REGISTRY_CONFIGURATION_PATH=/c.yml"]}, {}, []),
        ({"config": {"Entrypoint": ["/guard"]}}, {}, [("service", {"entrypoint": ["/guard"]})]),
        ({"name": "/own-name", "labels": {"com.docker.compose.project.config_files": "/a/a.yml,/a/b.yml"}}, {}, []),
        (
            {"mounts": [VOLUME, {**VOLUME, "Name": "certs", "Destination": "/certs", "RW": False}]},
            {},
            [("volumes", ["certs:/certs:ro"]), ("further_volumes", {"certs": {"external": True}})],
        ),
        (
            {"ports": {**published("", "5000"), "5001/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5001"}]},
             "env": ["REGISTRY_HTTP_DEBUG_ADDR=:5001"]},
            {"environment": {"REGISTRY_HTTP_DEBUG_ADDR": ":5001"}},
            [("ports", ["127.0.0.1:5001:5001"])],
        ),
        (
            {"ports": {"80/tcp": [{"HostIp": "", "HostPort": "5000"}, {"HostIp": "::1", "HostPort": "8080"}]},
             "env": ["REGISTRY_HTTP_ADDR=:80"]},
            {},
            [("ports", ["[::1]:8080:5000"])],
        ),
    ],
)  # fmt: skip
def test_registries_in_common_layouts_are_adopted(
    container: dict[str, Any], section: Tree, added: list[tuple[str, object]]
) -> None:
    found = adopted({**container, "env": [*container.get("env", []), *env(PROXY_REMOTEURL=HUB)]})
    assert only(found) == {**BY_HAND, **section}
    assert [(more.block, more.value) for more in found.additions] == added


@pytest.mark.parametrize(
    "caches",
    [
        [{}],
        [
            {"listen": "192.0.2.10:5000", "ttl": "168h", "image": "registry:2.8.3"},
            {"upstream": "https://ghcr.io", "listen": "192.0.2.10:5001"},
        ],
        [{"name": "mine", "username": "u", "password": "p", "volume": "/srv/cache", "environment": {"A": "$x"},
          "config": {"log": {"level": "debug"}, "storage": {"delete": {"enabled": False}}}}],
    ],
)  # fmt: skip
def test_a_cache_of_ours_comes_back_as_it_was_asked_for(caches: list[dict[str, Any]]) -> None:
    """Adopted, rendered again, the files are the same."""

    def files(inventory: dict[str, Any]) -> dict[str, str]:
        (host,) = load(Path("i.yml"), {Path("i.yml"): yaml.safe_dump(inventory).encode()}).hosts
        rendered = render_all(host, Resolver({"H_PASSWORD": "p"}, Path("none")))
        return {file.spec.path: (file.content or b"").decode() for file in rendered}

    before = files({"hosts": {"h": {"registry": {"caches": caches}}}})
    compose = yaml.safe_load(before["/opt/registry/docker-compose.yml"])
    running = []
    for name, service in compose["services"].items():
        address, _, port = service["ports"][0].removesuffix(":5000").rpartition(":")
        config, storage = (volume.split(":") for volume in service["volumes"])
        volume = (compose.get("volumes") or {}).get(storage[0], {}).get("name", "")
        running.append(
            {
                "name": f"/runnerops-{name}-1",
                "image": service["image"],
                "labels": {"com.docker.compose.project": "runnerops", "com.docker.compose.service": name},
                "env": [f"{key}={value.replace('$$', '$')}" for key, value in service["environment"].items()],
                "mounts": [
                    {"Type": "bind", "Source": "/x", "Destination": config[1]},
                    {"Type": "volume" if volume else "bind", "Name": volume, "Source": storage[0], "Destination": storage[1]},
                ],
                "ports": {"5000/tcp": [{"HostIp": address, "HostPort": port}]},
                "path": "/etc/runnerops/registry-config.yml",
                "text": before[f"/opt/registry/{config[0].removeprefix('./')}"],
            }
        )  # fmt: skip
    section = adopted(*running)
    assert section.notes == ()
    entry = make_entry(Vault("h", {}), {}, {ServiceName.REGISTRY: section}, {})
    again = load(Path("i.yml"), {Path("i.yml"): entry.into("").encode()}).hosts[0]
    rendered = render_all(again, Resolver(entry.variables, Path("none")))
    assert {file.spec.path: (file.content or b"").decode() for file in rendered} == before
