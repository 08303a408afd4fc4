"""Values that Compose's own types refuse and its JSON schema does not mention; from compose-go 2.14 and 2.16."""

from __future__ import annotations

import pytest

from runnerops.model.common import Tree, key_text
from runnerops.services.registry.rules.compose import compose_rules


def findings_of(service: Tree) -> list[str]:
    tops: Tree = {"volumes": {"data": None}, "secrets": {"s": {"file": "s"}}, "configs": {"c": {"file": "c"}}}
    rules = compose_rules({"services": {"a": {"image": "a", **service}}, **tops})
    return [f"{severity} {key_text(key[2:])}: {message}" for _, severity, key, message, _ in rules]


LIMIT = "must be a whole number of at most 64 bits, in digits: Compose refuses the whole file"
MODE = "must be a mode of octal digits, such as 0440: Compose refuses the whole file"


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
        ({"storage_opt": {"size": True}}, "error storage_opt.size: must be a string: Compose refuses the whole file"),
        ({"storage_opt": {"size": ["1G"]}}, "error storage_opt.size: must be a string: Compose refuses the whole file"),
        (
            {"build": {"context": ".", "additional_contexts": {"a": None}}},
            "error build.additional_contexts.a: must be a string: Compose refuses the whole file",
        ),
        (
            {"build": {"context": ".", "ulimits": {"nofile": {"soft": "1", "hard": 2}}}},
            "error build.ulimits.nofile.soft: must be a whole number, without quotes: Compose refuses the whole file",
        ),
        (
            {"volumes": [{"type": "tmpfs", "target": "/a", "tmpfs": {"mode": "1777"}}]},
            "error volumes[0].tmpfs.mode: must be a whole number that is not negative, without quotes: Compose refuses the"
            " whole file",
        ),
        (
            {"volumes": [{"type": "bind", "source": "/a", "target": "/a", "bind": {"create_host_path": "1"}}]},
            "error volumes[0].bind.create_host_path: must be true or false: Compose refuses the whole file",
        ),
        ({"expose": [80, 1.5]}, "error expose[1]: must be a port, or a range of them: Compose refuses the whole file"),
        (
            {"secrets": [{"source": "${SECRET:-other}"}]},
            "warning secrets[0].source: 'other' is not defined under `secrets`: Compose refuses the whole file while SECRET is"
            " not set",
        ),
        (
            {"stop_grace_period": "2562048h"},
            "error stop_grace_period: must be a duration, such as 30s: Compose refuses the whole file",
        ),
        (
            {"stop_grace_period": "15251w"},
            "error stop_grace_period: must be a duration, such as 30s: Compose refuses the whole file",
        ),
        ({"mem_limit": "9" * 400}, "error mem_limit: must be a size, such as 512m: Compose refuses the whole file"),
        ({"cpus": "1e400"}, "error cpus: must be a number: Compose refuses the whole file"),
        (
            {"pids_limit": "9223372036854775808"},
            "error pids_limit: must be a whole number: Compose refuses the whole file",
        ),
        ({"cpu_quota": "9" * 5000}, "error cpu_quota: must be a whole number: Compose refuses the whole file"),
        (
            {"healthcheck": {"test": "a", "retries": "9223372036854775808"}},
            "error healthcheck.retries: must be a whole number that is not negative: Compose refuses the whole file",
        ),
        (
            {"volumes": [{"type": "tmpfs", "target": "/a", "tmpfs": {"mode": -1}}]},
            "error volumes[0].tmpfs.mode: must be a whole number that is not negative, without quotes: Compose refuses the"
            " whole file",
        ),
        (
            {"deploy": {"resources": {"limits": {"cpus": 2**63}}}},
            "error deploy.resources.limits.cpus: must be a number below 2^63: Compose refuses the whole file",
        ),
        ({"ulimits": {"nofile": 2**63}}, f"error ulimits.nofile: {LIMIT}"),
        ({"ulimits": {"nofile": 9e9}}, f"error ulimits.nofile: {LIMIT}"),
        (
            {"build": {"context": ".", "ulimits": {"nproc": {"soft": 2**63, "hard": 2}}}},
            f"error build.ulimits.nproc.soft: {LIMIT}",
        ),
        ({"scale": "-1"}, "error scale: must not be negative: Compose refuses the whole file"),
        ({"deploy": {"replicas": "-1"}}, "error deploy.replicas: must not be negative"),
        (
            {"build": {"context": ".", "extra_hosts": [":1.2.3.4"]}},
            "error build.extra_hosts[0]: has no name of a host: Compose refuses the whole file",
        ),
        ({"extra_hosts": ["=1.2.3.4"]}, "error extra_hosts[0]: has no name of a host: Compose refuses the whole file"),
        ({"extra_hosts": ["a:b"]}, "error extra_hosts[0]: has an invalid address: Docker refuses the container"),
        (
            {"ports": [{"target": 65536}]},
            "error ports[0].target: must be a port from 1 to 65535: Docker refuses the container",
        ),
        (
            {"ports": [{"target": 80, "published": "web"}]},
            "error ports[0].published: must be a port, or a range of them: Docker refuses the container",
        ),
        (
            {"ports": [{"target": 80, "published": 65536}]},
            "error ports[0].published: must be a port, or a range of them: Docker refuses the container",
        ),
        (
            {"ports": [{"target": 80, "protocol": "http"}]},
            "error ports[0].protocol: must be tcp, udp or sctp: Docker refuses the container",
        ),
        (
            {"init": "${INIT:-1}"},
            "warning init: must be true or false: Compose refuses the whole file while INIT is not set",
        ),
        (
            {"mem_limit": "${LIMIT:+x}"},
            "warning mem_limit: must be a size, such as 512m: Compose refuses the whole file while LIMIT is not set",
        ),
        (
            {"networks": ["${NETWORK:-other}"]},
            "warning networks[0]: 'other' is not defined under `networks`: Compose refuses the whole file while NETWORK is not"
            " set",
        ),
    ],
)
def test_a_value_that_compose_refuses_is_an_error(service: Tree, finding: str) -> None:
    assert findings_of(service) == [finding]


