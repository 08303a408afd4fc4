"""What dockerd would refuse or fail on, with and without knowing the host."""

from __future__ import annotations

import pytest

from runnerops.model.common import Tree
from runnerops.model.facts import DockerFacts, Facts
from runnerops.services import DOCKER
from runnerops.services.docker.schema import KEYS, key_of_flag
from runnerops.services.shared.versions import version_of
from tests.unit.services.builders import daemon, engine


def findings_of(tree: Tree, facts: DockerFacts | None = None) -> list[str]:
    host_facts = Facts(docker=facts) if facts else None
    return [
        f"{finding.rule} {finding.severity} {finding.message}"
        for finding in DOCKER.lint({daemon(tree).spec: tree}, host_facts)
    ]


PACKAGE: Tree = {"name": "a", "private": True, "scripts": {"start": "b"}, "license": "MIT", "main": "c", "version": "1"}


def test_a_file_with_none_of_the_keys_is_another_file() -> None:
    expected = ["D001 error none of the 6 keys of this file is one of daemon.json: dockerd refuses the whole file"]
    assert findings_of(PACKAGE) == expected
    assert len(findings_of({**PACKAGE, "debug": True})) == len(PACKAGE), "each is named beside a known one"
    assert len(findings_of({**PACKAGE, "debg": True})) == len(PACKAGE) + 1, (
        "each is named beside one that is nearly known"
    )
    assert len(findings_of({name: PACKAGE[name] for name in [*PACKAGE][:5]})) == 5, "each of a few is named"
    assert findings_of({**PACKAGE, "empty": {}}) == [
        "D001 error none of the 7" + expected[0].removeprefix("D001 error none of the 6")
    ]


PROXY = {"http-proxy": "http://proxy.example.com:3128"}


@pytest.mark.parametrize(
    ("proxies", "mirror", "fires"),
    [
        (PROXY, "http://10.0.0.5:5000", True),
        (PROXY, "http://mirror:5000", True),
        (PROXY, "http://mirror.lan", True),
        (PROXY, "http://100.64.0.9:5000", True),
        (PROXY, "http://[fd00::5]:5000", True),
        ({**PROXY, "no-proxy": "localhost,10.1.0.0/16"}, "http://10.0.0.5:5000", True),
        ({**PROXY, "no-proxy": "localhost,10.0.0.0/16"}, "http://10.0.0.5:5000", False),
        ({**PROXY, "no-proxy": "10.0.0.5:5001"}, "http://10.0.0.5:5000", True),
        ({**PROXY, "no-proxy": "10.0.0.5:5000"}, "http://10.0.0.5:5000", False),
        ({**PROXY, "no-proxy": ".lan"}, "http://mirror.lan", False),
        ({**PROXY, "no-proxy": "*"}, "http://mirror:5000", False),
        (PROXY, "http://127.0.0.1:5000", False),
        (PROXY, "http://8.8.8.8:5000", False),
        (PROXY, "http://mirror.example.com", False),
        (PROXY, "https://10.0.0.5:5000", False),
        ({"https-proxy": "http://proxy.example.com:3128"}, "https://10.0.0.5:5000", True),
        ({"http-proxy": ""}, "http://10.0.0.5:5000", False),
        ({}, "http://10.0.0.5:5000", False),
    ],
)
def test_a_mirror_of_ones_own_behind_the_proxy(proxies: Tree, mirror: str, fires: bool) -> None:
    findings = DOCKER.lint({daemon({}).spec: {"proxies": proxies, "registry-mirrors": [mirror]}}, None)
    assert [(finding.rule, finding.severity, finding.key) for finding in findings] == (
        [("X008", "warning", ("proxies", [*proxies][-1]))] if fires else []
    )


