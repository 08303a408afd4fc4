"""What gitlab-runner would ignore, or fail on."""

from __future__ import annotations

import struct
import zoneinfo
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from runnerops.model.common import Tree, Value, key_text
from runnerops.model.facts import Facts, RunnerFacts
from runnerops.services import GITLAB_RUNNER
from tests.unit.services.runner_builders import (
    NOW,
    REWRITTEN,
    SPEC,
    TOKEN,
)
from tests.unit.services.runner_builders import config as configuration
from tests.unit.services.runner_builders import runner as section


def runner(**more: Value) -> Tree:
    """A section with the table that its executor needs."""
    return section(**({"docker": {}} | more))


def config(*runners: Tree, **top: Value) -> Tree:
    """A whole file, with one sound runner unless others are given."""
    return configuration(*(runners or (runner(),)), **top)


def queuing(pattern: str) -> Tree:
    """A runner that watches the delay of jobs whose projects run as many jobs as the pattern says."""
    return runner(monitoring={"job_queuing_durations": [{"jobs_running_for_project": pattern, "threshold": "5m"}]})


LISTENING: tuple[tuple[str, Value, str], ...] = (
    ("listen_address", "http://127.0.0.1:9252", "warning listen_address: write 127.0.0.1:9252"),
    ("listen_address", "::1", "warning listen_address: brackets"),
    ("listen_address", "127.0.0.1:99999", "error listen_address: no valid port"),
    (
        "session_server",
        {"listen_address": "127.0.0.1"},
        "error session_server.listen_address: 127.0.0.1:8093",
    ),
    (
        "session_server",
        {"listen_address": "127.0.0.1:http"},
        "error session_server.listen_address: no valid",
    ),
    ("session_server", {"listen_address": ":8093"}, "error session_server.listen_address: names no host"),
    (
        "session_server",
        {"listen_address": ":8093", "advertise_address": "https://ci.example.com"},
        "error session_server.advertise_address: write ci.example.com",
    ),
)


def findings(tree: Tree, facts: Facts | None = None) -> list[tuple[str, str, str]]:
    return [
        (finding.rule, finding.severity, key_text(finding.key)) for finding in GITLAB_RUNNER.lint({SPEC: tree}, facts)
    ]


@pytest.mark.parametrize(
    ("tree", "rule", "severity", "key"),
    [
        (config(concurrent=0), "R001", "error", "concurrent"),
        (config(concurrent=-1), "R001", "error", "concurrent"),
        (config(concurrent="4"), "R008", "error", "concurrent"),
        (config(concurrent=True), "R008", "error", "concurrent"),
        (config(log_level="loud"), "R009", "error", "log_level"),
        (config(log_level=""), "R009", "error", "log_level"),
        (config(log_format="xml"), "R009", "error", "log_format"),
        (config(runner(token="")), "R002", "warning", "runners[0].token"),
        (config(runner(token="   ")), "R002", "error", "runners[0].token"),
        (config(runner(token=f"{TOKEN}\n")), "R002", "error", "runners[0].token"),
        (config(runner(token="glrt-short")), "R002", "warning", "runners[0].token"),
        ({"dns": ["192.0.2.53"]}, "R006", "warning", "dns"),
        ({"runners": [], "dns": ["192.0.2.53"]}, "R006", "error", "dns"),
        ({"runner": []}, "R006", "error", "runner"),
        (config(runner(token="GR1348941aaaaaaaaaaaaaaaaaaaa")), "R002", "error", "runners[0].token"),
        (config(runner(token="glrtr-registration-token")), "R002", "error", "runners[0].token"),
        (config(runner(executor="dokcer")), "R003", "error", "runners[0].executor"),
        (config(runner(executor=None)), "R003", "error", "runners[0].executor"),
        (config(runner(url="gitlab.example.com")), "R004", "error", "runners[0].url"),
        (config(runner(), runner(name="two")), "R005", "warning", "runners[1].token"),
        (config(runner(url="http://[bad")), "R004", "error", "runners[0].url"),
        (config(runner(cache={"s3": {"ServerAdress": "x"}})), "R006", "error", "runners[0].cache.s3.ServerAdress"),
        (config(chek_interval=3), "R006", "error", "chek_interval"),
        ({"global": {"concurrent": 2}}, "R006", "error", "global"),
        (config(**{"registry-mirrors": []}), "R006", "error", "registry-mirrors"),
        (config(nothing_like_it=3), "R006", "warning", "nothing_like_it"),
        (config(runner(docker={"privilegd": True})), "R006", "error", "runners[0].docker.privilegd"),
        (config(check_interval="3"), "R008", "error", "check_interval"),
        (config(runner(docker={"cpus": 2})), "R008", "error", "runners[0].docker.cpus"),
        (config(runner(docker={"volumes": "/cache"})), "R008", "error", "runners[0].docker.volumes"),
        (config(runner(docker={"services": [{"name": 1}]})), "R008", "error", "runners[0].docker.services[0].name"),
        (config(runner(docker=[])), "R008", "error", "runners[0].docker"),
        (config(connection_max_age=15), "R010", "warning", "connection_max_age"),
        (config(connection_max_age=1.5), "R008", "error", "connection_max_age"),
        (config(runner(docker={"pull_policy": [1]})), "R008", "error", "runners[0].docker.pull_policy"),
        (config(runner(feature_flags={"FF_X": "true"})), "R008", "error", "runners[0].feature_flags.FF_X"),
        (config(runner(kubernetes=["a"])), "R008", "error", "runners[0].kubernetes"),
        (config(runner(unhealthy_interval="1.2.3h")), "R008", "error", "runners[0].unhealthy_interval"),
        (
            config(runner(docker={"services_devices": {"a": "b"}})),
            "R008",
            "error",
            "runners[0].docker.services_devices.a",
        ),
        (config(runner(machine={"IdleCount": "1"})), "R008", "error", "runners[0].machine.IdleCount"),
        (
            config(runner(autoscaler={"policy": [{"idle_time": 20}]})),
            "R010",
            "warning",
            "runners[0].autoscaler.policy[0].idle_time",
        ),
        (config(labels={"a": 1}), "R008", "error", "labels.a"),
        (config(runner(docker={"volumes": ["/a", 1]})), "R008", "error", "runners[0].docker.volumes[1]"),
        (config(labels="a=b"), "R008", "warning", "labels"),
        (config(runner(feature_flags=["FF_X"])), "R008", "warning", "runners[0].feature_flags"),
        (config(runner(autoscaler={"plugin_config": "a"})), "R008", "warning", "runners[0].autoscaler.plugin_config"),
        (config(runner(machine={"IdleScaleFactor": 2**53})), "R008", "error", "runners[0].machine.IdleScaleFactor"),
        (config(runner(token_expires_at="2030-01-01T00:00:00")), "R008", "error", "runners[0].token_expires_at"),
        (
            config(experimental={"usage_logger": {"enabled": "yes"}}),
            "R008",
            "error",
            "experimental.usage_logger.enabled",
        ),
        (config(machine={"shutdown_drain": {"enable": True}}), "R006", "error", "machine.shutdown_drain.enable"),
        (
            config(runner(monitoring={"job_queuing_durations": [{"threshold": 5}]})),
            "R010",
            "warning",
            "runners[0].monitoring.job_queuing_durations[0].threshold",
        ),
        (
            config(runner(autoscaler={"vm_isolation": {"connector_config": {"protocol_port": "22"}}})),
            "R008",
            "error",
            "runners[0].autoscaler.vm_isolation.connector_config.protocol_port",
        ),
    ],
)
def test_a_wrong_key_or_value_gives_a_finding(tree: Tree, rule: str, severity: str, key: str) -> None:
    assert (rule, severity, key) in findings(tree)


