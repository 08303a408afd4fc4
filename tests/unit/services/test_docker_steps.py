"""All steps of some plans for docker, forward and back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from runnerops.model.common import ABSENT, Tree, Verb
from runnerops.model.facts import DockerStore
from runnerops.model.host_state import HostState, Intent, sha256
from runnerops.model.inventory import Cache, Host, Policy
from runnerops.model.steps import ActionSteps, Step
from runnerops.services import DOCKER
from runnerops.services.base import ActionRequest
from runnerops.services.docker.action.effects import GATEWAY, SHOWN, SUBNET, UNSEEN, VERIFIED_ELSEWHERE, unseen
from runnerops.services.docker.action.lists import LISTED
from runnerops.services.docker.schema import KEYS
from runnerops.services.docker.steps import RESET
from tests.unit.services.builders import ARGV, DAEMON, MIRROR, POLICY, change_daemon, engine, host, json_bytes, state

LOADED = "{{range .RegistryConfig.Mirrors}}{{.}} {{end}}{{.LiveRestoreEnabled}}"
SHORT = {
    GATEWAY: "GATEWAY",
    SUBNET: "SUBNET",
    RESET: "RESET",
    LOADED: "LOADED",
    DAEMON: "FILE",
}
MIRRORS: Tree = {"registry-mirrors": [MIRROR]}


def action_steps(
    observed: HostState, rendered: Tree, this_host: Host | None = None, policy: Policy = POLICY
) -> tuple[ActionSteps, dict[str, str]]:
    """The moves, and a name for each sha in them."""
    this_host = this_host or host(rendered)
    changes = change_daemon(observed, rendered, this_host)
    action = DOCKER.minimal_action(this_host, changes, observed, policy, ())
    assert action
    steps = DOCKER.action_steps(ActionRequest(this_host, action, changes, observed, policy, 42, False))
    names = {sha256(content): name for name, content in steps.files.items()}
    for change in changes:
        names |= {sha256(change.old.content): "OLD", sha256(change.new.content): "NEW"}
    return steps, names


def digest(text: str) -> str:
    return sha256(text.encode())


def lines(steps: Sequence[Step], names: dict[str, str]) -> list[str]:
    return [" ".join((step.verb, *(SHORT.get(arg, names.get(arg, arg)) for arg in step.args))) for step in steps]


def there_and_back(observed: HostState, rendered: Tree) -> tuple[list[str], list[str]]:
    steps, names = action_steps(observed, rendered)
    return lines(steps.forward, names), lines(steps.rollback, names)


def test_the_first_mirror_is_loaded_by_a_reload() -> None:
    steps, names = action_steps(state({}, engine()), MIRRORS)
    staged = f"/etc/docker/.daemon.json.runnerops.{sha256(json_bytes(MIRRORS))[:12]}"
    assert lines(steps.guard, names) == [
        "guard active systemctl is-active docker",
        "guard inv-1 systemctl show -p InvocationID --value docker",
        "guard false docker info --format LOADED",
    ]
    assert lines(steps.validate, names) == [
        "stage docker.1 FILE 0644 root:root docker.1",
        f"run 30 {' '.join(ARGV)} --validate --config-file {staged}",
        "await 10 ok curl -fsS --noproxy * -m 5 -o /dev/null http://192.0.2.10:5000/v2/",
    ]
    assert lines(steps.forward, names) == [
        "intend docker reload 42 inv-1",
        "swap FILE OLD NEW",
        "run 60 sh docker-reload.sh docker",
        "await 60 =http://192.0.2.10:5000/ false docker info --format LOADED",
        "complete docker",
    ]
    assert names[ABSENT] == "OLD"
    assert steps.files == {"docker.1": json_bytes({"registry-mirrors": []})}
    assert lines(steps.rollback, names) == [
        "swap FILE NEW docker.1",
        "run 60 sh docker-reload.sh docker",
        "swap FILE docker.1 OLD",
        "run 60 sh docker-reload.sh docker",
        "await 60 =false docker info --format LOADED",
        "complete docker",
    ]


def test_a_key_that_is_read_at_start_takes_a_restart() -> None:
    forward, rollback = there_and_back(state({DAEMON: b"{}"}, engine()), {"mtu": 1400})
    assert forward == [
        "intend docker restart 42 inv-1",
        "swap FILE OLD NEW",
        "run 10 sh -c RESET sh docker",
        "run 120 systemctl restart docker",
        "await 60 =false docker info --format LOADED",
        'await 30 =1400 docker network inspect bridge --format {{index .Options "com.docker.network.driver.mtu"}}',
        "complete docker",
    ]
    assert rollback == [
        "swap FILE NEW OLD",
        "run 150 sh docker-return.sh docker inv-1",
        "await 60 =false docker info --format LOADED",
        "complete docker",
    ]


def test_live_restore_is_loaded_before_the_restart_and_held_through_the_rollback() -> None:
    steps, names = action_steps(state({DAEMON: b"{}"}, engine()), {"init": True, "live-restore": True, **MIRRORS})
    assert lines(steps.forward, names) == [
        "intend docker restart 42 inv-1",
        "swap FILE OLD NEW",
        "run 60 sh docker-reload.sh docker",
        "await 30 =true docker info --format {{.LiveRestoreEnabled}}",
        "run 10 sh -c RESET sh docker",
        "run 120 systemctl restart docker",
        "await 60 =http://192.0.2.10:5000/ true docker info --format LOADED",
        "complete docker",
    ]
    assert steps.files == {
        "docker.1": json_bytes({"live-restore": True}),
        "docker.2": json_bytes({"live-restore": False, "registry-mirrors": []}),
    }
    assert lines(steps.rollback, names) == [
        "swap FILE NEW docker.1",
        "run 150 sh docker-return.sh docker inv-1",
        "swap FILE docker.1 docker.2",
        "run 60 sh docker-reload.sh docker",
        "swap FILE docker.2 OLD",
        "run 60 sh docker-reload.sh docker",
        "await 60 =false docker info --format LOADED",
        "complete docker",
    ]


def test_the_bridge_moves_only_while_no_container_runs() -> None:
    old: Tree = {"live-restore": True}
    observed = state({DAEMON: json_bytes(old)}, engine(live=True))
    forward, rollback = there_and_back(observed, {**old, "bip": "172.18.0.1/16"})
    assert forward[1:] == [
        "swap FILE OLD docker.1",
        "run 60 sh docker-reload.sh docker",
        "await 30 =false docker info --format {{.LiveRestoreEnabled}}",
        "swap FILE docker.1 NEW",
        "run 10 sh -c RESET sh docker",
        "run 120 systemctl restart docker",
        "await 60 =true docker info --format LOADED",
        "await 30 =172.18.0.1 docker network inspect bridge --format GATEWAY",
        "complete docker",
    ]
    assert rollback == [
        "swap FILE docker.1 NEW",
        "swap FILE NEW docker.2",
        "run 60 sh docker-reload.sh --if-active docker",
        "swap FILE docker.2 docker.3",
        "run 150 sh docker-return.sh docker inv-1",
        "swap FILE docker.3 OLD",
        "run 60 sh docker-reload.sh docker",
        "await 60 =true docker info --format LOADED",
        "await 30 =172.17.0.1 docker network inspect bridge --format GATEWAY",
        "complete docker",
    ]


def test_a_removed_bip_recreates_the_bridge() -> None:
    """dockerd keeps the address that it finds on docker0, also over a restart without any container."""
    old: Tree = {"live-restore": True}
    observed = state({DAEMON: json_bytes({**old, "bip": "172.18.0.1/16"})}, engine(live=True, bridge="172.18.0.1"))
    forward, rollback = there_and_back(observed, old)
    assert forward[1:] == [
        "swap FILE OLD docker.1",
        "run 60 sh docker-reload.sh docker",
        "await 30 =false docker info --format {{.LiveRestoreEnabled}}",
        "run 10 sh -c RESET sh docker",
        "run 120 systemctl restart docker",
        "swap FILE docker.1 NEW",
        "run 10 sh -c RESET sh docker",
        "run 120 systemctl restart docker",
        "await 60 =true docker info --format LOADED",
        "await 30 ~. docker network inspect bridge --format SUBNET",
        "complete docker",
    ]
    assert rollback[1:] == [
        "swap FILE NEW docker.2",
        "run 60 sh docker-reload.sh --if-active docker",
        "swap FILE docker.2 OLD",
        "run 150 sh docker-return.sh docker inv-1",
        "await 60 =true docker info --format LOADED",
        "await 30 =172.18.0.1 docker network inspect bridge --format GATEWAY",
        "complete docker",
    ]


@pytest.mark.parametrize("flag", ["--live-restore", "--live-restore=false"])
@pytest.mark.parametrize(
    ("old", "new", "restarts"),
    [
        pytest.param({}, {"mtu": 1400}, 1, id="remade"),
        pytest.param({}, {"bip": "172.18.0.1/16"}, 1, id="moved"),
        pytest.param({"bip": "172.18.0.1/16"}, {}, 2, id="bip out"),
        pytest.param({}, {"data-root": "/srv/docker"}, 1, id="another store"),
    ],
)
def test_live_restore_that_the_unit_gives_is_never_written_into_the_file(
    flag: str, old: Tree, new: Tree, restarts: int
) -> None:
    """dockerd refuses a file that has what its command line has too."""
    bridge = "172.18.0.1" if old else "172.17.0.1"
    live = flag == "--live-restore"
    observed = state({DAEMON: json_bytes(old)}, engine(live=live, argv=(*ARGV, flag), bridge=bridge))
    steps, names = action_steps(observed, new)
    assert not any(b"live-restore" in content for content in steps.files.values())
    forward, rollback = lines(steps.forward, names), lines(steps.rollback, names)
    assert forward.count("run 120 systemctl restart docker") == restarts
    assert not any("RELOAD-IF-UP" in line for line in rollback)
    assert f"await 60 ={str(live).lower()} docker info --format LOADED" in forward


POOL: Tree = {"default-address-pools": [{"base": "10.231.0.0/16", "size": 24}]}


@pytest.mark.parametrize(
    ("old", "new", "bridge", "how"),
    [
        pytest.param({"bip": "172.17.0.1/16"}, {}, "172.17.0.1", "restart", id="what it was without the key"),
        pytest.param({"bip": "172.18.0.1/16"}, {}, "172.18.0.1", "remake", id="bip out"),
        pytest.param({}, POOL, "172.17.0.1", "remake", id="pools in"),
        pytest.param(POOL, {}, "10.231.0.1", "remake", id="pools out"),
        pytest.param(POOL, {**POOL, "bip": "172.18.0.1/16"}, "10.231.0.1", "restart", id="bip in"),
        pytest.param(
            {"bip": "172.18.0.1/16"}, {"bip": "172.18.0.1/16", **POOL}, "172.18.0.1", "restart", id="pools, bip"
        ),
        pytest.param({}, {"bridge": "br0", **POOL}, "172.17.0.1", "restart", id="a bridge of its admin's"),
    ],
)
def test_changes_for_which_docker0_has_to_be_removed(old: Tree, new: Tree, bridge: str, how: str) -> None:
    forward, _ = there_and_back(state({DAEMON: json_bytes(old)}, engine(bridge=bridge)), new)
    assert forward.count("run 120 systemctl restart docker") == (2 if how == "remake" else 1)


@pytest.mark.parametrize(
    ("old", "new", "proofs"),
    [
        ({"mtu": 1400}, {}, ["=1500"]),
        ({"icc": False, "ipv6": True}, {"ipv6": False}, ["=true", "=false"]),
        ({"log-driver": "local"}, {}, ["=json-file"]),
        ({}, POOL, ["=10.231.0.0/16/24 "]),
        ({}, {"fixed-cidr": "172.17.1.0/24"}, ['="172.17.1.0/24"']),
        ({}, {"bridge": "none", "mtu": 1400}, []),
    ],
)
def test_a_visible_value_is_verified_whether_it_is_added_or_removed(old: Tree, new: Tree, proofs: list[str]) -> None:
    steps, _ = action_steps(state({DAEMON: json_bytes(old)}, engine()), new)
    asked = {(*key.ask, key.form) for key in SHOWN.values()}
    assert [step.args[1] for step in steps.forward if step.verb == "await" and step.args[2:] in asked] == proofs


LISTS = [
    ({}, {"labels": ["b=2", "a=1"]}, "info digests", [digest("b=2"), digest("a=1"), "--"]),
    ({"labels": ["a=1", "b=2"]}, {"labels": ["a=1"]}, "info digests", [digest("a=1"), "--", digest("b=2")]),
    ({}, {"log-opts": {"max-size": "5m"}}, "container digests", [digest("max-size 5m"), "--"]),
    ({"log-opts": {"max-size": "5m"}}, {}, "container digests", ["--", digest("max-size 5m")]),
    ({"insecure-registries": ["a:1", "10.9.8.7/16", "127.0.0.0/8", "::1/128", "docker.io"]}, {}, "info plain",
     ["--", "a:1 false", "10.9.0.0/16"]),
    ({}, {"insecure-registries": ["HTTP://A:1", "fe80::/10"]}, "info plain", ["A:1 false", "fe80::/10", "--"]),
    ({"runtimes": {"x": {"path": "/a"}}}, {"runtimes": {"x": {"path": "/b"}, "y": {"runtimeType": "t"}}}, "info plain",
     ["x /b", "--", "x /a"]),
    ({}, {"exec-opts": ["native.cgroupdriver=systemd"]}, "info plain", ["systemd", "--"]),
    ({}, {"seccomp-profile": "/etc/p.json"}, "info plain", ["name=seccomp,profile=/etc/p.json", "--"]),
    ({"no-new-privileges": True}, {}, "info plain", ["--", "name=no-new-privileges"]),
    ({}, {"selinux-enabled": True}, "info plain", ["name=selinux", "--"]),
    ({}, {"authorization-plugins": ["p"]}, "info plain", ["p", "--"]),
    ({}, {"init-path": "/sbin/tini"}, "info plain", ["/sbin/tini", "--"]),
    ({}, {"default-shm-size": "96M"}, "container plain", ["100663296", "--"]),
    ({}, {"default-ipc-mode": "shareable"}, "container plain", ["shareable", "--"]),
    ({}, {"default-cgroupns-mode": "host"}, "container plain", ["host", "--"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "of", "words"), LISTS)
def test_a_value_among_others_is_looked_for_and_the_one_before_is_gone(
    old: Tree, new: Tree, of: str, words: list[str]
) -> None:
    steps, _ = action_steps(state({DAEMON: json_bytes(old)}, engine()), new)
    (step,) = [step for step in steps.forward if "docker-lists.sh" in step.args]
    assert step.args[:2] == ("30", "=as configured")
    assert " ".join(step.args[4:6]) == of
    assert list(step.args[7:]) == words


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"seccomp-profile": "builtin"}, {}),  # the default may be the same
        ({"exec-opts": ["native.cgroupdriver=systemd"]}, {}),
        ({"default-cgroupns-mode": "host"}, {}),
        ({"init-path": "docker-init"}, {}),
        ({}, {"exec-opts": ["other=1"]}),
        ({}, {"insecure-registries": ["127.0.0.0/8"]}),
        ({}, {"insecure-registries": ["10.0.0.0/8x"]}),
    ],
)
def test_a_change_that_does_not_show_is_not_verified_by_docker_info(old: Tree, new: Tree) -> None:
    steps, _ = action_steps(state({DAEMON: json_bytes(old)}, engine()), new)
    assert not [step for step in steps.forward if "docker-lists.sh" in step.args]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({}, {"userland-proxy": False}, ["--", "EnableUserlandProxy true"]),
        ({"userland-proxy": False}, {}, ["EnableUserlandProxy true", "--"]),
        ({}, {"userland-proxy-path": "/opt/proxy"}, ["UserlandProxyPath /opt/proxy", "--"]),
    ],
)
def test_the_userland_proxy_is_reported_by_newer_daemons(old: Tree, new: Tree, words: list[str]) -> None:
    steps, _ = action_steps(state({DAEMON: json_bytes(old)}, engine("29.5.0")), new)
    (step,) = [step for step in steps.forward if "docker-lists.sh" in step.args]
    assert list(step.args[7:]) == words
    steps, _ = action_steps(state({DAEMON: json_bytes(old)}, engine("29.4.0")), new)
    assert not [step for step in steps.forward if "docker-lists.sh" in step.args]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"userland-proxy-path": "/usr/bin/docker-proxy"}, {}),  # where dockerd finds it by itself
        ({"userland-proxy": False}, {"userland-proxy": False, "userland-proxy-path": "/opt/proxy"}),
    ],
)
def test_the_path_of_a_proxy_that_newer_daemons_do_not_tell_is_not_asked(old: Tree, new: Tree) -> None:
    steps, _ = action_steps(state({DAEMON: json_bytes(old)}, engine("29.5.0")), new)
    assert not [step for step in steps.forward if "docker-lists.sh" in step.args]


@pytest.mark.parametrize(("user", "proofs"), [("default", ["~name=userns"]), (None, [])])
def test_a_user_namespace_is_verified(user: str | None, proofs: list[str]) -> None:
    store = DockerStore("/var/lib/docker", "overlay2", remapped=user is None)
    old: Tree = {} if user else {"userns-remap": "default"}
    new: Tree = {"userns-remap": user} if user else {}
    steps, _ = action_steps(state({DAEMON: json_bytes(old)}, engine(store=store)), new)
    assert [step.args[1] for step in steps.forward if "{{.SecurityOptions}}" in step.args] == proofs


def test_an_old_daemon_is_not_asked_for_what_it_does_not_tell() -> None:
    steps, _ = action_steps(state({DAEMON: b"{}"}, engine("20.10.24")), {"no-new-privileges": True})
    assert not [step for step in steps.forward if "docker-lists.sh" in step.args]


def test_every_key_shows_somewhere_or_the_table_says_why_not() -> None:
    names = [*SHOWN, *LISTED, *VERIFIED_ELSEWHERE, *(name for words in UNSEEN.values() for name in words.split())]
    assert sorted(names) == sorted(KEYS)
    assert unseen("dns")
    assert not unseen("mtu")


def test_a_daemon_that_is_stopped_is_started() -> None:
    steps, names = action_steps(state({}, engine(active="failed")), MIRRORS)
    assert lines(steps.guard, names) == ["guard failed systemctl is-active docker"]
    assert lines(steps.forward, names) == [
        "intend docker restart 42 none",
        "swap FILE OLD NEW",
        "run 10 sh -c RESET sh docker",
        "run 120 systemctl start docker",
        "await 60 =http://192.0.2.10:5000/ false docker info --format LOADED",
        "complete docker",
    ]
    assert lines(steps.rollback, names) == ["swap FILE NEW OLD", "run 120 systemctl stop docker", "complete docker"]


def test_what_is_only_not_loaded_is_reloaded_without_a_swap() -> None:
    forward, rollback = there_and_back(state({DAEMON: json_bytes(MIRRORS)}, engine()), MIRRORS)
    assert forward == [
        "intend docker reload 42 inv-1",
        "run 60 sh docker-reload.sh docker",
        "await 60 =http://192.0.2.10:5000/ false docker info --format LOADED",
        "complete docker",
    ]
    assert rollback == ["complete docker"]


def test_an_unfinished_action_is_unfinished_again_after_a_rollback() -> None:
    intents = (Intent(DOCKER.NAME, Verb.RESTART, 41, "inv-1"),)
    _, rollback = there_and_back(state({DAEMON: b"{}"}, engine(), intents=intents), {"debug": True})
    assert rollback[-1] == "intend docker restart 41 inv-1"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("/usr/sbin/dockerd", "-H", "fd://", "$DOCKER_OPTS"), "/usr/sbin/dockerd -H fd://"),
        (("/usr/sbin/dockerd", "--config-file", "/srv/d.json", "-D"), "/usr/sbin/dockerd -D"),
        (("/usr/sbin/dockerd", "--config-file=/srv/d.json"), "/usr/sbin/dockerd"),
    ],
)
def test_dockerd_validates_the_file_with_the_flags_of_its_unit(argv: tuple[str, ...], words: str) -> None:
    steps, names = action_steps(state({}, engine(argv=argv)), {"mtu": 1400})
    assert next(line for line in lines(steps.validate, names) if "--validate" in line).startswith(
        f"run 30 {words} --validate --config-file /"
    )


@pytest.mark.parametrize("version", ["20.10.24", ""])
def test_a_dockerd_that_cannot_validate_is_not_asked_to(version: str) -> None:
    steps, _ = action_steps(state({}, engine(version)), {"mtu": 1400})
    assert steps.validate == ()


@pytest.mark.parametrize(
    ("owner", "policy", "rendered"),
    [("h2", POLICY, True), ("h1", POLICY, False), ("h2", Policy(allow=frozenset({"unproven-mirror"})), False)],
)
def test_a_new_mirror_must_answer_but_the_hosts_own_is_verified_in_its_part(
    owner: str, policy: Policy, rendered: bool
) -> None:
    cache = Cache("dockerhub", owner, "https://registry-1.docker.io", "docker.io", MIRROR, local=False)
    steps, _ = action_steps(state({}, engine()), MIRRORS, host(MIRRORS, usable=(cache,)), policy)
    assert any("curl" in step.args for step in steps.validate) is rendered


def test_no_step_has_an_empty_field_or_a_control_character() -> None:
    for active in ("active", "failed"):
        steps, _ = action_steps(
            state({DAEMON: b'{"live-restore": true}'}, engine(active=active)), {"bip": "172.18.0.1/16"}
        )
        for step in (*steps.guard, *steps.validate, *steps.forward, *steps.rollback):
            assert all(arg and arg.isprintable() for arg in step.args), step