@pytest.mark.parametrize(
    ("mirror", "severity", "fix"),
    [
        (
            "mirror.example.com",
            "error",
            "write https://mirror.example.com, or http://mirror.example.com if it has no TLS",
        ),
        ("192.0.2.10:5000", "error", "write http://192.0.2.10:5000"),
        ("${MIRROR}", "error", "write the mirror's own address"),
        ("https://${MIRROR}", "error", "write the mirror's own address"),
        ("https://{{ mirror }}", "error", "write the mirror's own address"),
        ("https://<id>.example.com", "warning", "write the mirror's own address"),
        ("x:https://mirror.example.com", "error", "write https://mirror.example.com"),
        ("https://mirror.example.com ", "error", "write https://mirror.example.com"),
        ("https://u:p@mirror.example.com", "error", "write https://mirror.example.com"),
        ("https://a.example.com,https://b.example.com", "warning", 'write "https://a.example.com", "https://b'),
        ("https://a%41", "error", "write http://ADDRESS:PORT"),
        ("https://a^b", "error", "write http://ADDRESS:PORT"),
        ("https://a b", "error", "write http://ADDRESS:PORT"),
        ("https://a.example.com?", "", ""),
        ("https://m\u00fcller.example.com", "", ""),
        ("https://[2001:db8::1]:5000", "", ""),
    ],
)
def test_what_to_write_for_a_mirror(mirror: str, severity: str, fix: str) -> None:
    findings = DOCKER.lint({daemon({}).spec: {"registry-mirrors": [mirror]}}, None)
    assert [(finding.rule, finding.severity) for finding in findings] == ([("D005", severity)] if severity else [])
    assert all(finding.fix.startswith(fix) for finding in findings)


@pytest.mark.parametrize(
    ("entry", "says", "fix"),
    [
        ("ip:port", "has a port that is no number", "write for example"),
        ("${HOST}:5000", "nothing is replaced in this file", "write the address itself"),
        ("a_b:5000", "must be HOST, HOST:PORT or a network: dockerd does not start", "write for example"),
        ("hub.example.com/team", "must have no path", "write hub.example.com"),
        ("http://192.0.2.10:5000/", "must have no path", "write 192.0.2.10:5000"),
        (" hub.example.com:5000", "has a space at its beginning or end", "write hub.example.com:5000"),
        ("a_b/c", "must be HOST, HOST:PORT or a network", "write for example"),
    ],
)
def test_what_is_wrong_with_an_insecure_registry(entry: str, says: str, fix: str) -> None:
    (finding,) = DOCKER.lint({daemon({}).spec: {"insecure-registries": [entry]}}, None)
    assert finding.rule == "D023"
    assert says in finding.message
    assert finding.fix.startswith(fix)


