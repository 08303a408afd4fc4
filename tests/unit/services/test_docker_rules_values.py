"""Values that dockerd refuses, ignores or fails on at its start, and similar ones that it accepts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import ServiceName, Tree, Value, key_text
from runnerops.model.facts import Facts
from runnerops.model.inventory import FileSpec
from runnerops.model.plan import Finding
from runnerops.planning.lint.file import lint_file
from runnerops.services.docker import rules
from runnerops.services.docker.rules.sizes import sizes
from tests.unit.services.builders import engine

SPEC = FileSpec(ServiceName.DOCKER, "daemon.json", "daemon.json.j2", "json")


def lint(text: str) -> tuple[Finding, ...]:
    return lint_file(SPEC, text.encode())


def findings_of(tree: Any) -> list[str]:
    return [f"{finding.rule} {finding.severity}" for finding in lint(json.dumps(tree))]


SYSLOG, GELF, FLUENTD, AWSLOGS = ("syslog", "gelf", "fluentd", "awslogs")


def logs(driver: str, **options: str) -> dict[str, Any]:
    """A daemon.json with these options of a driver, which begin with its name."""
    return {
        "log-driver": driver,
        "log-opts": {f"{driver}-{name.replace('_', '-')}": option for name, option in options.items()},
    }


def splunk(url: str = "https://192.0.2.1:8088", **options: str) -> dict[str, Any]:
    """The same for splunk, with the options that it requires."""
    return logs("splunk", token="t", url=url, **options)


def bridge(**options: str) -> dict[str, Any]:
    """A daemon.json with these options of networks; `__` stands for a dot."""
    names = {f"com.docker.network.{name.replace('__', '.')}": text for name, text in options.items()}
    return {"default-network-opts": {"bridge": names}}


LOG_VALUES = (
    logs(SYSLOG, address="192.0.2.1:514"),
    logs(SYSLOG, address="http://192.0.2.1:514"),
    logs(SYSLOG, facility="deamon"),
    logs(SYSLOG, facility="24"),
    logs(SYSLOG, format="rfc5425"),
    logs(GELF, compression_type="gzip"),
    logs(GELF, address="192.0.2.1:12201"),
    logs(GELF, address="udp://192.0.2.1"),
    logs(GELF, address="udp://192.0.2.1:12201", compression_type="bzip2"),
    logs(GELF, address="udp://192.0.2.1:12201", compression_level="10"),
    logs(GELF, address="tcp://192.0.2.1:12201", compression_type="gzip"),
    logs(GELF, address="udp://192.0.2.1:12201", tcp_max_reconnect="3"),
    logs(FLUENTD, address="http://192.0.2.1:24224"),
    logs(FLUENTD, address="192.0.2.1:24224/tag"),
    logs(FLUENTD, address="192.0.2.1:port"),
    logs(FLUENTD, async_connect="yes"),
    logs(FLUENTD, retry_wait="10"),
    logs(FLUENTD, max_retries="-1"),
    logs(AWSLOGS, region="eu-west-1"),
    logs(AWSLOGS, group="g", create_group="yes"),
    logs(AWSLOGS, group="g", force_flush_interval_seconds="0"),
    logs(AWSLOGS, group="g", format="json"),
    logs(AWSLOGS, group="g", datetime_format="%Y", multiline_pattern="^a"),
    {"log-driver": "awslogs", "log-opts": {"awslogs-group": "g", "labels": "a"}},
    {"log-driver": "gcplogs", "log-opts": {"tag": "a"}},
    {"log-driver": "", "log-opts": {"max-sise": "10m"}},
    {"log-opts": {"cache-disabled": "maybe"}},
)
"""Values that dockerd ends with at its start, in one driver's options after another's."""

FORMS = (
    {"labels": ["a=b", "a=c"]},
    {"labels": ["com.docker.x=y"]},
    {"dns-search": ["exa_mple.com"]},
    {"dns-search": ["192.0.2.1"]},
    {"node-generic-resources": ["gpu"]},
    {"node-generic-resources": ["gpu=1", "gpu=2"]},
    {"exec-opts": ["native.cgroupdriver=none"]},
    {"min-api-version": "2.0"},
    {"bridge-accept-fwmark": "4294967296"},
)

NO_REGISTRIES = (
    "ftp://192.0.2.10",
    "example.com/path",
    "-example.com",
    "*.example.com",
    "",
    "a@example.com",
    "exam_ple",
)


@pytest.mark.parametrize(
    ("tree", "finding"),
    [
        ({"no-proxy": "localhost"}, "D012 error"),
        ({"network": {"dns": ["192.0.2.53"]}}, "D012 error"),
        ({"network": {"dnss": ["192.0.2.53"]}}, "D001 error"),
        ({"label": ["a=b"]}, "D013 error"),
        ({"proxies": {"http_proxy": "http://p"}}, "D001 error"),
        ({"builder": {"gcc": {"enabled": True}}}, "D012 error"),
        ({"builder": {"GC": {"Enabled": "yes"}}}, "D003 error"),
        ({"features": {"buildkit": "yes"}}, "D003 error"),
        ({"runtimes": {"x": "/usr/bin/x"}}, "D003 error"),
        ({"default-ulimits": {"nofile": {"Hard": "64000"}}}, "D003 error"),
        ({"default-address-pools": [{"base": "10.0.0.0/16", "size": "24"}]}, "D003 error"),
        ({"default-address-pools": [{"base": "10.0.0.0", "size": 24}]}, "D009 error"),
        ({"default-network-opts": {"bridge": {"mtu": 1400}}}, "D003 error"),
        ({"log-level": "verbose"}, "D014 error"),
        ({"log-level": "warning"}, "D014 warning"),
        ({"log-format": "xml"}, "D014 error"),
        ({"default-ipc-mode": "host"}, "D014 error"),
        ({"firewall-backend": "pf"}, "D014 error"),
        ({"default-shm-size": "64q"}, "D015 error"),
        ({"default-shm-size": "-64M"}, "D015 error"),
        ({"default-shm-size": " 64M"}, "D015 error"),
        ({"builder": {"gc": {"defaultKeepStorage": "20 gigs"}}}, "D015 warning"),
        ({"builder": {"GC": {"enabled": True, "DefaultMinFreeSpace": "10%"}}}, "D015 error"),
        ({"builder": {"gc": {"enabled": True, "policy": [{"all": True}, {"keepStorage": "lots"}]}}}, "D015 error"),
        ({"storage-opts": ["overlay2.size=10X"]}, "D015 error"),
        ({"log-driver": "gelf"}, "D019 warning"),
        ({"log-driver": "splunk", "log-opts": {"splunk-url": "https://192.0.2.1:8088"}}, "D019 warning"),
        (splunk(format="JSON"), "D019 error"),
        (bridge(driver__mtu="1450b"), "D017 error"),
        (bridge(bridge__enable_icc="no"), "D017 error"),
        (bridge(bridge__gateway_mode_ipv4="route"), "D017 error"),
        (bridge(bridge__host_binding_ipv4="localhost"), "D017 error"),
        (splunk(gzip_level="11"), "D019 error"),
        (splunk(gzip=""), "D019 error"),
        (splunk("splunk.example.com:8088"), "D019 error"),
        (splunk("https://splunk.example.com/x"), "D019 error"),
        ({"log-opts": {"tag": "{{.Name"}}, "D019 error"),
        ({"log-opts": {"env-regex": "^(A|B"}}, "D019 error"),
        ({"log-opts": {"compress": "yes"}}, "D019 error"),
        ({"default-address-pools": [{"base": "10.0.0.0/08", "size": 24}]}, "D009 warning"),
        ({"insecure-registries": ["10.0.0.0/08"]}, "D023 warning"),
        ({"insecure-registries": ["10.0.0.0/33"]}, "D023 error"),
        ({"registry-mirrors": ["https://registry-1.docker.io"]}, "D025 warning"),
        ({"registry-mirrors": ["https://index.docker.io/v1/"]}, "D025 warning"),
        ({"registry-mirrors": ["https://docker.io"]}, "D025 warning"),
        ({"registry-mirrors": ["https://hub.docker.com"]}, "D025 warning"),
        ({"registry-mirrors": ["https://public.ecr.aws"]}, "D025 warning"),
        ({"exec-opts": ["cgroupdriver=systemd"]}, "D017 error"),
        ({"log-opts": {"max-size": "10mm"}}, "D019 error"),
        ({"log-opts": {"max-size": ""}}, "D019 error"),
        ({"log-opts": {"mode": "non-blocking", "max-buffer-size": "4 MBs"}}, "D019 error"),
        ({"log-opts": {"max-buffer-size": "4m"}}, "D019 error"),
        ({"log-driver": "fluentd", "log-opts": {"fluentd-buffer-limit": "8k events"}}, "D019 error"),
        ({"mtu": -1}, "D015 error"),
        ({"metrics-addr": ":9323"}, "D017 error"),
        ({"metrics-addr": "127.0.0.1"}, "D017 error"),
        ({"metrics-addr": "127.0.0.1:93230"}, "D017 error"),
        ({"metrics-addr": "::1:9323"}, "D017 error"),
        ({"ip": "localhost"}, "D016 error"),
        ({"fixed-cidr-v6": "ff00::/64"}, "D016 error"),
        ({"ipv6": True, "fixed-cidr-v6": "fd00::1/128"}, "D016 error"),
        ({"ipv6": True, "bip6": "fd00:7::1/64", "fixed-cidr-v6": "fd00:8::/80"}, "D022 warning"),
        ({"ipv6": True, "fixed-cidr-v6": "fd00::/64", "mtu": 1279}, "D015 error"),
        ({"bip": "192.168.200.1/32"}, "D008 error"),
        ({"default-address-pools": [{"base": "10.10.0.0/16", "size": 32}]}, "D009 error"),
        ({"dns-search": ["exa mple"]}, "D017 error"),
        ({"labels": ["production"]}, "D017 error"),
        ({"exec-opts": ["native.cgroupdriver: systemd"]}, "D017 error"),
        ({"exec-opts": ["native.cgroupdriver=system"]}, "D017 error"),
        ({"log-driver": "jsonfile"}, "D018 error"),
        ({"log-driver": "jsonfile", "log-opts": {"max-size": "10m"}}, "D018 error"),
        ({"log-driver": "json"}, "D018 error"),
        ({"log-driver": "loki", "log-opts": {"loki-url": "http://192.0.2.10:3100"}}, "D018 warning"),
        ({"log-opts": {"mode": "unblocking"}}, "D019 error"),
        ({"log-driver": "logentries"}, "D018 warning"),
        ({"log-driver": "journald", "log-opts": {"max-size": "10m"}}, "D019 error"),
        ({"log-opts": {"max-file": "0"}}, "D019 error"),
        ({"log-opts": {"compress": "true", "max-size": "10m"}}, "D019 error"),
        ({"storage-driver": "overlay-2"}, "D020 error"),
        ({"storage-driver": "aufs"}, "D020 warning"),
        ({"default-runtime": "nvidia"}, "D021 error"),
        ({"runtimes": {"nvidia": {}}}, "D021 error"),
        ({"bridge": "br0", "bip": "192.168.200.1/24"}, "D022 error"),
        ({"icc": False, "iptables": False}, "D022 error"),
        ({"tlsverify": True, "tlscert": "/c.pem"}, "D022 error"),
        ({"insecure-registries": ["192.0.2.10:99999"]}, "D023 error"),
        ({"hosts": ["http://192.0.2.10:2375"]}, "D017 error"),
        ({"hosts": ["tcp://127.0.0.1:2375/docker"]}, "D017 error"),
        ({"hosts": ["fd//"]}, "D017 error"),
        ({"hosts": ["tcp://127.0.0.1:docker"]}, "D017 error"),
        ({"hosts": ["tcp://127.0.0.1:0"]}, "D017 error"),
        ({"hosts": ["tcp://0.0.0.0:2375"]}, "D024 warning"),
        ({"hosts": ["192.0.2.10"]}, "D024 warning"),
        ({"min-api-version": "v1.44"}, "D017 error"),
        ({"bridge-accept-fwmark": "mark"}, "D017 error"),
        ({"bip": "192.168.200.1/24", "fixed-cidr": "192.168.201.0/25"}, "D022 warning"),
        ({"exec-opts": ["native.cgroupdriver=systemd"], "cgroup-parent": "/docker"}, "D022 error"),
        ({"live-restore": True, "swarm-default-advertise-addr": "eth0"}, "D011 warning"),
        ({"registry-mirrors": ["https://ghcr.io"]}, "D025 warning"),
        ({"ipv6": True}, "D022 warning"),
        ({"storage-driver": "overlay2", "storage-opts": ["overlay2.override_kernel_check=true"]}, "D020 warning"),
        ({"storage-opts": ["overlay2.sise=1G"]}, "D020 error"),
        ({"storage-opts": ["size"]}, "D017 warning"),
        ({"storage-driver": "overlay2", "storage-opts": ["dm.basesize=1G"]}, "D020 error"),
        ({"features": {"containerd-snapshoter": True}}, "D012 error"),
        *((tree, "D019 error") for tree in LOG_VALUES),
        ({"builder": {"gc": {"enabled": True, "policy": [{"filter": ["unused-for=junk"]}]}}}, "D017 error"),
        ({"builder": {"gc": {"enabled": True, "policy": [{"filter": ["until=1h", "until=2h"]}]}}}, "D017 error"),
        ({"builder": {"gc": {"enabled": True, "policy": [{"filter": "unused-for=2h"}]}}}, "D003 error"),
        ({"builder": {"gc": {"enabled": True, "policy": [{"filter": [{"unused-for": "2h"}]}]}}}, "D003 error"),
        ({"builder": {"history": {"maxAge": 24}}}, "D003 error"),
        ({"builder": {"gc": {"enabled": True, "policy": [{"all": True}]}}}, "D015 warning"),
        (
            {"builder": {"gc": {"enabled": True, "defaultKeepStorage": "?", "policy": [{"keepStorage": "1GB"}]}}},
            "D015 warning",
        ),
        ({"nri-opts": {"enable": "true"}}, "D003 error"),
        ({"nri-opts": {"enabled": True}}, "D001 error"),
        ({"runtime": {}}, "D012 error"),
        ({"auths": {}}, "D012 warning"),
        ({"restart": False}, "D013 warning"),
        ({"version": "3"}, "D013 warning"),
        ({"validate": True}, "D013 error"),
        ({"validate": False}, "D013 warning"),
        *((tree, "D017 error") for tree in FORMS),
        ({"bip": "192.168.200.255/24"}, "D008 error"),
        ({"bip": "192.168.200.1/255.255.255.0"}, "D008 error"),
        ({"bip": "192.168.200.1/31"}, "D008 warning"),
        ({"bridge": "averyveryverylongname"}, "D016 error"),
        ({"fixed-cidr": "fd00::/64"}, "D016 error"),
        ({"fixed-cidr-v6": "192.168.1.0/24"}, "D016 error"),
        ({"host-gateway-ips": ["192.0.2.1", "192.0.2.2"]}, "D016 error"),
        ({"default-gateway": "192.168.201.254"}, "D022 error"),
        ({"bip": "192.168.200.1/24", "default-gateway": "192.168.201.254"}, "D022 error"),
        ({"ipv6": True, "fixed-cidr-v6": "fd00::/64", "default-gateway-v6": "fd01::1"}, "D022 error"),
        ({"ipv6": True, "fixed-cidr-v6": "fd00::/64", "default-gateway-v6": "fd00::1"}, "D022 error"),
        ({"ip6tables": True}, "D022 warning"),
        ({"tls": True}, "D022 error"),
        ({"tlsverify": False}, "D022 error"),
        ({"mtu": 67}, "D015 error"),
        ({"oom-score-adjust": 5000}, "D015 warning"),
        ({"network-diagnostic-port": 70000}, "D015 warning"),
        ({"default-shm-size": ""}, "D015 error"),
        ({"default-address-pools": [{"base": "fd00:a::/48", "size": 64}]}, "D009 error"),
        ({"default-address-pools": [{"base": "10.231.0.0/16", "size": 31}]}, "D009 warning"),
        (
            {"default-address-pools": [{"base": "fd00:a::/48", "size": 64}, {"base": "10.0.0.0/16", "size": 24}]},
            "D009 warning",
        ),
        ({"insecure-registries": ["[fe80::1%eth0]:5000"]}, "D023 error"),
        ({"insecure-registries": ["1:2:3:4:5:6:7:8:9"]}, "D023 error"),
        ({"default-address-pools": [{"base": "10.0.0.0/255.0.0.0", "size": 24}]}, "D009 error"),
        ({"dns": ["fe80::1%eth0"]}, "D010 warning"),
        ({"dns": [" 192.0.2.53"]}, "D010 warning"),
        ({"default-runtime": "io.containerd.runsc.v1"}, "D021 warning"),
        ({"runtimes": {"x": {"path": "/x", "runtimeType": "io.containerd.runc.v2"}}}, "D021 warning"),
        ({"runtimes": {"x": {"runtimeType": "io.containerd.runc.v2", "runtimeArgs": ["--debug"]}}}, "D021 warning"),
        (
            {"runtimes": {"x": {"runtimeType": "io.containerd.runc.v2", "options": {"SystemdCgroup": "y"}}}},
            "D021 warning",
        ),
        ({"runtimes": {"x": None}}, "D021 error"),
        ({"seccomp-profile": "default"}, "D014 error"),
        ({"seccomp-profile": "unconfined"}, "D014 warning"),
        ({"storage-driver": "overlayfs"}, "D020 warning"),
        ({"storage-driver": "overlay2", "features": {"containerd-snapshotter": True}}, "D020 warning"),
        ({"storage-driver": "vfs", "storage-opts": ["overlay2.size=1G"]}, "D020 error"),
        ({"storage-opts": ["dm.basesize=20G"]}, "D020 warning"),
        *(({"insecure-registries": [registry]}, "D023 error") for registry in NO_REGISTRIES),
        ({"allow-nondistributable-artifacts": ["http://192.0.2.10:5000"]}, "D023 warning"),
        ({"allow-nondistributable-artifacts": "192.0.2.10"}, "D003 warning"),
        ({"allow-nondistributable-artifacts": []}, "D013 warning"),
        ({"allow-nondistributable-artifacts": {"x": 1}}, "D003 error"),
        ({"containerd-plugins-namespace": "mine"}, "D013 warning"),
        ({"deprecated-key-path": "/etc/docker/key.json"}, "D013 warning"),
        ({"storage-driver": "of-somebody"}, "D020 warning"),
        ({"userland-proxy-path": "docker-proxy"}, "D017 warning"),
        ({"help": {"no-such-key": 1}}, "D001 error"),
        ({"default-runtime": "/usr/bin/crun"}, "D021 error"),
        ({"default-runtime": ".crun"}, "D021 error"),
        ({"default-runtime": "com.example.crun"}, "D021 warning"),
        ({"builder": {"history": {"maxEntries": -1}}}, "D003 error"),
        ({"proxies": None}, "D001 error"),
        ({"dns-opts": [None]}, "D003 warning"),
        ({"registry-mirrors": ["http://a.example", None]}, "D005 error"),
        ({"labels": [None]}, "D017 error"),
        ({"default-address-pools": [None]}, "D003 error"),
        ({"default-address-pools": [{"base": None, "size": 24}]}, "D009 error"),
        ({"default-shm-size": None}, "D003 error"),
        ({"tlsverify": None}, "D022 error"),
        ({"shutdown-timeout": 2**63}, "D003 error"),
        ({"builder": {"history": {"maxEntries": 2**63}}}, "D003 error"),
    ],
)
def test_a_wrong_value_gives_a_finding(tree: Any, finding: str) -> None:
    assert finding in findings_of(tree)


@pytest.mark.parametrize(
    "tree",
    [
        {"proxies": {"http-proxy": "http://p:3128", "no-proxy": "localhost"}},
        {
            "builder": {
                "gc": {"enabled": True, "defaultKeepStorage": "20GB", "policy": [{"keepStorage": "1GB", "all": True}]}
            }
        },
        {"features": {"buildkit": True, "some-later-flag": False, "cdi": None}},
        {"userland-proxy": False, "userland-proxy-path": "docker-proxy"},
        {"nri-opts": {"Enable": False}, "shutdown-timeout": 2**63 - 1, "builder": {"history": {"maxAge": ""}}},
        {"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "runtimeArgs": []}}, "default-runtime": "nvidia"},
        {"runtimes": {"y": {"runtimeType": "io.containerd.youki.v1"}}},
        {"default-ulimits": {"nofile": {"Name": "nofile", "Hard": 64000, "Soft": 64000}}},
        {"default-network-opts": {"bridge": {"com.docker.network.driver.mtu": "1400"}}},
        {"default-address-pools": [{"base": "10.0.0.0/16", "size": 24}]},
        {"log-level": "WARN", "log-format": "json"},
        {"log-driver": "local", "log-opts": {"max-size": "10m", "max-file": "3", "mode": "non-blocking"}},
        {"log-driver": "loki/docker-driver:latest", "log-opts": {"loki-url": "http://x"}},
        {"log-driver": "none", "log-opts": {"max-size": "10m"}},
        {"log-opts": {"compress": "true", "max-size": "10m", "max-file": "3", "labels-regex": "^a"}},
        {"storage-driver": "overlay2", "storage-opts": ["overlay2.size=10G"]},
        {"ipv6": True, "fixed-cidr-v6": "2001:db8:1::/64"},
        {"bip": "192.168.200.1/24", "fixed-cidr": "192.168.200.128/25"},
        {"bip": "192.168.200.1/24", "fixed-cidr": "192.168.0.0/16"},
        {"ipv6": True, "fixed-cidr-v6": "fd00::/126", "mtu": 1280},
        {"exec-opts": ["native.cgroupdriver=systemd"], "cgroup-parent": "docker.slice"},
        {
            "cgroup-parent": "/docker",
            "metrics-addr": "0.0.0.0:9323",
            "min-api-version": "1.44",
            "bridge-accept-fwmark": "0x1/0x3",
        },
        {"registry-mirrors": ["https://mirror.gcr.io"]},
        {"hosts": ["npipe://", "tcp://127.0.0.1:2375"]},
        {"hosts": ["npipe://", "tcp://[::1]:2375", "tcp://localhost", "unix:///run/a.sock"]},
        {"features": {"containerd-snapshotter": True}, "storage-driver": "some-snapshotter"},
        {"builder": {"gc": {"enabled": False, "defaultKeepStorage": "never read"}}},
        {"log-driver": "none", "log-opts": {"mode": "never read", "max-buffer-size": "never read"}},
        {
            "builder": {
                "gc": {"defaultKeepStorage": "20 GiB", "defaultMaxUsedSpace": "1.5tb", "policy": [{"all": True}]}
            }
        },
        {"storage-opts": ["overlay2.size=10G"], "default-shm-size": "1.5g"},
        {"log-opts": {"max-size": "-1", "mode": "non-blocking", "max-buffer-size": "4m"}},
        {"log-opts": {"cache-max-size": "not read by json-file"}},
        {"metrics-addr": "127.0.0.1:9323"},
        {"metrics-addr": "[::1]:9323"},
        {"metrics-addr": "localhost:9323"},
        {"metrics-addr": ""},
        {"bridge": "none"},
        {"icc": False},
        {"iptables": False},
        {"tlsverify": True, "tlscert": "/c.pem", "tlskey": "/k.pem"},
        {"insecure-registries": ["192.0.2.0/24", "registry.example.com", "http://192.0.2.10:5000", "[::1]:5000"]},
        {"labels": ["a=b=c", "empty="], "exec-opts": ["native.cgroupdriver=systemd"], "dns-search": ["."]},
        {"default-shm-size": "64M", "mtu": 0, "ip": "0.0.0.0", "fixed-cidr": "192.168.1.5/25"},
        {"hosts": ["npipe:////./pipe/docker_engine"]},
        {"registry-mirrors": None, "debug": None},
        logs(SYSLOG, address="tcp+tls://192.0.2.1:6514", facility="local3", format="rfc5424micro"),
        logs(SYSLOG, address="udp://192.0.2.1", facility="23"),
        {
            "builder": {
                "gc": {"enabled": True, "policy": [{"keepStorage": "1GB", "filter": {"unused-for": {"48h": True}}}]}
            }
        },
        {
            "builder": {
                "gc": {
                    "enabled": True,
                    "policy": [{"keepStorage": "1GB", "filter": ["unused-for=2200h", "type=regular"]}],
                }
            }
        },
        {"builder": {"history": {"maxAge": "48h", "maxEntries": 50}}, "nri-opts": {"enable": True}},
        logs(GELF, address="udp://192.0.2.1:12201", compression_type="none", compression_level="-1"),
        logs(GELF, address="tcp://192.0.2.1:12201", tcp_max_reconnect="0"),
        logs(FLUENTD, address="192.0.2.1", **{"async": "true"}, retry_wait="1s", max_retries="5", buffer_limit="1m"),
        logs(FLUENTD, address="unix:///run/fluent.sock"),
        logs(AWSLOGS, group="g", create_group="true", region="eu-west-1"),
        {"log-driver": "awslogs", "log-opts": {"awslogs-group": "g", "tag": "a"}},
        {"ipv6": True, "bip6": "fd00::1/64"},
        {"default-ulimits": {"core": {"Name": "CORE", "Hard": -1, "Soft": 9}}},
        bridge(driver__mtu="9000", bridge__enable_icc="false", bridge__gateway_mode_ipv6="routed", own="x"),
        splunk(format="raw", gzip="true", gzip_level="-1", verify_connection="0", insecureskipverify="f"),
        splunk("HTTP://192.0.2.1/"),
        {"log-opts": {"tag": '{{.Name}}/{{printf "}}"}}', "env-regex": "^(A|B)$", "compress": "F"}},
        {"default-address-pools": [{"base": "10.0.0.0/8", "size": 24}], "insecure-registries": ["10.0.0.0/0"]},
        {"registry-mirrors": ["https://europe-docker.pkg.dev"]},
        {"registry-mirrors": ["https://mirror.gcr.io", "https://docker.io.example.com", "https://hub.example.com"]},
        {"log-opts": {"tag": None}},
        {"labels": ["a=b", "a=b", "=c"], "dns-search": ["example.com."]},
        {"node-generic-resources": ["gpu=UUID1", "gpu=UUID2", "ssd=3"], "min-api-version": ""},
        {"bip": "192.168.200.1/24", "default-gateway": "192.168.200.254"},
        {"default-gateway": "172.17.0.254", "mtu": 68},
        {"default-address-pools": [{"Base": "10.231.0.0/16", "Size": 24}, {"base": "fd00:a::/48", "size": 64}]},
        {"host-gateway-ips": ["192.0.2.1", "2001:db8::1"], "seccomp-profile": "/etc/docker/seccomp.json"},
        {"insecure-registries": ["192.0.2.10:", "::1", "HTTP://registry.example.com"]},
    ],
)
def test_a_valid_value_gives_no_finding(tree: Any) -> None:
    assert findings_of(tree) == []


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ('{\n  // mirrors\n  "debug": true\n}', (2, 3), "there is a comment here"),
        ('{\n  "debug": true,\n}', (2, 16), "one too many"),
        ("{\n  \u201cdebug\u201d: true\n}", (2, 3), "a curly quote"),
        ('{\n\u00a0 "debug": true\n}', (2, 1), "an invisible character"),
        ("{'debug': true}", (1, 2), "a single quote"),
        ('{\n  "debug": true\n  "mtu": 1\n}', (3, 3), "a comma is missing"),
        ('{"debug": yes}', (1, 11), "not a value of JSON"),
        ('{\n  "debug": true\n', (1, 1), "never closed"),
    ],
)
def test_text_that_is_not_json_is_a_finding_with_its_place(text: str, place: tuple[int, int], says: str) -> None:
    (finding,) = lint(text)
    assert finding.location
    assert (finding.rule, finding.severity, finding.location.line, finding.location.column) == ("P001", "error", *place)
    assert says in finding.message


def test_findings_have_the_line_of_their_key() -> None:
    text = '{\n  "debug": true,\n  "log-opts": {\n    "max-size": 10\n  },\n  "debug": false\n}'
    assert [(finding.rule, finding.location and finding.location.line) for finding in lint(text)] == [
        ("D004", 4),
        ("P002", 6),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_read_as_dockerd_does(encoding: str) -> None:
    """Docker before 23.0 refuses it."""
    (finding,) = lint_file(SPEC, '{"debug": true}'.encode(encoding))
    assert (finding.rule, finding.severity) == ("P006", "warning")


@pytest.mark.parametrize(
    ("version", "tree", "severities"),
    [
        ("28.5", {"storage-driver": "devmapper"}, ["error"]),
        ("29.7", {"storage-driver": "devmapper"}, []),
        ("29.7", {"storage-driver": "of-somebody"}, ["warning"]),
        ("29.7", {"storage-driver": "overlay-fs"}, ["error"]),
        ("28.5", {"storage-driver": "of-somebody"}, ["error"]),
        ("28.5", {"storage-driver": "of-somebody", "features": {"containerd-snapshotter": True}}, []),
        ("28.5", {"storage-driver": "vfs", "features": {"containerd-snapshotter": True}}, []),
        ("29.7", {"storage-driver": "vfs", "features": {"containerd-snapshotter": True}}, ["error"]),
        ("29.7", {"storage-driver": "stargz", "features": {"containerd-snapshotter": False}}, ["error"]),
    ],
)
def test_which_names_are_drivers_depends_on_the_image_store(version: str, tree: Tree, severities: list[str]) -> None:
    findings = rules.lint({SPEC: tree}, Facts(docker=engine(version)))
    assert [finding.severity for finding in findings] == severities


VALID = json.dumps(
    {
        "builder": {"gc": {"enabled": True, "policy": [{"all": True}]}},
        "default-address-pools": [{"base": "10.0.0.0/16", "size": 24}],
        "runtimes": {"x": {"path": "/x"}},
        "log-opts": {"max-size": "10m"},
        "proxies": {"http-proxy": "http://p"},
    },
    indent=1,
)


@given(st.integers(0, len(VALID) - 1), st.sampled_from(["", "{", '"', "[", "1", "null", ",", "\u00e4", "\x00"]))
def test_no_change_of_a_valid_file_is_a_crash(at: int, character: str) -> None:
    lint(VALID[:at] + character + VALID[at + 1 :])


@pytest.mark.parametrize(
    ("driver", "options", "fix"),
    [
        ("gelf", {"geelf-address": "udp://logs.example.com:12201"}, "write gelf-address"),
        ("awslogs", {"awslog-group": "x"}, "write awslogs-group"),
        ("splunk", {"splunkToken": "x", "splunk-url": "https://192.0.2.1:8088"}, "write splunk-token"),
    ],
)
def test_a_misspelt_log_option_is_not_missing_too(driver: str, options: Tree, fix: str) -> None:
    (finding,) = lint(json.dumps({"log-driver": driver, "log-opts": options}))
    assert (finding.rule, finding.severity, finding.fix) == ("D019", "error", fix)


def test_rules_without_a_size_are_reported_once() -> None:
    policy: list[Value] = [{"all": True}, {"keepStorage": "1GB"}, {"filter": ["unused-for=48h"]}]
    tree: Tree = {"builder": {"gc": {"enabled": True, "policy": policy}}}
    said = [(key_text(key), text, fix) for rule, _, key, text, fix in sizes(tree, (26, 1)) if rule == "D015"]
    text = "has no keepStorage: dockerd does not start before 28.0"
    fix = 'add for example "keepStorage": "10GB"; other rules without it: 1'
    assert said == [("builder.gc.policy[0]", text, fix)]
    assert [*sizes(tree, (28, 0))] == []


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"max-size": "10m"}, "unknown key, which belongs under log-opts: dockerd refuses the whole file"),
        ({"buildkit": True}, "unknown key, which belongs under features: dockerd refuses the whole file"),
        ({"cgroup-driver": "systemd"}, "unknown key, which belongs under exec-opts: dockerd refuses the whole file"),
        (
            {"credsStore": "desktop"},
            "unknown key, which is a key of the client's ~/.docker/config.json: dockerd refuses the whole file",
        ),
        (
            {"auths": {"registry.example.com": {}}},
            "unknown key, which is a key of the client's ~/.docker/config.json: dockerd refuses the whole file",
        ),
        ({"maximum-size": "10m"}, "unknown key: dockerd refuses the whole file"),
        (
            {"default-address-pools": [{"base": "10.10.0.0/16", "size": 8}]},
            "has a size of 8, which must be from 16, the prefix of base, to 32",
        ),
        ({"default-address-pools": [{"base": "10.10.0.0/16", "size": 16}]}, ""),
        ({"tlsverify": True}, "needs tlscert and tlskey: dockerd does not start"),
        (
            {"tlsverify": False},
            "turns TLS on even if it is false, and then needs tlscert and tlskey: dockerd does not start",
        ),
        (
            {"proxies": {"http-proxy": "http://p:3128", "no-proxy": ["localhost"]}},
            "must be a string: dockerd refuses the whole file",
        ),
    ],
)
def test_a_key_or_value_of_another_tool_is_explained(tree: Tree, expected: str) -> None:
    assert [finding.message for finding in lint(json.dumps(tree))] == ([expected] if expected else [])