@pytest.mark.parametrize(
    "tree",
    [
        config(),
        config(runner(token=None)),
        REWRITTEN,
        {"concurrent": 1},
        config(log_level="Warning", log_format="json"),
        config(runner(docker={"image": "a", "pull_policy": ["always"], "shm_size": 300, "sysctls": {"a": "b"}})),
        config(runner(executor="kubernetes", kubernetes={"image": "a", "pod_annotations": {"a": "b"}})),
        config(
            runner(
                executor="docker-autoscaler",
                autoscaler={
                    "plugin": "aws",
                    "plugin_config": {"name": "asg", "n": 1},
                    "connector_config": {"protocol_port": 22, "timeout": "5m"},
                    "policy": [{"idle_count": 5, "idle_time": "20m0s", "scale_factor": 1, "periods": ["* * * * *"]}],
                },
            )
        ),
        config(runner(executor="custom", custom={"run_exec": "/run"}, custom_build_dir={"enabled": True})),
        config(runner(machine={"IdleScaleFactor": 0.5, "autoscaling": [{"Periods": ["* * * * *"], "IdleTime": 5}]})),
        config(
            runner(unhealthy_interval="1h30m", cache={"Type": "s3", "s3": {"ServerAddress": "x", "BucketName": "b"}})
        ),
    ],
)
def test_a_valid_file_gives_no_finding(tree: Tree) -> None:
    assert findings(tree) == []


@pytest.mark.parametrize(("version", "severity"), [("16.11.0", "error"), ("18.1.4", "error"), ("18.2.0", "warning")])
def test_a_short_token_ends_a_runner_before_18_2(version: str, severity: str) -> None:
    facts = Facts(runner=RunnerFacts(NOW, version))
    assert findings(config(runner(token="glrt-short")), facts) == [("R002", severity, "runners[0].token")]


@pytest.mark.parametrize(
    ("name", "version", "severity"),
    [
        ("pre_clone_script", "", "warning"),
        ("pre_clone_script", "16.11.0", "error"),
        ("pre_clone_script", "17.0.0", ""),
        ("pre_get_sources_script", "", "error"),
        ("pre_get_sources_script", "16.0.0", "error"),
        ("labels", "18.4.0", ""),
    ],
)
def test_the_type_of_a_key_that_the_runner_does_not_read_does_not_matter(
    name: str, version: str, severity: str
) -> None:
    facts = Facts(runner=RunnerFacts(NOW, version)) if version else None
    rows = [finding for finding in findings(config(runner(**{name: 5})), facts) if finding[0] == "R008"]
    assert rows == ([("R008", severity, f"runners[0].{name}")] if severity else [])


def test_a_key_that_the_hosts_runner_does_not_know_yet() -> None:
    facts = Facts(runner=RunnerFacts(NOW, "15.11.0"))
    assert ("R007", "warning", "connection_max_age") in findings(config(connection_max_age="15m"), facts)