@pytest.mark.parametrize(
    "service",
    [
        {"secrets": [{"source": "s", "mode": "0440"}, {"source": "s", "target": "t", "mode": 288}]},
        {"storage_opt": {"size": "1G", "other": 1, "third": None}},
        {"build": {"context": ".", "additional_contexts": ["a=b"], "ulimits": {"nofile": {"soft": 1, "hard": 2}}}},
        {"ulimits": {"nofile": {"soft": "1", "hard": "2"}}},
        {"volumes": [{"type": "tmpfs", "target": "/a", "tmpfs": {"mode": 1777}}]},
        {"volumes": [{"type": "bind", "source": "/a", "target": "/a", "bind": {"create_host_path": "yes"}}]},
        {"stop_grace_period": "2562047h", "mem_limit": "9" * 300, "cpus": "1e300"},
        {"stop_grace_period": "15250w", "pids_limit": "9223372036854775807", "ulimits": {"nofile": 2**63 - 1}},
        {"scale": "0", "deploy": {"replicas": "0"}},
        {"extra_hosts": ["a:1.2.3.4", "b=::1", "c:[::1]", "d:host-gateway", "e:${E:-::1}", "f=${F:-1.2.3.4}"]},
        {"ports": [{"target": 65535, "published": "8000-8010", "protocol": "UDP"}, {"target": 80, "published": ""}]},
        {"ports": [{"target": 80, "published": "${PORT}", "protocol": "${PROTOCOL:-tcp}"}, {"target": 80}]},
        {"init": "${INIT:-true}", "mem_limit": "${LIMIT:-1g}", "restart": "${RESTART:-always}"},
    ],
    ids=str,
)
def test_a_value_that_compose_accepts_gives_no_finding(service: Tree) -> None:
    assert findings_of(service) == []


def test_a_watch_command_with_an_open_quote() -> None:
    watch: Tree = {"path": ".", "action": "sync+exec", "target": "/a", "exec": {"command": 'echo "a'}}
    (finding,) = (text for text in findings_of({"develop": {"watch": [watch]}}) if text.startswith("error"))
    assert finding.startswith("error develop.watch[0].exec.command: has a quote or a bracket that is not closed")


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (
            {"services": {"a": {"image": "a"}, "volumes": {}}},
            "is read as a service, because it is indented below `services`: Compose refuses the whole file; move it to the"
            " beginning of the line",
        ),
        ({"services": {"volumes": {"image": "a"}}}, ""),
        (
            {"services": {"a": {"image": "a", "healthcheck": {"test": "b", "interval": 30}}}},
            "must be text: Compose refuses the whole file; write it with its unit: 30s",
        ),
        (
            {"version": 3.8, "services": {"a": {"image": "a"}}},
            "must be text: Compose refuses the whole file; put it in quotes",
        ),
        (
            {"version": ["3"], "services": {"a": {"image": "a"}}},
            "must be text: Compose refuses the whole file; ",
        ),
        (
            {"services": {"a": {"image": "a", "ports": None}}},
            "must be a list: Compose refuses the whole file; it is empty: write a value, or take the key out",
        ),
        (
            {"services": {"a": {"image": "a", "ports": "80:80"}}},
            "must be a list: Compose refuses the whole file; write it in brackets, as the only item of a list",
        ),
        (
            {"services": {"a": {"image": "a", "gpus": [{"capabilities": ["gpu"], "count": 1e3}]}}},
            "must be a number, or `all`: Compose refuses the whole file; ",
        ),
        (
            {"services": {"a": {"image": "a"}}, "volumes": {"data": "external:true"}},
            "must be a mapping or nothing: Compose refuses the whole file; write a space after the colon: external: true",
        ),
        (
            {"services": {"a": {"image": "a", "environment": {"A": ["b"]}}}},
            "must be text or a number or true or false or nothing: Compose refuses the whole file; write one text, in quotes",
        ),
        (
            {"services": {"a": {"image": "a", "volumes": ["./data:cloud:data"]}}},
            "the path in the container must be absolute; write ./data:/PATH",
        ),
        (
            {"services": {"a": {"image": "a", "volumes": ["./data/b"]}}},
            "the path in the container must be absolute; write SOURCE:/PATH",
        ),
        (
            {"services": {"a": {"image": "a", "scale": 2**63}}},
            "has more than 64 bits, and newer releases of Compose refuse the file; write the number of containers",
        ),
        ({"services": {"a": {"image": "a", "scale": 2**63 - 1}}}, ""),
        ({"services": {"a": {"image": "a", "mem_limit": "1e9"}}}, ""),
    ],
)
def test_a_finding_says_what_to_write_instead(tree: Tree, expected: str) -> None:
    assert [f"{message}; {fix}" for *_, message, fix in compose_rules(tree)][:1] == ([expected] if expected else [])
