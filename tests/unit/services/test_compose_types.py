"""Values of a Compose file as Compose's own types read them, which its schema says nothing of; compose-go 2.14 and 2.16."""

from __future__ import annotations

import pytest

from runnerops.model.common import Tree, key_text
from runnerops.services.registry.rules.compose import compose_rules


def found(service: Tree) -> list[str]:
    tops: Tree = {"volumes": {"data": None}, "secrets": {"s": {"file": "s"}}, "configs": {"c": {"file": "c"}}}
    rules = compose_rules({"services": {"a": {"image": "a", **service}}, **tops})
    return [f"{severity} {key_text(key[2:])}: {message}" for _, severity, key, message, _ in rules]


MODE = "must be a mode of octal digits, such as 0440"


@pytest.mark.parametrize(
    ("service", "finding"),
    [
        ({"secrets": [{"source": "s", "mode": "abc"}]}, f"error secrets[0].mode: {MODE}"),
        ({"secrets": [{"source": "s", "mode": 1.5}]}, f"error secrets[0].mode: {MODE}"),
        ({"configs": [{"source": "c", "mode": "0490"}]}, f"error configs[0].mode: {MODE}"),
        (
            {"build": {"context": ".", "secrets": [{"source": "s", "mode": "9"}]}},
            f"error build.secrets[0].mode: {MODE}",
        ),
        ({"storage_opt": {"size": True}}, "error storage_opt.size: must be a text"),
        ({"storage_opt": {"size": ["1G"]}}, "error storage_opt.size: must be a text"),
        (
            {"build": {"context": ".", "additional_contexts": {"a": None}}},
            "error build.additional_contexts.a: must be a text",
        ),
        (
            {"build": {"context": ".", "ulimits": {"nofile": {"soft": "1", "hard": 2}}}},
            "error build.ulimits.nofile.soft: must be a whole number, without quotes",
        ),
        (
            {"volumes": [{"type": "tmpfs", "target": "/a", "tmpfs": {"mode": "1777"}}]},
            "error volumes[0].tmpfs.mode: must be a whole number, without quotes",
        ),
        (
            {"volumes": [{"type": "bind", "source": "/a", "target": "/a", "bind": {"create_host_path": "1"}}]},
            "error volumes[0].bind.create_host_path: must be true or false",
        ),
        ({"expose": [80, 1.5]}, "error expose[1]: must be a port, or a range of them"),
        (
            {"secrets": [{"source": "${SECRET:-other}"}]},
            "warning secrets[0].source: 'other' is not defined under `secrets` while SECRET is not set",
        ),
        ({"init": "${INIT:-1}"}, "warning init: must be true or false while INIT is not set"),
        ({"mem_limit": "${LIMIT:+x}"}, "warning mem_limit: must be a size, such as 512m while LIMIT is not set"),
        (
            {"networks": ["${NETWORK:-other}"]},
            "warning networks[0]: 'other' is not defined under `networks` while NETWORK is not set",
        ),
    ],
)
def test_what_compose_refuses(service: Tree, finding: str) -> None:
    assert found(service) == [finding]


@pytest.mark.parametrize(
    "service",
    [
        {"secrets": [{"source": "s", "mode": "0440"}, {"source": "s", "target": "t", "mode": 288}]},
        {"storage_opt": {"size": "1G", "other": 1, "third": None}},
        {"build": {"context": ".", "additional_contexts": ["a=b"], "ulimits": {"nofile": {"soft": 1, "hard": 2}}}},
        {"ulimits": {"nofile": {"soft": "1", "hard": "2"}}},
        {"volumes": [{"type": "tmpfs", "target": "/a", "tmpfs": {"mode": 1777}}]},
        {"volumes": [{"type": "bind", "source": "/a", "target": "/a", "bind": {"create_host_path": "yes"}}]},
        {"init": "${INIT:-true}", "mem_limit": "${LIMIT:-1g}", "restart": "${RESTART:-always}"},
    ],
    ids=str,
)
def test_what_compose_takes(service: Tree) -> None:
    assert found(service) == []


def test_a_watch_command_with_an_open_quote() -> None:
    watch: Tree = {"path": ".", "action": "sync+exec", "target": "/a", "exec": {"command": 'echo "a'}}
    (finding,) = found({"develop": {"watch": [watch]}})
    assert finding.startswith("error develop.watch[0].exec.command: has a quote or a bracket that is not closed")