def test_keys_of_executors_and_caches_have_their_releases() -> None:
    tree = config(
        runner(
            kubernetes={"retry_limit": 3, "terminationGracePeriodSeconds": 9, "image": "a"},
            cache={"s3": {"RoleARN": "arn", "BucketName": "b"}},
        )
    )
    known = {
        version: [key for rule, _, key in findings(tree, Facts(runner=RunnerFacts(NOW, version))) if rule == "R007"]
        for version in ("16.8.0", "17.8.0")
    }
    kubernetes = "runners[0].kubernetes"
    assert known == {
        "16.8.0": [f"{kubernetes}.retry_limit", "runners[0].cache.s3.RoleARN"],
        "17.8.0": [f"{kubernetes}.terminationGracePeriodSeconds"],
    }


@pytest.mark.parametrize(
    ("version", "wrong"),
    [
        ("15.11.0", set()),
        ("16.10.0", {("R019", "error")}),
        ("18.5.0", {("R018", "error"), ("R019", "error")}),
        ("", {("R018", "warning"), ("R019", "warning")}),
    ],
)
def test_what_older_runners_do_not_read_is_refused_by_newer_ones_only(
    version: str, wrong: set[tuple[str, str]]
) -> None:
    tree = config(queuing("(0"), labels={"a": "b"})
    rules_found = {(rule, severity) for rule, severity, _ in findings(tree, Facts(runner=RunnerFacts(NOW, version)))}
    assert {rule_and_severity for rule_and_severity in rules_found if rule_and_severity[0] != "R007"} == wrong


def test_keys_of_a_release_that_the_table_knows_in_part() -> None:
    tree = config(runner(executor="kubernetes", kubernetes={"image": "alpine:3", "suspend_pvc_size": "20Gi"}))
    known = {version: findings(tree, Facts(runner=RunnerFacts(NOW, version))) for version in ("19.3.0", "19.4.0")}
    place = "runners[0].kubernetes.suspend_pvc_size"
    assert known == {"19.3.0": [("R007", "warning", place)], "19.4.0": []}


@pytest.mark.parametrize(("version", "severity"), [("", "error"), ("19.3.0", "error"), ("19.4.0", "warning")])
def test_a_runner_newer_than_the_table_may_know_a_key_that_looks_like_a_slip(version: str, severity: str) -> None:
    rows = findings(config(runner(docker={"service_pid_mode": "host"})), Facts(runner=RunnerFacts(NOW, version)))
    assert rows == [("R006", "warning", "runners[0].docker.service_pid_mode")]
    rows = findings(config(runner(docker={"privilegd": True})), Facts(runner=RunnerFacts(NOW, version)))
    assert rows == [("R006", severity, "runners[0].docker.privilegd")]


@pytest.mark.parametrize("version", ["16.11.0", "19.3.0"])
def test_a_key_that_nobody_knows_stops_no_deploy(version: str) -> None:
    """`gitlab-runner lint` complains about it from 19.3 on; a load passes over it in any release."""
    rows = findings(config(nothing_like_it=3), Facts(runner=RunnerFacts(NOW, version)))
    assert rows == [("R006", "warning", "nothing_like_it")]


def test_no_finding_shows_a_token() -> None:
    for token in ("glrt-short", f"{TOKEN} x"):
        problems = list(GITLAB_RUNNER.lint({SPEC: config(runner(token=token))}, None))
        assert problems
        assert not any(token in finding.message + finding.fix for finding in problems)


def test_a_key_that_the_hosts_runner_knows_no_more() -> None:
    tree = config(runner(pre_clone_script="true"))
    found = ("R007", "warning", "runners[0].pre_clone_script")
    assert found in findings(tree, Facts(runner=RunnerFacts(NOW, "17.0.0")))
    assert found not in findings(tree, Facts(runner=RunnerFacts(NOW, "16.11.0")))
    assert found in findings(tree), "it may be one that does not"