@pytest.mark.parametrize(
    ("tree", "key", "fix"),
    [
        ({"bip": "172.26.0.0/24"}, "bip", "write 172.26.0.1/24"),
        ({"bip": "172.26.0.1"}, "bip", "write 172.26.0.1/24"),
        ({"bip": "172.26.0"}, "bip", "write for example 192.168.200.1/24"),
        ({"dns": ["192.0.2.53:53"]}, "dns[0]", "write 192.0.2.53"),
        ({"dns": ["192.0.2.1,192.0.2.2"]}, "dns[0]", 'write "192.0.2.1", "192.0.2.2"'),
        ({"default-ulimits": {"nofile": {"Hard": 9, "Soft": 9}}}, "default-ulimits.nofile", 'add "Name": "nofile"'),
        ({"metrics-addr": 9323}, "metrics-addr", 'put it in quotes: "9323"'),
        ({"registry": {"mirrors": []}}, "registry.mirrors", "write registry-mirrors"),
        ({"dns": ["ns.example.com:53"]}, "dns[0]", "write an address, such as 192.0.2.53, instead of a name"),
        ({"proxies": {"no-proxy": ["a", ".b"]}}, "proxies.no-proxy", 'write one string: "a,.b"'),
        ({"proxies": {"no-proxy": 1}}, "proxies.no-proxy", 'put it in quotes: "1"'),
        ({"runtimes": {"a": {"path": "a", "runtimeArgs": ""}}}, "runtimes.a.runtimeArgs", "write []"),
        ({"default-network-opts": {"bridge": "mtu=9"}}, "default-network-opts.bridge", 'write {"mtu": "9"}'),
        ({"default-runtime": "nvida", "runtimes": {"nvidia": {"path": "n"}}}, "default-runtime", "write nvidia"),
        ({"features": {"buildkit": "true"}}, "features.buildkit", "write true or false, without quotes"),
        ({"features": {"dns": ["a"]}}, "features.dns", "move it to the top of the file"),
        ({"selinux": True}, "selinux", "write selinux-enabled"),
        ({"registry-mirrors": ["https:/hub.example.com"]}, "registry-mirrors[0]", "write https://hub.example.com"),
        ({"registry-mirrors": ["http//192.0.2.1:5000"]}, "registry-mirrors[0]", "write http://192.0.2.1:5000"),
        ({"registry-mirrors": ["http:// hub.example.com"]}, "registry-mirrors[0]", "write http://hub.example.com"),
        ({"dns-servers": ["192.0.2.53"]}, "dns-servers", "write dns"),
        ({"data-root": "/a", "graph": "/a"}, "graph", "take it out"),
        ({"log-driver": "cloudwatch"}, "log-driver", "write awslogs"),
        ({"log-driver": "gcp"}, "log-driver", "write gcplogs"),
        ({"log-driver": "syslog", "log-opts": {"syslog-tag": "a"}}, "log-opts.syslog-tag", "write tag"),
        (
            {"registry-mirrors": [{"url": "https://a.example.com"}]},
            "registry-mirrors[0]",
            'write ["https://a.example.com"]',
        ),
        ({"labels": ["a=b", 5]}, "labels[1]", 'write ["a=b", "5"]'),
        ({"labels": [{"team": "ci"}]}, "labels[0]", 'write ["team=ci"]'),
        ({"registry-mirrors": ["https://hub.example.com?a=1"]}, "registry-mirrors[0]", "write https://hub.example.com"),
        (
            {"registry-mirrors": ["docker.io=https://a.example.com"]},
            "registry-mirrors[0]",
            "write https://a.example.com",
        ),
        ({"gateway": "192.0.2.1"}, "gateway", "write default-gateway"),
        ({"insecure-registries": {"192.0.2.1:5000": True}}, "insecure-registries", 'write ["192.0.2.1:5000"]'),
        ({"insecure-registries": ["https//192.0.2.1"]}, "insecure-registries[0]", "write 192.0.2.1"),
        (
            {"insecure-registries": ["a.example,b.example:1"]},
            "insecure-registries[0]",
            'write "a.example", "b.example:1"',
        ),
        ({"runtimes": {"a": {"runtime-type": "io.a.v2"}}}, "runtimes.a.runtime-type", "write runtimeType"),
        ({"runtimes": {"a": {"binary": "/a"}}}, "runtimes.a.binary", "write path"),
        (
            {"default-address-pools": [{"base": ["10.0.0.0/8"], "size": 24}]},
            "default-address-pools[0].base",
            'write one string: "10.0.0.0/8"',
        ),
        (
            {"default-ulimits": {"core": {"Name": "core", "Hard": "unlimited", "Soft": 0}}},
            "default-ulimits.core.Hard",
            "write -1, which is no limit",
        ),
        ({"https_proxy": "http://192.0.2.1:1"}, "https_proxy", "write proxies: {https-proxy: …}"),
        ({"proxies": "http://192.0.2.1:1"}, "proxies", 'write {"http-proxy": "http://192.0.2.1:1"}'),
        ({"proxies": {"http": "http://192.0.2.1:1"}}, "proxies.http", "write http-proxy"),
        ({"log-driver": {"type": "local"}}, "log-driver", 'write one string: "local"'),
        ({"log-opts": {"options": {"max-size": "1m"}}}, "log-opts.options", "move its keys up, to log-opts: max-size"),
        (
            {"default-network-opts": {"com.docker.network.driver.mtu": "1450"}},
            "default-network-opts.com.docker.network.driver.mtu",
            'write {"bridge": {"com.docker.network.driver.mtu": "1450"}}',
        ),
        ({"builder": {"enabled": True}}, "builder.enabled", "write gc: {enabled: …}"),
        (
            {"default-ulimits": {"nofile": {"Name": "nofile", "Hard": 9, "min": 9}}},
            "default-ulimits.nofile.min",
            "write Soft",
        ),
        (
            {"default-ulimits": {"nofile": {"Name": "nofiles", "Hard": 9, "Soft": 9}}},
            "default-ulimits.nofile.Name",
            "write nofile",
        ),
        (
            {"default-ulimits": {"nofile": {"Name": "nofile", "Hard": 9, "Soft": 10}}},
            "default-ulimits.nofile",
            "raise Hard, or lower Soft",
        ),
        ({"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 10}}}, "default-ulimits.nofile", "add Hard"),
        ({"default-runtime": "n", "runtime": {"n": {"path": "n"}}}, "runtime", "write runtimes"),
        (
            {"storage-driver": "overlay2", "storage-opts": ["overlay2.size"]},
            "storage-opts[0]",
            "write overlay2.size=VALUE",
        ),
        ({"mirrors": ["http://192.0.2.1:5000"]}, "mirrors", "write registry-mirrors"),
        ({"mirror-registries": ["http://192.0.2.1:5000"]}, "mirror-registries", "write registry-mirrors"),
        ({"shm-size": "1g"}, "shm-size", "write default-shm-size"),
        ({"size": "1g"}, "size", "take it out"),
        ({"ulimits": {"nofile": {"Name": "nofile", "Hard": 9, "Soft": 9}}}, "ulimits", "write default-ulimits"),
        ({"proxy": {"http-proxy": "http://192.0.2.1:3128"}}, "proxy", "write proxies"),
        ({"gc": {"enabled": True, "policy": []}}, "gc", 'write "builder": {"gc": {…}}'),
        (
            {"registry-mirrors": {"docker.io": ["http://192.0.2.1:5000"]}},
            "registry-mirrors",
            'write ["http://192.0.2.1:5000"]',
        ),
        ({"registry-mirrors": [None]}, "registry-mirrors[0]", "write http://ADDRESS:PORT or https://NAME"),
        ({"labels": {"team": "ci"}}, "labels", 'write ["team=ci"]'),
        ({"userns-remap": True}, "userns-remap", 'write "default", or "USER:GROUP"'),
        (
            {"seccomp-profile": {"defaultAction": "a"}},
            "seccomp-profile",
            "save the profile as a file, and write its path",
        ),
        ({"builder": {"entitlements": ["device"]}}, "builder.entitlements", 'write {"device": true}'),
        (
            {"proxies": {"ftp-proxy": "a"}},
            "proxies.ftp-proxy",
            "take it out; the keys here are http-proxy, https-proxy, no-proxy",
        ),
        (
            {"runtimes": {"a": {"path": "/a", "options": {"b": 1}}}},
            "runtimes.a",
            "take options out, or write runtimeType instead of path",
        ),
        ({"log-opts": ["max-size=10m"]}, "log-opts", 'write {"max-size": "10m"}'),
        ({"features": ["buildkit"]}, "features", 'write {"buildkit": true}'),
        ({"runtimes": {"n": "n-runtime"}}, "runtimes.n", 'write {"path": "n-runtime"}'),
        (
            {"default-ulimits": {"nofile": "64:128"}},
            "default-ulimits.nofile",
            'write {"Name": "nofile", "Soft": 64, "Hard": 128}',
        ),
        (
            {"default-address-pools": {"base": "10.0.0.0/8", "size": 24}},
            "default-address-pools",
            'write [{"base": "10.0.0.0/8", "size": 24}]',
        ),
        (
            {"default-address-pools": ["10.0.0.0/8"]},
            "default-address-pools[0]",
            'write {"base": "10.0.0.0/8", "size": 24}',
        ),
        (
            {"default-address-pools": [{"subnet": "10.0.0.0/8", "size": 24}]},
            "default-address-pools[0].subnet",
            "write base",
        ),
        ({"builder": {"gc": {"policy": {"all": True}}}}, "builder.gc.policy", 'write [{"all": true}]'),
        ({"storage-driver": "overlay2", "storage-opts": ["size=9G"]}, "storage-opts[0]", "write overlay2.size"),
        ({"storage-driver": "overlayfs2"}, "storage-driver", "write overlay2"),
        (
            {"log-driver": "gelf", "log-opts": {"gelf-address": "logs.example.com:12201"}},
            "log-opts.gelf-address",
            "write udp://logs.example.com:12201, or tcp instead of udp",
        ),
        ({"log-driver": "syslog", "log-opts": {"syslog-address": "ftp://a:1"}}, "log-opts.syslog-address", ""),
        (
            {"log-driver": "splunk", "log-opts": {"splunk-token": "a", "splunk-url": "a.example.com:8088/x"}},
            "log-opts.splunk-url",
            "write https://a.example.com:8088",
        ),
    ],
)
def test_what_to_write_instead_of_a_value(tree: Tree, key: str, fix: str) -> None:
    (finding,) = DOCKER.lint({daemon({}).spec: tree}, None)
    assert (finding.label, finding.fix) == (key, fix)


def test_each_key_of_another_tools_block_is_named() -> None:
    findings = DOCKER.lint({daemon({}).spec: {"logging": {"driver": "local", "options": {"max-size": "1m"}}}}, None)
    assert [finding.fix for finding in findings] == ["write log-driver", "write log-opts"]


def test_a_text_in_the_place_of_a_list_is_shown_as_a_list() -> None:
    (finding,) = DOCKER.lint({daemon({}).spec: {"insecure-registries": "192.0.2.10:5000"}}, None)
    assert (finding.rule, finding.fix) == ("D003", 'write ["192.0.2.10:5000"]')


def test_a_key_that_has_another_name_now() -> None:
    (finding,) = DOCKER.lint({daemon({}).spec: {"graph": "/data/docker"}}, None)
    assert (finding.rule, finding.fix) == ("D002", "write data-root")


@pytest.mark.parametrize(
    ("tree", "finding"),
    [
        ({"registry-miror": []}, "D001 error unknown key, did you mean 'registry-mirrors'?"),
        ({"registry-mirror": []}, "D013 error this is the name of a flag of dockerd, which does nothing in the file"),
        ({"quux": 1}, "D001 error unknown key: dockerd refuses the whole file"),
        (
            {"concurrent": 4},
            "D001 error unknown key, which is a key of gitlab-runner's config.toml: dockerd refuses the whole file",
        ),
        ({"tmu": 1}, "D001 error unknown key, did you mean 'mtu'?"),
        ({"log-ops": {"max-size": "10m"}}, "D001 error unknown key, did you mean 'log-opts'?"),
        ({"log-options": {"max-size": "10m", "tag": "x"}}, "D001 error unknown key, did you mean 'log-opts'?"),
        ({"runtime": {"nvidia": {"path": "/n"}}}, "D001 error unknown key, did you mean 'runtimes'?"),
        ({"bulder": {"gc": {"enabled": True}}}, "D001 error unknown key, did you mean 'builder'?"),
        ({"log-ops": {"debug": True}}, "D012 error unknown key, which dockerd ignores, did you mean 'log-opts'?"),
        ({"logs": {"max-size": "10m"}}, "D001 error unknown key: dockerd refuses the whole file"),
        ({"ip6": "a"}, "D001 error unknown key, did you mean 'ipv6' or 'bip6'?"),
        ({"proxies": {"httsp-proxy": "a"}}, "D001 error unknown key, did you mean 'https-proxy'?"),
        (
            {"proxies": {"default": {"httpProxy": "http://a:8080"}}},
            "D001 error unknown key, as in the client's ~/.docker/config.json: dockerd refuses the whole file",
        ),
        ({"log-opts": {"labels": ["a"]}}, "D004 error must be a string"),
        (
            {"runtimes": {"nvidia": {"path": "/n", "args": ["--debug"]}}},
            "D012 error unknown key, which dockerd ignores, did you mean 'runtimeArgs'?",
        ),
        (
            {"builder": {"gc": {"enabled": True, "policy": [{"keepStorage": "1GB", "keepDuration": "48h"}]}}},
            "D012 warning unknown key, which dockerd ignores: here an age is a filter",
        ),
        ({"debug": "yes"}, "D003 error must be true or false: dockerd refuses the whole file"),
        ({"mtu": True}, "D003 error must be a whole number that fits into 64 bits: dockerd refuses the whole file"),
        ({"dns": "192.0.2.1"}, "D003 error must be a list of strings: dockerd refuses the whole file"),
        ({"log-opts": {"max-file": 3}}, "D004 error must be a string"),
        ({"registry-mirrors": ["192.0.2.10:5000"]}, "D005 error is not a plain http or https URL"),
        ({"registry-mirrors": ["ftp://a"]}, "D005 error is not a plain http or https URL"),
        ({"registry-mirrors": ["http://a b"]}, "D005 error is not a plain http or https URL"),
        ({"registry-mirrors": ["http://[::1"]}, "D005 error is not a plain http or https URL"),
        (
            {"registry-mirrors": ["http://u:p@a:5000"]},
            "D005 error has a user or password, which dockerd does not accept for a mirror",
        ),
        ({"registry-mirrors": ["http://a/?x"]}, "D005 error has a query or a fragment"),
        ({"registry-mirrors": ["http://a/b"]}, "D006 warning a mirror with a path is refused by dockerd before 25.0"),
        (
            {"hosts": ["unix:///x"]},
            "D007 warning dockerd does not start if docker's unit sets it as a flag too (-H), as the packaged unit does",
        ),
        (
            {"bip": "10.0.0.0/24"},
            "D008 error must be an IPv4 address with its prefix, which is not the first or last address of its network",
        ),
        ({"bip": "10.0.0.1"}, "D008 error must be an IPv4 address with its prefix"),
        ({"default-address-pools": [{"base": "10.0.0.0/16"}]}, "D009 error has no size"),
        ({"dns": ["ns.example.com"]}, "D010 error must be an IP address: dockerd refuses the whole file"),
    ],
)
def test_findings_that_need_no_facts_of_the_host(tree: Tree, finding: str) -> None:
    assert findings_of(tree) == [finding]


def test_a_file_of_nvidias_tool_gives_no_finding() -> None:
    assert findings_of({"runtimes": {"nvidia": {"path": "nvidia-container-runtime", "args": []}}}) == []


@pytest.mark.parametrize(
    ("tree", "facts", "finding"),
    [
        ({"hosts": ["fd://"]}, engine(argv=("/usr/bin/dockerd",)), []),
        ({"registry-mirrors": ["http://a/b"]}, engine("25.0.1"), []),
        (
            {"registry-mirrors": ["http://a/b"]},
            engine("24.0.9"),
            ["D006 error a mirror with a path is refused by dockerd before 25.0"],
        ),
        (
            {"firewall-backend": "nftables"},
            engine("28.5.2"),
            ["D002 error this host's dockerd does not know it before 29.0"],
        ),
        (
            {"cluster-store": "x"},
            engine("26.1.5"),
            ["D002 error dockerd does not know it any more since 23.0, and refuses the file"],
        ),
        (
            {"live-restore": True},
            engine(swarm=True),
            ["D011 error it cannot be combined with swarm mode, which is active on this host"],
        ),
    ],
)
def test_findings_that_depend_on_facts_of_the_host(tree: Tree, facts: DockerFacts, finding: list[str]) -> None:
    assert findings_of(tree, facts) == finding


def test_a_valid_file_gives_no_finding() -> None:
    tree: Tree = {
        "live-restore": True,
        "bip": "172.18.0.1/16",
        "default-address-pools": [{"base": "10.231.0.0/16", "size": 24}],
        "dns": ["192.0.2.1", "fd00::1"],
        "log-driver": "json-file",
        "log-opts": {"max-size": "10m", "max-file": "3"},
        "registry-mirrors": ["http://192.0.2.10:5000", "https://[fd00::1]:5000/"],
        "features": {"containerd-snapshotter": False},
        "proxies": {"http-proxy": "http://192.0.2.1:3128", "no-proxy": "192.0.2.0/24"},
        "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 1, "Soft": 1}},
    }
    assert findings_of(tree, engine("28.5.2")) == []


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("-H", "hosts"),
        ("-Hfd://", "hosts"),
        ("--host=fd://", "hosts"),
        ("--registry-mirror", "registry-mirrors"),
        ("--log-opt=a=b", "log-opts"),
        ("--bip", "bip"),
        ("-D", "debug"),
        ("fd://", ""),
    ],
)
def test_flags_and_their_keys(word: str, key: str) -> None:
    assert key_of_flag(word) == key


def test_versions_of_the_table_can_be_read() -> None:
    for key in KEYS.values():
        assert all(version_of(text) for text in (key.since, key.until) if text), key.name
