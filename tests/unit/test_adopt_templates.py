"""Settings of a cache for which no section has a key go into a template of the project, from which they are rendered
again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runnerops.adopt.entry import Entry, make_entry
from runnerops.adopt.finding import find_place
from runnerops.adopt.place import only_adds
from runnerops.adopt.secrets import Vault
from runnerops.adopt.templates import templates_with
from runnerops.inventory import load
from runnerops.model.answers import Answer
from runnerops.model.common import ServiceName, Tree
from runnerops.redact.names import secret_name
from runnerops.render import Renderer
from runnerops.secrets import Resolver
from runnerops.services import REGISTRY
from runnerops.services.base import Addition, Adopted
from runnerops.services.registry.adopt.beyond import of_container
from tests.unit.services.builders import engine, state

NAME = "docker-compose.yml.j2"
COMPOSE = "/opt/registry/docker-compose.yml"
INVENTORY: Tree = {"hosts": {"h": {"registry": {"caches": [{"listen": "192.0.2.10:5000"}]}}}}
HASH = "$$apr1$$5gzJ8Dw1$$" + "canary" * 4
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20) | st.sampled_from(
    ["{{ x }}", "{% x %}", "{# x #}", "«x»", "$$HOME", "no", "1:1", HASH, "glrt-" + "canary" * 4]
)
KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=20).filter(
    lambda name: not secret_name(name)  # a number below such a name comes back as a text
)
VALUES = st.recursive(TEXTS | st.integers() | st.booleans(), lambda inner: st.lists(inner, max_size=3)
                      | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8)  # fmt: skip


def files(inventory: bytes, variables: Mapping[str, str], texts: Mapping[str, str]) -> dict[str, Any]:
    """The Compose file as a tree, and the texts of all files by their paths."""
    (host,) = load(Path("i.yml"), {Path("i.yml"): inventory}).hosts
    rendered = Renderer(Path("none"), Resolver(variables, Path("none")), texts).files(host)
    by_name = {file.spec.path: (file.content or b"").decode() for file in rendered}
    return {"tree": yaml.safe_load(by_name[COMPOSE]), **by_name}


def adopted(had: dict[str, Any]) -> Entry:
    """A host on which our Compose file is this tree, and its cache runs."""
    service = had["tree"]["services"]["dockerhub"]
    told = {
        "name": "/runnerops-dockerhub-1",
        "config": {
            "Image": service["image"],
            "Env": [f"{name}={value}" for name, value in service["environment"].items()],
            "Labels": {"com.docker.compose.project": "runnerops", "com.docker.compose.service": "dockerhub"},
        },
        "host": {"PortBindings": {"5000/tcp": [{"HostIp": "192.0.2.10", "HostPort": "5000"}]}},
        "mounts": [
            {"Type": "bind", "Source": "/x", "Destination": "/etc/runnerops/registry-config.yml"},
            {"Type": "volume", "Name": "runnerops-dockerhub", "Source": "/y", "Destination": "/var/lib/registry"},
        ],
    }
    answers = {
        "registry_found_1": Answer(0, json.dumps(told).encode()),
        "registry_image_1": Answer(0, b"{}"),
        "registry_started_1": Answer(
            0, f"/etc/runnerops/registry-config.yml\n{had['/opt/registry/registry-config.yml']}".encode()
        ),
    }
    observed = state({COMPOSE: json.dumps(had["tree"], ensure_ascii=False).encode()}, engine())
    return make_entry(Vault("h", {}), {}, {ServiceName.REGISTRY: REGISTRY.adopt(observed, answers)}, {})


@given(more=VALUES, key=KEYS)
def test_what_is_adopted_renders_what_was_there(more: object, key: str) -> None:
    had = files(yaml.safe_dump(INVENTORY).encode(), {}, {})
    service = had["tree"]["services"]["dockerhub"]
    service |= {"x-more": more, "mem_limit": "1g", "networks": {"default": {}, "web": {"aliases": ["m"]}}}
    service["labels"]["l"] = str(more)
    service["volumes"].append("/etc/ssl:/etc/ssl:ro")
    service["ports"].append("127.0.0.1:5001:5001")
    service["volumes"].append("certs:/certs:ro")
    had["tree"]["volumes"]["certs"] = {"external": True}
    had["tree"] |= {"networks": {"web": {"external": True}}, "x-top": {key: more}}
    had["tree"]["services"]["ui"] = {"image": "ui:1", "command": [str(more)]}
    entry = adopted(had)
    made = templates_with({}, {"h": entry.additions})
    assert made.by_hand == {}
    text = made.texts[NAME]
    assert not any(secret in text for secret in entry.variables.values() if len(secret) > 9)
    again = files(entry.into("").encode(), entry.variables, made.texts)
    assert again["tree"] == had["tree"]
    assert templates_with(made.texts, {"h": entry.additions}).texts == {}


def test_a_secret_stands_in_a_variable_of_the_host() -> None:
    had = files(yaml.safe_dump(INVENTORY).encode(), {}, {})
    had["tree"]["services"]["dockerhub"]["labels"]["users"] = f"admin:{HASH}"
    entry = adopted(had)
    assert entry.variables == {"H_USERS": f"admin:{HASH}"}
    assert "    vars: {h_users: !env H_USERS}\n" in entry.into("")
    (text,) = templates_with({}, {"h": entry.additions}).texts.values()
    assert (
        text
        == """{# What hosts have and no section of the inventory has a word for, as `runnerops adopt` found it.
   All else is as in the template that comes with runnerops. #}
{% extends "shipped/docker-compose.yml.j2" %}
{% block labels %}
{% if host.name == "h" and cache.name == "dockerhub" %}
{# container runnerops-dockerhub-1 was started like this #}
      users: {{ vars.h_users | to_json }}
{% endif %}
{% endblock %}
"""
    )


def test_a_key_may_be_named_by_a_secret() -> None:
    token = "glrt-" + "canary" * 4
    had = files(yaml.safe_dump(INVENTORY).encode(), {}, {})
    had["tree"]["services"]["dockerhub"]["labels"][token] = "mine"
    had["tree"]["services"]["dockerhub"]["x-more"] = {token: [{token: 1}]}
    entry = adopted(had)
    assert list(entry.variables.values()) == [token]
    made = templates_with({}, {"h": entry.additions})
    assert "canary" not in made.texts[NAME] + entry.into("")
    assert files(entry.into("").encode(), entry.variables, made.texts)["tree"] == had["tree"]


def test_secrets_of_a_template_join_the_vars_that_a_host_has(tmp_path: Path) -> None:
    had = files(yaml.safe_dump(INVENTORY).encode(), {}, {})
    had["tree"]["services"]["dockerhub"]["labels"]["users"] = f"admin:{HASH}"
    entry_before = adopted(had)
    path = tmp_path / "inventory.yml"
    for section, then in (
        ("{team: a}", "\n      team: a\n      h_users: !env H_USERS\n"),
        ("\n      team: a  # ours", "\n      team: a  # ours\n      h_users: !env H_USERS\n"),
    ):
        path.write_text(f"hosts:\n  h:\n    vars: {section}\n".replace(": \n", ":\n"))
        place = find_place(path, "h")
        entry = replace(entry_before, is_in_file=True).beside_vars(place.variables)
        text = entry.into(place.text)
        assert then in text
        assert only_adds([place], text)
        assert not only_adds([place], text.replace("team: a", "team: b"))
        assert load(path, {path: text.encode()}).hosts[0].vars.keys() == {"team", "h_users"}
    assert replace(entry_before, is_in_file=True).beside_vars({"h_users"}).additions == ()


def test_a_template_keeps_the_ends_of_its_lines() -> None:
    more = Addition(NAME, "service", 4, {"mem_limit": "1g"}, 'cache.name == "dockerhub"')
    text = templates_with({}, {"h": [more]}).texts[NAME].replace("\n", "\r\n")
    head = '{% extends "shipped/docker-compose.yml.j2" %}\r\n'
    for template in (text, head, f"{head}\r\n\r\n"):
        made = templates_with({NAME: template}, {"i": [more]}).texts[NAME]
        assert made.replace("\r\n", "").count("\n") == 0
        assert made.startswith(template[: template.find("{% endblock")])
        assert templates_with({NAME: made}, {"i": [more]}).texts == {}


def test_a_number_may_be_a_secret() -> None:
    value: Tree = {"ui": {"environment": {"DB_PASSWORD": 20261129, "P_PASSWORD": 1.25, "PORT": 5000, "NO_TOKEN": True}}}
    section = Adopted({"caches": []}, additions=(Addition(NAME, "services", 2, value),))
    entry = make_entry(Vault("h", {}), {}, {ServiceName.REGISTRY: section}, {})
    assert entry.variables == {"H_UI_DB_PASSWORD": "20261129", "H_UI_P_PASSWORD": "1.25"}
    text = templates_with({}, {"h": entry.additions}).texts[NAME]
    assert "      DB_PASSWORD: {{ vars.h_ui_db_password | to_json }}\n" in text
    assert "PORT: 5000\n      NO_TOKEN: true\n" in text


def limit(value: str) -> tuple[Addition, ...]:
    return (Addition(NAME, "service", 4, {"mem_limit": value}, 'cache.name == "c"'),)


def test_an_existing_template_is_extended_or_left() -> None:
    first_texts = templates_with({}, {"a": limit("1g")}).texts
    two = templates_with(first_texts, {"b": limit("2g")})
    assert two.texts[NAME].count("{% block service %}") == 1
    assert two.texts[NAME].index("1g") < two.texts[NAME].index("2g")
    assert templates_with(two.texts, {"a": limit("1g")}).texts == {}
    changed = templates_with(two.texts, {"a": limit("3g")})  # two conditions alike would say it twice
    assert changed.texts == {}
    assert "3g" in changed.by_hand[NAME]
    whole = templates_with({NAME: "services: {}\n"}, {"a": limit("1g")})
    assert whole.texts == {}
    assert '{% if host.name == "a" and cache.name == "c" %}\n    mem_limit: 1g\n' in whole.by_hand[NAME]


@pytest.mark.parametrize(
    "block",
    [
        "{% block service scoped %}\n    user: me\n{% endblock %}\n",
        "{%- block service -%}\n    user: me\n{% endblock service %}\n",
        "{% block service %}    user: me{% endblock %}\n",
        "{% block service %}\n    user: me{% endblock %}\n",
    ],
)
def test_an_existing_block_in_another_form_is_left(block: str) -> None:
    """Jinja takes no second block of a name."""
    own = f'{{% extends "shipped/{NAME}" %}}\n{block}'
    made = templates_with({NAME: own}, {"a": limit("1g")})
    assert made.texts == {}
    assert "mem_limit: 1g" in made.by_hand[NAME]
    assert templates_with({NAME: own.replace("service", "below")}, {"a": limit("1g")}).by_hand == {}


def test_nothing_escapes_from_the_comment_that_gives_the_reason() -> None:
    addition = Addition(NAME, "service", 4, {"mem_limit": "1g"}, "", "of /a\x1b[31m #} {{ x }}\nb")
    assert "{# of /a[31m # } {{ x }}b #}\n" in templates_with({}, {"a": (addition,)}).texts[NAME]


@pytest.mark.parametrize(
    ("config", "host", "said"),
    [
        ({}, {"Memory": 0, "NanoCpus": 0, "ExtraHosts": None, "Dns": [], "ReadonlyRootfs": False, "PidsLimit": None}, {}),
        ({}, {"Memory": 2**30, "MemorySwap": 2**31, "NanoCpus": 1500000000}, {"mem_limit": "1g", "cpus": 1.5}),
        ({}, {"Memory": 1000, "MemorySwap": -1}, {"mem_limit": 1000, "memswap_limit": -1}),
        ({"User": "1000:1000"}, {}, {"user": "1000:1000"}),
        ({"User": "registry"}, {}, {}),  # its image's own
        ({"Labels": {"a": "$x", "image": "y", "com.docker.compose.project": "p"}}, {}, {"labels": {"a": "$$x"}}),
        (
            {"Healthcheck": {"Test": ["CMD", "true"], "Interval": 30 * 10**9, "Retries": 3}, "StopTimeout": 20},
            {},
            {"healthcheck": {"test": ["CMD", "true"], "interval": "30s", "retries": 3}, "stop_grace_period": "20s"},
        ),
        ({}, {"Tmpfs": {"/tmp": "size=1m"}, "CapDrop": ["ALL"]}, {"tmpfs": ["/tmp:size=1m"], "cap_drop": ["ALL"]}),
        (
            {},
            {"Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}], "Sysctls": {"net.core.somaxconn": "1"}},
            {"ulimits": {"nofile": {"soft": 1, "hard": 2}}, "sysctls": {"net.core.somaxconn": "1"}},
        ),
    ],
)  # fmt: skip
def test_how_a_container_was_started_as_a_service_of_compose(config: Tree, host: Tree, said: Tree) -> None:
    assert of_container(config, host, {"User": "registry", "Labels": {"image": "y"}}) == said