@pytest.mark.parametrize(
    ("tree", "finding"),
    [
        (config(runner(concurrent=4)), "R006 error runners[0].concurrent: the top of the file"),
        (config(runner(concurent=4)), "R006 warning runners[0].concurent: if you mean concurrent, move it to the top"),
        (config(runner(docker={"unlike_all": 1})), "R006 warning runners[0].docker.unlike_all: check whether it is"),
        (config(runner(check_interval=3)), "R006 error runners[0].check_interval: the top of the file"),
        (config(runner(docker={"limit": 3})), "R006 error runners[0].docker.limit: [[runners]]"),
        (config(runner(docker={"cpu_limit": "1"})), "R006 error runners[0].docker.cpu_limit: [runners.kubernetes]"),
        (config(runner(machine={"idle_count": 1})), "R006 error runners[0].machine.idle_count: IdleCount"),
        (config(runner(image="a")), "R006 error runners[0].image: [runners.docker]"),
        (config(runner(docker={"environment": ["A=b"]})), "R006 error runners[0].docker.environment: [[runners]]"),
        (config(runner(cache={"BucketName": "b"})), "R006 error runners[0].cache.BucketName: [runners.cache.s3]"),
        (config(runner(tag_list=["a"])), "R006 error runners[0].tag_list: GitLab"),
        (
            config(runner(custom={"cnfig_exec_timeout": 9})),
            "R006 error runners[0].custom.cnfig_exec_timeout: config_exec",
        ),
        (config(runner(custom={"run_exec_timeout": 9})), "R006 warning runners[0].custom.run_exec_timeout: silently"),
        (config(runner(docker={"pus": "1"})), "R006 error runners[0].docker.pus: 'cpus' or 'gpus'"),
        (
            config(runner(kubernetes={"volumes": {"empty_dir": [{"path": "/x"}]}})),
            "R006 warning runners[0].kubernetes.volumes.empty_dir[0].path: the keys here are name, mount_path",
        ),
        (
            config(runner(kubernetes={"host_aliases": [{"hostname": ["a"]}]})),
            "R006 error runners[0].kubernetes.host_aliases[0].hostname: hostnames",
        ),
        ({"runners": {"docker": {"image": "a"}}}, "R008 error runners: no [[runners]] above [runners.docker]"),
        ({"runners": {"docker": {"imagee": "a"}}}, "R006 error runners.docker.imagee: image"),
        ({"runners": {"name": "a"}}, "R008 error runners: write [[runners]], with two brackets"),
        (config({"executor": "docker", "docker": {}}), "R004 error runners[0].url: is missing"),
        (config(runner(url="$CI_SERVER_URL")), "R004 warning runners[0].url: 18.10"),
        (config(runner(executor="docker-ssh")), "R003 warning runners[0].executor: 16.0"),
        (config(section(executor="docker")), "R011 error runners[0].executor: [runners.docker]"),
        (config(runner(executor="custom", custom={})), "R011 error runners[0].custom: run_exec"),
        (config(runner(shell="zsh")), "R012 error runners[0].shell: bash"),
        (config(runner(docker={"pull_policy": ["allways"]})), "R012 error runners[0].docker.pull_policy: always"),
        (config(runner(docker={"memory": "lots"})), "R013 error runners[0].docker.memory: 512m"),
        (config(runner(cache={"Type": "S3", "S3": {}})), "R014 error runners[0].cache.Type: 'S3'"),
        (config(runner(cache={"Type": "gcs"})), "R014 error runners[0].cache.Type: [runners.cache.gcs]"),
        (
            config(runner(cache={"Type": "s3", "s3": {"ServerAddress": "https://s3"}})),
            "R014 error runners[0].cache.s3.ServerAddress: without",
        ),
        (config(runner(docker={"volumes": ["cache:data"]})), "R015 error runners[0].docker.volumes[0]: absolute"),
        (config(runner(docker={"extra_hosts": ["db"]})), "R015 error runners[0].docker.extra_hosts[0]: NAME:ADDRESS"),
        (
            config(runner(docker={"services_limit": 0, "services": [{"name": "redis:7"}]})),
            "R015 error runners[0].docker.services_limit: every job would fail",
        ),
        (
            config(runner(docker={"services": [{"name": "docker:28-dind"}]})),
            "R016 warning runners[0].docker.services[0]: privileged",
        ),
        (config(runner(docker={"network": "host"})), "R006 error runners[0].docker.network: network_mode"),
        (config(runner(docker={"bandwidth": "host"})), "R006 warning runners[0].docker.bandwidth: ignores"),
        (
            config(runner(docker={"services": ["docker:dind"]})),
            "R008 error runners[0].docker.services: write [[runners.docker.services]] once for each",
        ),
        (config(runner(docker={"shm_size": "1g"})), "R008 error runners[0].docker.shm_size: number of bytes"),
        (config(runner(machine={"MachineName": "runner"})), "R017 error runners[0].machine.MachineName: %s"),
        (config(labels={"a": "b"}), "R018 warning labels.a: since 18.5"),
        (config(labels={"owner": "the team"}), "R018 warning labels.owner: value"),
        (
            config(runner(labels={"own": "b"}), labels={f"label{number}": "b" for number in range(32)}),
            "R018 warning runners[0].labels: 33",
        ),
        (
            config(runner(machine={"MachineOptionsWithName": ["google-disk=d"]})),
            "R017 error runners[0].machine.MachineOptionsWithName[0]: %s",
        ),
        (
            config(runner(kubernetes={"volumes": {"nfs": [{"name": "n", "server": "a", "path": "/"}]}})),
            "R008 error runners[0].kubernetes.volumes.nfs[0]: mount_path",
        ),
        (
            config(runner(monitoring={"job_queuing_durations": [{"periods": ["* * *"]}]})),
            "R019 warning runners[0].monitoring.job_queuing_durations[0].periods[0]: since 16.10",
        ),
        (config(section(executor="kubernetes")), "R011 error runners[0].executor: [runners.kubernetes]"),
        *((config(**{name: value}), f"R021 {text}") for name, value, text in LISTENING),
        (
            config(runner(pre_clone_script="a")),
            "R007 warning runners[0].pre_clone_script: write pre_get_sources_script",
        ),
        (config(runner(pre_build_script=["a", "b"])), "R008 error runners[0].pre_build_script: write one text"),
        (config(runner(docker={"dns": "192.0.2.53"})), 'R008 error runners[0].docker.dns: write ["192.0.2.53"]'),
        (config(runner(docker={"volumes": ["/a:/b:readonly"]})), "R015 error runners[0].docker.volumes[0]: option"),
        (
            config(runner(docker={"volumes": ["C:/a:/b"]})),
            "R015 error runners[0].docker.volumes[0]: Windows on one side",
        ),
        (
            config(runner(docker={"volumes": ["/a*:/b"]})),
            "R015 error runners[0].docker.volumes[0]: must not contain '*'",
        ),
        (config(runner(docker={"volumes": ["/a:/b c"]})), "R015 warning runners[0].docker.volumes[0]: before 19.3"),
        (config(runner(docker={"volumes": [":/b"]})), "R015 error runners[0].docker.volumes[0]: write only /b"),
        (
            config(runner(concurrency=3)),
            "R006 error runners[0].concurrency: write limit here, or concurrent at the top",
        ),
        (config(runner(docker={"volumes": ["/a:/b:z,ro"]})), "R015 error runners[0].docker.volumes[0]: another order"),
        (
            config(runner(kubernetes={"memory_limit": "2 GB"})),
            "R022 error runners[0].kubernetes.memory_limit: write 2Gi",
        ),
        (config(runner(kubernetes={"cpu_request": "2 cores"})), "R022 error runners[0].kubernetes.cpu_request: 500m"),
        (
            config(runner(kubernetes={"volumes": {"host_path": [{"path": "/"}]}})),
            "R006 error runners[0].kubernetes.volumes.host_path[0].path: write host_path",
        ),
        (
            config(runner(cache={"Type": "s3", "s3": {"Bucket": "b"}})),
            "R006 error runners[0].cache.s3.Bucket: write BucketName",
        ),
        (config(runner(http_proxy="http://a")), "R006 error runners[0].http_proxy: HTTP_PROXY"),
        (
            config(runner(docker={"registry_mirror": "http://a"})),
            "R006 error runners[0].docker.registry_mirror: daemon.json",
        ),
        (
            config(
                runner(
                    docker={
                        "privileged": True,
                        "services": [{"name": "docker:dind", "command": ["dockerd", "--mtu=9"]}],
                    }
                )
            ),
            "R016 warning runners[0].docker.services[0].command[0]: take dockerd out",
        ),
        (config(runner(cache={"s3": {"BucketName": "b"}})), "R014 warning runners[0].cache.s3: Type ="),
        (
            config(runner(docker={"volumes": ["/cache", "/srv/x:/cache/"]})),
            "R015 error runners[0].docker.volumes[1]: at /cache",
        ),
        (
            config(runner(machine={"OffPeakPeriods": ["* * * * * * *"]})),
            "R007 warning runners[0].machine.OffPeakPeriods: 14.0",
        ),
        (
            config(runner(docker={"FF_NETWORK_PER_BUILD": True})),
            "R006 error runners[0].docker.FF_NETWORK_PER_BUILD: feature_flags",
        ),
        (
            config(runner(machine={"runners": {"machine": {"autoscaling": {}}}})),
            "R006 error runners[0].machine.runners: heading",
        ),
        (config(runner(registration_token="x")), "R006 error runners[0].registration_token: write token"),
        (config(runner(cache={"gcp": {}})), "R006 error runners[0].cache.gcp: write gcs"),
        (config(runner(ssh={"hostname": "a"})), "R006 error runners[0].ssh.hostname: write host"),
        (config(runner(shell={})), "R008 error runners[0].shell: take the table out"),
        (config(runner(docker=[{}])), "R008 error runners[0].docker: write [runners.docker], with one bracket"),
        (config(runner(docker={"cpus": 2})), 'R008 error runners[0].docker.cpus: "2"'),
        (
            config(runner(docker={"sysctls": {"net": {"ipv4": {"ip_forward": "1"}}}})),
            'R008 error runners[0].docker.sysctls.net: write "net.ipv4.ip_forward"',
        ),
        (config(runner(cache={"Type": "gcs", "gcs": {}})), "R014 error runners[0].cache.gcs: BucketName"),
        (config(runner(docker={"volumes": ["./c:/c"]})), "R015 error runners[0].docker.volumes[0]: host"),
        (
            config(runner(docker={"pull_policy": "never", "allowed_pull_policies": ["always"]})),
            "R012 error runners[0].docker.allowed_pull_policies: never",
        ),
        (
            config(runner(docker={"allowed_pull_policies": ["if-not-present"]})),
            "R012 error runners[0].docker.allowed_pull_policies: always",
        ),
        (
            config(runner(docker={"helper_image_flavor": "debian"})),
            "R012 warning runners[0].docker.helper_image_flavor: ubuntu",
        ),
        (
            config(runner(feature_flags={"FF_NETWORK_PER_BILD": True})),
            "R006 error runners[0].feature_flags.FF_NETWORK_PER_BILD: FF_NETWORK_PER_BUILD",
        ),
        (
            config(
                runner(docker={"privileged": True, "services": [{"name": "docker:dind", "command": ["--mtu 1400"]}]})
            ),
            "R016 warning runners[0].docker.services[0].command[0]: one word",
        ),
        (
            config(runner(machine={"autoscaling": [{"Periods": ["* * 9-17 mon-fri"]}]})),
            "R019 error runners[0].machine.autoscaling[0].Periods[0]: 4 fields",
        ),
        *(
            (
                config(queuing(pattern)),
                f"R019 warning runners[0].monitoring.job_queuing_durations[0].jobs_running_for_project: {says}",
            )
            for pattern, says in (
                ("(0|1", "missing )"),
                ("a[", "unterminated character set at character 2"),
                ("^(?!0)", "has no (?!"),
                ("(.)\\1", "has no \\1"),
            )
        ),
        (
            config(runner(autoscaler={"policy": [{"periods": ["* 25 * * *"]}]})),
            "R019 error runners[0].autoscaler.policy[0].periods[0]: hour",
        ),
        (config(runner(), runner(token=None), concurrent=2), "R005 warning runners[1].name: same name"),
        (config(runner(), runner(name="b", token=None), concurrent=1), "R020 warning concurrent: 2 or more"),
        (config(runner(limit=5), concurrent=4), "R020 info runners[0].limit: never reached"),
        (config(runner(limit=2, request_concurrency=3)), "R020 info runners[0].request_concurrency: limit of 2"),
        (config(runner(Docker={"Memory": "lots"}, docker=None)), "R013 error runners[0].docker.memory: 512m"),
        (
            config(runner(kubernetes={"volumes": {"host_path": {}}})),
            "R008 error runners[0].kubernetes.volumes.host_path: list",
        ),
    ],
)
def test_values_that_are_loaded_but_break_jobs_are_found(tree: Tree, finding: str) -> None:
    place, _, says = finding.partition(": ")
    by_name = {
        f"{finding.rule} {finding.severity} {key_text(finding.key)}": f"{finding.message} {finding.fix}"
        for finding in GITLAB_RUNNER.lint({SPEC: tree}, None)
    }
    assert says in by_name.get(place, ""), by_name


