"""Rules that compare the files of a host and the caches of the inventory, each with a case in which it only just does
not fire.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runnerops.model.common import key_text
from runnerops.planning.lint.across import lint_across
from runnerops.planning.lint.known_caches import KnownCaches
from runnerops.services.shared.no_proxy import bypasses
from tests.unit.inventory_texts import load

CACHE = (
    "  c: {address: 192.0.2.20, registry: {caches:"
    " [{upstream: 'https://registry-1.docker.io', listen: '192.0.2.20:5000'%s}]}}\n"
)


def findings_of(folder: Path, host: str, cache: str = CACHE % "") -> list[str]:
    inventory = load(folder, f"hosts:\n{cache}  a: {{address: 192.0.2.10, {host}}}\n")
    host_a = next(host for host in inventory.hosts if host.name == "a")
    return [
        f"{finding.rule} {finding.severity} {key_text(finding.key)}: {finding.message}"
        for finding in lint_across(KnownCaches(inventory), host_a)
    ]


@pytest.mark.parametrize(
    ("host", "says"),
    [
        (
            "docker: {registry-mirrors: ['https://192.0.2.20:5000']}",
            "X011 error registry-mirrors[0]: is not a cache",
        ),
        ("docker: {registry-mirrors: ['http://192.0.2.20:5001']}", "which has another port"),
        ("docker: {registry-mirrors: ['http://192.0.2.20:5000']}", ""),
        ("docker: {registry-mirrors: ['http://192.0.2.20:5000/']}", ""),
        ("docker: {registry-mirrors: ['HTTP://192.0.2.20:5000']}", ""),
        ("docker: {registry-mirrors: ['http://192.0.2.99:5001']}", ""),
        ("docker: {}", ""),
        ("docker: {insecure-registries: ['10.0.0.0/8'], registry-mirrors: ['https://10.0.0.5:5000']}", ""),
        ("docker: {insecure-registries: ['10.0.0.5:5000'], registry-mirrors: ['https://10.0.0.5:5000']}", ""),
        ("docker: {insecure-registries: ['10.0.0.5:5001'], registry-mirrors: ['https://10.0.0.5:5000']}", "X010 info"),
        ("docker: {registry-mirrors: ['https://127.0.0.1:5000']}", ""),
        ("docker: {registry-mirrors: ['http://127.0.0.1:5001']}", ""),
        (
            "docker: {registry-mirrors: ['http://localhost:5000']}",
            "X011 warning registry-mirrors[0]: is this host itself, where no such cache listens: dockerhub of c is http://192",
        ),
        (
            "docker: {registry-mirrors: ['http://localhost:5000']}, "
            "registry: {caches: [{upstream: 'https://registry-1.docker.io', listen: '127.0.0.1:5000'}]}",
            "",
        ),
        (
            "docker: {registry-mirrors: ['https://mirror.lan']}",
            "X010 info registry-mirrors[0]: if an authority of your own signed its certificate",
        ),
        ("docker: {registry-mirrors: ['https://mirror.example.com']}", ""),
        ("docker: {registry-mirrors: ['http://mirror.lan']}", ""),
    ],
)
def test_mirrors(tmp_path: Path, host: str, says: str) -> None:
    findings = findings_of(tmp_path, host)
    assert any(says in text for text in findings) if says else findings == []


def test_a_mirror_on_the_bridge_where_only_another_host_has_a_cache(tmp_path: Path) -> None:
    cache = "  c: {address: 192.0.2.20, registry: {caches: [{listen: '172.17.0.1:5000'}]}}\n"
    mirror = "docker: {registry-mirrors: ['http://172.17.0.1:500%s']}"
    assert findings_of(tmp_path, mirror % 1, cache) == []
    assert findings_of(tmp_path, f"{mirror % 0}, registry: {{caches: [{{}}]}}", cache) == []
    (text,) = findings_of(tmp_path, mirror % 0, cache)
    assert text.startswith(
        "X011 warning registry-mirrors[0]: is this host itself, where no such cache listens: dockerhub"
    )
    assert text.endswith("is only for its own host")


PUBLIC = (
    "  c: {address: 192.0.2.20, registry: {caches:"
    " [{upstream: 'https://registry-1.docker.io', listen: '192.0.2.20:5000', url: 'http://cache.example.com'}]}}\n"
)


@pytest.mark.parametrize(
    ("docker", "says"),
    [
        ("proxies: {http-proxy: 'http://p:3128', no-proxy: localhost}", ["X008 warning proxies.no-proxy"]),
        ("proxies: {http-proxy: 'http://p:3128', no-proxy: cache.example.com}", []),
        ("proxies: {https-proxy: 'http://p:3128'}", []),
        ("proxies: {http-proxy: 'http://p:3128'}, registry-mirrors: ['http://other.example.com']", []),
        ("proxies: {http-proxy: 'http://p:3128'}, registry-mirrors: ['http://10.0.0.5:5000']", []),
    ],
)
def test_a_cache_with_a_public_name_behind_the_proxy(tmp_path: Path, docker: str, says: list[str]) -> None:
    """The rules of daemon.json find mirrors with a private name themselves."""
    assert [text.partition(":")[0] for text in findings_of(tmp_path, f"docker: {{{docker}}}", PUBLIC)] == says


@pytest.mark.parametrize(
    ("listen", "bip", "fires"),
    [
        ("172.17.0.1:5000", "172.31.0.1/24", True),
        ("172.17.0.1:5000", "172.17.0.1/24", False),
        ("172.31.0.1:5000", "172.31.0.1/24", False),
        ("192.0.2.10:5000", "172.31.0.1/24", False),
    ],
)
def test_a_cache_on_an_address_that_the_bridge_does_not_have(
    tmp_path: Path, listen: str, bip: str, fires: bool
) -> None:
    findings = findings_of(tmp_path, f"docker: {{bip: {bip}}}, registry: {{caches: [{{listen: '{listen}'}}]}}", "")
    assert [text.partition(":")[0] for text in findings] == (["X016 warning caches[0].listen"] if fires else [])


@pytest.mark.parametrize(("serves", "fires"), [("ghcr.io", True), ("docker.io", False)])
def test_a_cache_of_another_registry_as_a_mirror(tmp_path: Path, serves: str, fires: bool) -> None:
    cache = CACHE % f", serves: {serves}"
    if fires:
        cache = cache.replace("https://registry-1.docker.io", "https://ghcr.io")
    findings = findings_of(tmp_path, "docker: {registry-mirrors: ['http://192.0.2.20:5000']}", cache)
    assert [text.partition(":")[0] for text in findings] == (["X005 error registry-mirrors[0]"] if fires else [])


NAMED = (
    "  c: {address: 192.0.2.20, registry: {caches:"
    " [{upstream: 'https://%s', listen: '0.0.0.0:5000', url: 'http://Cache.lan'}]}}\n"
)


@pytest.mark.parametrize(
    ("upstream", "mirror", "says"),
    [
        ("registry-1.docker.io", "http://cache.lan:80/", []),
        ("registry-1.docker.io", "http://cache.lan.", []),
        ("registry-1.docker.io", "http://192.0.2.20:5000", []),
        ("registry-1.docker.io", "http://192.0.2.20:5001", ["X011 warning"]),
        ("registry-1.docker.io", "https://192.0.2.20:5000", ["X011 error"]),
        ("registry-1.docker.io", "http://192.0.2.21:5001", []),
        ("ghcr.io", "http://192.0.2.20:5000", ["X005 error"]),
        ("ghcr.io", "https://192.0.2.20:5000", ["X005 error"]),
        ("ghcr.io", "http://192.0.2.20:5001", []),
    ],
)
def test_a_cache_by_another_of_its_addresses(tmp_path: Path, upstream: str, mirror: str, says: list[str]) -> None:
    findings = findings_of(tmp_path, f"docker: {{registry-mirrors: ['{mirror}']}}", NAMED % upstream)
    assert [text.rpartition(" registry-mirrors[0]: ")[0] or text.partition(" registry")[0] for text in findings] == says


def test_a_cache_on_the_loopback_is_that_of_its_own_host(tmp_path: Path) -> None:
    other = (
        "  c: {address: 192.0.2.20, registry: {caches: [{upstream: 'https://ghcr.io', listen: '127.0.0.1:5000'}]}}\n"
    )
    mirror = "docker: {registry-mirrors: ['http://localhost:5000']}"
    assert findings_of(tmp_path, mirror, other) == []
    own = "registry: {caches: [{upstream: 'https://ghcr.io', listen: '127.0.0.1:5000'}]}"
    assert [text[:10] for text in findings_of(tmp_path, f"{mirror}, {own}", other)] == ["X005 error"]


def test_of_several_caches_on_a_host_that_of_the_port_is_named(tmp_path: Path) -> None:
    cache = CACHE % "}, {upstream: 'https://ghcr.io', listen: '192.0.2.20:5001'"
    findings = findings_of(tmp_path, "docker: {registry-mirrors: ['https://192.0.2.20:5001']}", cache)
    assert ["is the address of http://192.0.2.20:5001" in text for text in findings] == [True]


CIRCLE = (
    "registry: {{caches: [{{name: one, upstream: '{one}', serves: docker.io, listen: '192.0.2.10:5000'}},"
    " {{name: two, upstream: '{two}', serves: docker.io, listen: '192.0.2.10:5001'}}]}}"
)


@pytest.mark.parametrize(
    ("text", "two", "expected"),
    [
        (
            "http://192.0.2.10:5000",
            "https://registry-1.docker.io",
            ["X006 error caches[0].upstream: is this cache itself"],
        ),
        (
            "http://192.0.2.10:5001",
            "http://192.0.2.10:5000",
            [
                "X006 error caches[0].upstream: leads back to it: one → two → one",
                "X006 error caches[1].upstream: leads back to it: two → one → two",
            ],
        ),
        ("http://192.0.2.10:5001", "https://registry-1.docker.io", []),
        ("http://192.0.2.20:5000", "https://registry-1.docker.io", []),
    ],
)
def test_caches_in_a_circle(tmp_path: Path, text: str, two: str, expected: list[str]) -> None:
    assert findings_of(tmp_path, CIRCLE.format(one=text, two=two)) == expected


LOCAL = "registry: {caches: [{upstream: 'http://172.17.0.1:5000', serves: docker.io}]}"
CHAIN = "registry: {{caches: [{{serves: docker.io, listen: '{0}:5000', upstream: 'http://{1}:5000'}}]}}"
WILDCARD = (
    "registry: {caches: [{upstream: 'http://192.0.2.10:5000', serves: docker.io, listen: '0.0.0.0:5000', url:"
    " 'http://x.lan'}]}"
)


@pytest.mark.parametrize(
    ("host", "others", "says"),
    [
        (LOCAL, "  b: {registry: {caches: [{}]}}\n", "is this cache itself"),
        (LOCAL.replace(":5000", ":5001"), "  b: {registry: {caches: [{}]}}\n", ""),
        (WILDCARD, "", "is this cache itself"),
        (WILDCARD.replace("192.0.2.10", "192.0.2.11"), "", ""),
        (
            CHAIN.format("192.0.2.10", "192.0.2.11"),
            f"  b: {{{CHAIN.format('192.0.2.11', '192.0.2.12')}}}\n  d: {{{CHAIN.format('192.0.2.12', '192.0.2.10')}}}\n",
            "leads back to it: dockerhub of a → dockerhub of b → dockerhub of d → dockerhub of a",
        ),
        (
            CHAIN.format("192.0.2.10", "192.0.2.11"),
            f"  b: {{{CHAIN.format('192.0.2.11', '192.0.2.12')}}}\n  d: {{{CHAIN.format('192.0.2.12', '192.0.2.11')}}}\n",
            "",
        ),
    ],
)
def test_circles_over_several_hosts(tmp_path: Path, host: str, others: str, says: str) -> None:
    assert findings_of(tmp_path, host, others) == ([f"X006 error caches[0].upstream: {says}"] if says else [])


@pytest.mark.parametrize(
    "login",
    [
        "config: {proxy: {username: u, password: p}}",
        "environment: {REGISTRY_PROXY_USERNAME: u, REGISTRY_PROXY_PASSWORD: p}",
    ],
)
@pytest.mark.parametrize(("listen", "fires"), [("192.0.2.10:5000", True), ("127.0.0.1:5000", False)])
def test_a_login_beside_the_caches_own_keys(tmp_path: Path, login: str, listen: str, fires: bool) -> None:
    findings = findings_of(tmp_path, f"registry: {{caches: [{{listen: '{listen}', {login}}}]}}")
    assert [text.partition(".")[2].partition(":")[0].rpartition(".")[2] for text in findings if "X009" in text] == (
        ["username" if "config" in login else "REGISTRY_PROXY_USERNAME"] if fires else []
    )


@pytest.mark.parametrize(("listen", "fires"), [("192.0.2.10:5000", True), ("127.0.0.1:5000", False)])
def test_a_login_that_others_can_use(tmp_path: Path, listen: str, fires: bool) -> None:
    login = f"upstream: 'https://registry-1.docker.io', username: u, password: p, listen: '{listen}'"
    findings = [text for text in findings_of(tmp_path, f"registry: {{caches: [{{{login}}}]}}") if "X009" in text]
    assert bool(findings) is fires
    assert not findings or f"every client that can reach {listen}" in findings[0]


RUNNER = (
    "docker: {{mtu: {mtu}}}, gitlab_runner: {{runners: [{{name: r, url: 'https://gitlab.example.com', executor: docker,"
    " docker: {{image: a, privileged: true{services}}}{dind}}}]}}"
)
SERVICE = ", services: [{{name: 'docker:28-dind', command: [{}]}}]"


@pytest.mark.parametrize(
    ("mtu", "services", "dind", "fires"),
    [
        (1400, SERVICE.format("--tls=false"), "", True),
        (1400, SERVICE.format("--label=mtu"), "", True),
        (1400, SERVICE.format("--mtu=1500"), "", True),
        (1400, SERVICE.format("--mtu, '1500'"), "", True),
        (1400, SERVICE.format("--mtu=1300"), "", False),
        (1400, SERVICE.format("--mtu=1400"), "", False),
        (1500, SERVICE.format("--tls=false"), "", False),
        (1400, "", ", docker_in_docker: true", False),
    ],
)
def test_the_mtu_of_a_daemon_inside(tmp_path: Path, mtu: int, services: str, dind: str, fires: bool) -> None:
    findings = findings_of(tmp_path, RUNNER.format(mtu=mtu, services=services, dind=dind))
    assert ["X007 warning runners[0].docker.services[0]" in text for text in findings] == ([True] if fires else [])


@pytest.mark.parametrize(
    ("docker", "daemon", "says"),
    [
        ("network_mtu: 1400", "{}", ["does not get the mtu 1400 of its network (`network_mtu`)"]),
        ("network_mtu: 1450", "{mtu: 1400}", ["does not get the mtu 1400 of this host's daemon"]),
        ("network_mtu: 1500", "{}", []),
    ],
)
def test_the_mtu_of_the_networks_of_single_jobs(tmp_path: Path, docker: str, daemon: str, says: list[str]) -> None:
    service = "services: [{name: 'docker:28-dind'}]"
    runner = f"{{name: r, url: 'https://g', token: keep, executor: docker, docker: {{image: a, {docker}, {service}}}}}"
    findings = findings_of(tmp_path, f"docker: {daemon}, gitlab_runner: {{runners: [{runner}]}}")
    assert [text.partition(": ")[2].partition(": larger")[0] for text in findings] == says


@pytest.mark.parametrize("executor", ["docker", "kubernetes"])
@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("'--registry-mirror=http://192.0.2.20:5000'", ""),
        ("'--registry-mirror', 'https://192.0.2.20:5000'", "X011 error runners[0].%s.services[0].command[1]"),
        ("'--registry-mirror=http://192.0.2.20:5001'", "X011 warning runners[0].%s.services[0].command[0]"),
    ],
)
def test_mirrors_of_a_daemon_in_a_job(tmp_path: Path, executor: str, command: str, says: str) -> None:
    service = f"services: [{{name: 'docker:28-dind', command: [{command}]}}]"
    runner = f"{{name: r, url: 'https://g', token: keep, executor: {executor}, {executor}: {{image: a, {service}}}}}"
    findings = findings_of(tmp_path, f"gitlab_runner: {{runners: [{runner}]}}")
    assert [text.partition(":")[0] for text in findings] == ([says % executor] if says else [])


@pytest.mark.parametrize(
    ("network", "fires"), [("--bip=192.0.2.1/24", True), ("--default-address-pool=base=10.9.0.0/16,size=24", False)]
)
def test_a_network_in_a_job_that_has_the_address_of_a_cache_with_a_name(
    tmp_path: Path, network: str, fires: bool
) -> None:
    service = f"services: [{{name: 'docker:28-dind', command: ['{network}', '--registry-mirror=http://cache.lan']}}]"
    runner = f"{{name: r, url: 'https://g', token: keep, executor: docker, docker: {{image: a, {service}}}}}"
    findings = findings_of(tmp_path, f"gitlab_runner: {{runners: [{runner}]}}", NAMED % "registry-1.docker.io")
    wanted = ["X003 warning runners[0].docker.services[0].command[0]"] if fires else []
    assert [text.partition(":")[0] for text in findings] == wanted


def test_our_own_service_gets_the_mtu(tmp_path: Path) -> None:
    text = f"hosts:\n  a: {{{RUNNER.format(mtu=1400, services='', dind=', docker_in_docker: true')}}}\n"
    assert "'--mtu', '1400'" in str(load(tmp_path, text).hosts[0].sections)
    services = ", network_mtu: 1300"
    text = f"hosts:\n  a: {{{RUNNER.format(mtu=1400, services=services, dind=', docker_in_docker: true')}}}\n"
    assert "'--mtu', '1300'" in str(load(tmp_path, text).hosts[0].sections)


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "past"),
    [
        ("", "localhost", 80, True),
        ("", "127.0.0.5", 80, True),
        ("", "mirror.lan", 80, False),
        ("mirror.lan", "mirror.lan", 5000, True),
        ("lan", "mirror.lan", 5000, True),
        (".lan", "mirror.lan", 5000, True),
        ("*.lan", "mirror.lan", 5000, True),
        (".lan", "lan", 5000, False),
        ("irror.lan", "mirror.lan", 5000, False),
        ("mirror.lan:5000", "mirror.lan", 5000, True),
        ("mirror.lan:5001", "mirror.lan", 5000, False),
        ("192.0.2.0/24, other", "192.0.2.7", 80, True),
        ("192.0.2.0/24", "198.51.100.7", 80, False),
        ("192.0.2.7", "192.0.2.7", 80, True),
        ("*", "anything", 80, True),
    ],
)
def test_what_goes_past_a_proxy(no_proxy: str, host: str, port: int, past: bool) -> None:
    assert bypasses(no_proxy, host, port) is past


@pytest.mark.parametrize(
    ("more", "severity"),
    [
        ("config: {proxy: {remoteurl: 'https://ghcr.io'}}", "error"),
        ("environment: {REGISTRY_PROXY_REMOTEURL: 'https://ghcr.io'}", "error"),
        ("config: {proxy: {remoteurl: 'https://mirror.gcr.io'}}", "warning"),
        ("config: {proxy: {remoteurl: 'https://registry-1.docker.io/'}}", ""),
        ("config: {proxy: {ttl: 24h}}", ""),
    ],
)
def test_a_cache_that_asks_another_registry_than_its_upstream(tmp_path: Path, more: str, severity: str) -> None:
    cache = f"registry: {{caches: [{{upstream: 'https://registry-1.docker.io', {more}}}]}}"
    findings = [text for text in findings_of(tmp_path, cache) if text.startswith("X015")]
    assert [text.split()[1] for text in findings] == ([severity] if severity else [])


@pytest.mark.parametrize(("serves", "fires"), [("ghcr.io", True), ("docker.io", False)])
def test_a_cache_of_another_registry_as_the_mirror_of_a_daemon_in_a_job(
    tmp_path: Path, serves: str, fires: bool
) -> None:
    service = "{name: 'docker:27-dind', command: ['--debug', '--registry-mirror=http://192.0.2.20:5000/']}"
    runner = (
        f"{{name: r, url: 'https://g', token: keep, executor: docker, docker: {{image: x, services: [{service}]}}}}"
    )
    findings = findings_of(
        tmp_path, f"gitlab_runner: {{concurrent: 1, runners: [{runner}]}}", CACHE % f", serves: {serves}"
    )
    place = "X005 error runners[0].docker.services[0].command[1]: is the cache"
    assert [text for text in findings if text.startswith(place)] == findings
    assert bool(findings) is fires