@pytest.mark.parametrize(
    "tree",
    [
        {"Concurrent": 4, "Runners": []},
        config(
            runner(
                docker={
                    "privileged": True,
                    "volumes": ["/a:/b:RO", "/a:/c:ro,z", "/a:/d:z", "v:/e:rw:rslave"],
                    "services": [{"name": "docker:dind", "command": ["dockerd", "--host=tcp://0.0.0.0:2376"]}],
                }
            )
        ),
        config(
            runner(
                kubernetes={"memory_limit": "1.5Gi", "cpu_request": "500m", "cpu_limit": "2", "memory_request": "1e9"}
            )
        ),
        config(listen_address="127.0.0.1", session_server={"listen_address": "[::]:8093"}),
        config(listen_address="[::1]:9252", session_server={"listen_address": ":8093", "advertise_address": "a:8093"}),
        config(session_server={"listen_address": "", "advertise_address": "https://ci.example.com"}),
        config(runner(cache={"s3": {}, "gcs": {"BucketName": ""}})),
        config(runner(docker={"volumes": ["/cache", "/srv/cache:/cache/x", "$A", "$A"]})),
        config(runner(machine={"OffPeakPeriods": []})),
        config(runner(Limit=3, docker={"Image": "a"})),
        config(runner(token_obtained_at="2024-01-01T00:00:00.5+01:00")),
        config(labels={f"label{number}": "a_b-c.9" for number in range(32)}),
        config(runner(monitoring={"job_queuing_durations": [{"timezone": "Local", "threshold": "5m"}]})),
        config(queuing("(?i:a)|[0-9+]")),
        config(queuing("\\Q(\\E[[:alpha:]]\\pN(?U)a+")),
        config(queuing("[(]\\\\[?]\\(?=")),
        config(
            runner(kubernetes={"volumes": {"nfs": [{"name": "n", "mount_path": "/n", "server": "a", "path": "/"}]}})
        ),
        config(
            runner(
                docker={
                    "volumes": [
                        "/cache",
                        "/host:/inside:ro",
                        "vol:/data",
                        "$HOME:/x",
                        "C:\\cache",
                        "c:/a:c:\\b:ro",
                        "/x_y:/z",
                    ],
                    "memory": "1.5g",
                }
            )
        ),
        config(runner(docker={"extra_hosts": ["db:192.0.2.1", "b:::1"], "pull_policy": "if-not-present"})),
        config(section(Executor="docker", executor=None, Docker={"Privileged": True}), concurrent=1),
        config(runner(docker={"allowed_pull_policies": ["always", "never"], "helper_image_flavor": "alpine3.21"})),
        config(runner(feature_flags={"FF_NETWORK_PER_BUILD": True, "FF_OF_A_NEWER_RELEASE": True})),
        config(runner(machine={"autoscaling": [{"Periods": ["* * 9-17 * * mon-fri *", "@daily"]}]})),
        config(runner(autoscaler={"policy": [{"periods": ["*/5 0-8,18-23 * jan-mar 1-5", "0 0 L * ?"]}]})),
        config(runner(limit=2, request_concurrency=2), runner(name="b", token=None), concurrent=2),
        config(runner(shell="pwsh", labels={"team": "web", "cost_centre": "x"})),
        config(runner(docker={"privileged": True, "services": [{"name": "docker:dind", "command": ["--mtu=1400"]}]})),
        config(runner(cache={"Type": "s3", "s3": {"ServerAddress": "s3.example.com:9000", "BucketName": "b"}})),
    ],
)
def test_values_that_only_look_wrong_give_no_finding(tree: Tree) -> None:
    assert findings(tree) == []


@pytest.mark.parametrize(("token", "twice"), [("TOKEN", False), ("<TOKEN>", False), (TOKEN, True)])
def test_a_word_in_the_place_of_two_tokens_is_no_token(token: str, twice: bool) -> None:
    rows = findings(config(runner(name="a", token=token), runner(name="b", token=token)))
    assert (("R005", "warning", "runners[1].token") in rows) is twice


@pytest.mark.parametrize(
    "token",
    [
        *("TOKEN", "<token>", "<runner's token>", "YOUR_RUNNER_TOKEN", "__REPLACED_BY_CI__", "__REDACTED__"),
        *("xxx", "glrt-xxxxxxxxxxxx", "XXXXXXXXXXXXXXXXXXXX", "......", "****", "glrt-...", "{TOKEN-Runner}"),
        *("%TOKEN%", "REPLACE_WITH_RUNNER_AUTH_TOKEN", "myawesometoken", "example-token-123", "your token here"),
    ],
)
def test_a_placeholder_is_named_as_one_without_showing_it(token: str) -> None:
    (finding,) = GITLAB_RUNNER.lint({SPEC: config(runner(token=token))}, None)
    assert (finding.rule, finding.severity) == ("R002", "warning")
    assert finding.message == "the token is a placeholder: the runner would never get a job"


@pytest.mark.parametrize(
    "token",
    [
        *("3f1tXxsPhAaUaKyAN9sz", "a00d9928e7ae840b358758ad19de19", "j2xsD4ghvbZuTpsKW__R", "R03sIRx7A-8c__D__sZQ"),
        *("glrt--4pvZh1Qry7msCBfjgCv", "glrt-t3_iLNUb66ofgxVrpu73zxx", "A5Your3Vc9QW9rzVM8r3", "HtokenK9-XxXxX-a8_bQ"),
        "glrt-Yq5ADRtJp5oFdaR4cmbqFW86MQp0OjEKdToxCw.01.1205v0k66",
    ],
)
def test_a_token_is_no_placeholder(token: str) -> None:
    assert findings(config(runner(token=token))) == []


@pytest.mark.parametrize("name", ["token", "url"])
@pytest.mark.parametrize(("version", "severity"), [("", "warning"), ("18.9.1", "error"), ("18.10.0", "")])
def test_a_variable_is_replaced_since_18_10(name: str, version: str, severity: str) -> None:
    facts = Facts(runner=RunnerFacts(NOW, version)) if version else None
    rule = {"token": "R002", "url": "R004"}[name]
    wanted = [(rule, severity, f"runners[0].{name}")] if severity else []
    assert findings(config(runner(**{name: "${GITLAB_VALUE}"})), facts) == wanted


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://<gitlab address>/", True),
        ("__GITLAB_URL__", True),
        ("https://{{ gitlab }}", True),
        ("https://[2001:db8::1]:8443/", False),
        ("https://gitlab.example.com/", False),
    ],
)
def test_a_placeholder_for_the_url_is_named_as_one(url: str, wrong: bool) -> None:
    says = [finding.message for finding in GITLAB_RUNNER.lint({SPEC: config(runner(url=url))}, None)]
    assert says == (["is a placeholder, not the address of GitLab"] if wrong else [])


@pytest.mark.parametrize(("path", "keeps"), [(SPEC.path, True), ("config.toml", False)])
def test_only_the_host_s_own_file_may_do_without_a_token(path: str, keeps: bool) -> None:
    (finding,) = GITLAB_RUNNER.lint({replace(SPEC, path=path): config(runner(token="TOKEN"))}, None)
    assert ("leave the key out" in finding.fix) is keeps


def test_an_excerpt_is_no_fault() -> None:
    excerpt: Tree = {"runners": [{"executor": "docker", "environment": ["A=b"]}]}
    pairs = [
        (finding.rule, finding.severity)
        for finding in GITLAB_RUNNER.lint({replace(SPEC, path="excerpt.toml"): excerpt}, None)
    ]
    assert pairs == [("R004", "warning"), ("R011", "warning")]
    manual: Tree = {"runners": [{"url": "gitlab.example.com", "token": "TOKEN", "executor": "kubernetes"}]}
    pairs = [
        (finding.rule, finding.severity)
        for finding in GITLAB_RUNNER.lint({replace(SPEC, path="excerpt.toml"): manual}, None)
    ]
    assert pairs == [("R002", "warning"), ("R004", "warning"), ("R011", "warning")]
    assert ("R004", "error", "runners[0].url") in findings(excerpt), "the runner's own file is to be whole"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert GITLAB_RUNNER.parse(SPEC, b"\xef\xbb\xbfconcurrent = 1\n") == {"concurrent": 1}


def test_a_name_that_is_no_text_is_told_and_compared_with_none() -> None:
    tree = config(runner(name=["a"]), runner(name=["a"], token=None), concurrent=2)
    rules_found = {(rule, key) for rule, _, key in findings(tree)}
    assert ("R005", "runners[1].name") not in rules_found
    assert any(key.startswith("runners[0].name") for _, key in rules_found)


def test_too_many_labels_of_the_whole_file_are_reported_once() -> None:
    tree = config(runner(), runner(name="b"), labels={f"label{number}": "b" for number in range(33)})
    problems = [finding for finding in GITLAB_RUNNER.lint({SPEC: tree}, None) if finding.rule == "R018"]
    assert [(finding.key, finding.message[:6]) for finding in problems] == [(("labels",), "are 33")]


@pytest.fixture(params=[("Europe/Berlin",), ("Europe/Berlin", "US/Eastern")])
def zones(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """All time zones that this machine knows: with former names, or without."""
    counts, kind = struct.pack(">6l", 0, 0, 0, 0, 1, 4), struct.pack(">lbb", 3600, 0, 0)
    for name in request.param:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"TZif" + bytes(16) + counts + kind + b"CET\0")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([tmp_path])
    ZoneInfo.clear_cache()
    yield request.param
    zoneinfo.reset_tzpath(before)
    ZoneInfo.clear_cache()


def test_a_time_zone_that_only_the_host_may_have_is_a_warning(zones: tuple[str, ...]) -> None:
    names = ("US/Eastern", "Europe/Berlyn", "Local", *zones)
    machine: Tree = {"autoscaling": [{"Periods": ["@daily"], "Timezone": zone} for zone in names]}
    problems = [*GITLAB_RUNNER.lint({SPEC: config(runner(machine=machine))}, None)]
    has_zone = "US/Eastern" in zones
    expected = [(1, "error")] if has_zone else [(0, "warning"), (1, "warning")]
    assert [(finding.key[-2], finding.severity) for finding in problems] == expected
    assert {finding.rule for finding in problems} == {"R019"}


DIND: Tree = {"name": "docker:27-dind"}
MIRROR = "--registry-mirror=http://"


@pytest.mark.parametrize(
    ("docker", "place"),
    [
        ({"privileged": True, "services": [DIND]}, ""),
        ({"services_privileged": True, "services": [DIND]}, ""),
        ({"runtime": "sysbox-runc", "services": [DIND]}, ""),
        ({"services": [DIND]}, "services[0]"),
        ({"privileged": True, "services_privileged": False, "services": [DIND]}, "services[0]"),
        *(
            (
                {"privileged": True, "services": [{**DIND, "command": [f"{MIRROR}{host}:5000"]}]},
                "services[0].command[0]",
            )
            for host in ("localhost", "127.0.0.1", "127.1.2.3", "0.0.0.0", "[::1]")
        ),
        *(
            ({"privileged": True, "services": [{**DIND, "command": ["--debug", word]}]}, "")
            for word in (f"{MIRROR}localhost.example.com", f"{MIRROR}172.17.0.1:5000", "--host=tcp://127.0.0.1:2375")
        ),
        (
            {"privileged": True, "services": [{**DIND, "entrypoint": ["dockerd", f"{MIRROR}localhost:5000"]}]},
            "services[0].entrypoint[1]",
        ),
        ({"services": [{"name": "registry.example.com/engine:1", "command": [f"{MIRROR}192.0.2.1"]}]}, "services[0]"),
        ({"services": [{"name": "example/socket-proxy:1", "alias": "docker", "command": ["--debug"]}]}, ""),
        *(
            ({"privileged": True, "services": [{**DIND, "command": command}]}, place)
            for command, place in (
                (["--registry-mirror=192.0.2.9:5000"], "services[0].command[0]"),
                (["--registry-mirror", "192.0.2.9:5000"], "services[0].command[1]"),
                (["--registry-mirrors=http://192.0.2.9:5000"], "services[0].command[0]"),
                (["--registry-mirror=$MIRROR", "--insecure-registry", "192.0.2.9:5000"], ""),
                (["--insecure-registry=http://localhost:5000"], ""),
                (["--registry-mirror=http://192.0.2.9:5000", "--bip=192.0.2.1/24"], "services[0].command[1]"),
                (
                    ["--default-address-pool", "base=192.0.0.0/16,size=24", "--registry-mirror=http://192.0.2.9:5000"],
                    "services[0].command[1]",
                ),
                (["--registry-mirror=http://192.0.2.9:5000", "--bip=10.9.0.1/24", "--default-address-pool=x"], ""),
                (["--bip=192.0.2.1/24"], ""),
            )
        ),
        *(
            ({"privileged": True, "services": [DIND], **docker}, place)
            for docker, place in (
                ({"network_mode": "host"}, "services[0]"),
                ({"network_mode": "bridge"}, ""),
                ({"allowed_privileged_services": ["registry.example.com/*:*"]}, "allowed_privileged_services"),
                ({"allowed_privileged_services": ["docker:*-dind", "x"]}, ""),
            )
        ),
    ],
)
def test_docker_in_docker_written_by_hand(docker: Tree, place: str) -> None:
    problems = [
        finding for finding in GITLAB_RUNNER.lint({SPEC: config(runner(docker=docker))}, None) if finding.rule == "R016"
    ]
    assert [key_text(finding.key) for finding in problems] == ([f"runners[0].docker.{place}"] if place else [])


@pytest.mark.parametrize(
    ("more", "fires"),
    [
        ({}, True),
        ({"privileged": True}, False),
        ({"runtime_class_name": "kata"}, False),
        ({"service_container_security_context": {"privileged": True}}, False),
        ({"service_container_security_context": {"run_as_user": 0}}, True),
    ],
)
def test_docker_in_docker_in_pods(more: Tree, fires: bool) -> None:
    tree = config(runner(executor="kubernetes", kubernetes={"image": "a", "services": [DIND], **more}))
    places = [key_text(finding.key) for finding in GITLAB_RUNNER.lint({SPEC: tree}, None) if finding.rule == "R016"]
    assert places == (["runners[0].kubernetes.services[0]"] if fires else [])
