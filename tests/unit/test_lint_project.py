"""Rules that compare the hosts of an inventory, and rules on the project's templates, as `check` shows them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from runnerops.commands.check import check
from runnerops.model.common import Exit
from runnerops.report.screen import Screen


def check_inventory(folder: Path, text: str) -> tuple[Exit, str]:
    (folder / "inventory.yml").write_text(text)
    out = io.StringIO()
    screen = Screen(out=out, err=out)
    return check(folder / "inventory.yml", (), {}, screen), out.getvalue()


@pytest.mark.parametrize(
    ("second", "found"),
    [
        ("{address: 192.0.2.10}", True),
        ("{address: 192.0.2.10, ssh: {port: 2222}}", False),
        ("{address: 192.0.2.10, ssh: {gateway: 'root@192.0.2.1'}}", False),
        ("{address: 192.0.2.11}", False),
    ],
)
def test_two_names_for_one_address(tmp_path: Path, second: str, found: bool) -> None:
    code, text = check_inventory(tmp_path, f"hosts:\n  a: {{address: 192.0.2.10}}\n  b: {second}\n")
    assert (code is Exit.FAILED) is found
    assert ("X001" in text) is found
    if found:
        assert "hosts.b.address: has the address of host a" in text


@pytest.mark.parametrize(
    ("one", "other"), [("fd00::1", "fd00:0:0::0001"), ("r.example.com", "R.Example.com."), ("192.0.2.1", "192.0.2.1")]
)
def test_one_address_in_two_spellings(tmp_path: Path, one: str, other: str) -> None:
    assert "X001" in check_inventory(tmp_path, f"hosts:\n  a: {{address: '{one}'}}\n  b: {{address: '{other}'}}\n")[1]


def test_many_names_for_one_address_are_one_finding(tmp_path: Path) -> None:
    code, text = check_inventory(tmp_path, "hosts:\n  r-[01:40]: {address: 192.0.2.10}\n  x: {address: 192.0.2.11}\n")
    assert code is Exit.FAILED
    assert "hosts.r-02.address: has the address of host r-01, and so have r-[03:40]: each deploy" in text
    assert text.count("X001") == 1
    assert "1 error" in text


def test_secrets_that_one_line_misses_are_reported_once(tmp_path: Path) -> None:
    """As `deploy` tells them, and counted as shown. What another line misses, or for another reason, is apart."""
    line = '  r[01:40]: {docker: {proxies: {http-proxy: !env "X_{host}", https-proxy: !env ONE}}}\n'
    text = f"hosts:\n{line}  x: {{docker: {{proxies: {{http-proxy: !file none}}}}}}\n"
    code, message = check_inventory(tmp_path, text)
    assert code is Exit.OK
    lines = [line for line in message.splitlines() if "[S001]" in line]
    assert len(lines) == 3
    assert "!env X_R[01:40]: not set, in the environment or .env; checked with" in lines[0]
    assert message.count("hint: export") == 2
    assert message.splitlines()[-1] == "41 hosts checked: 0 errors, 3 warnings"


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("defaults: {docker: {bip: no}}\nhosts: {'r-[01:12]': {}}\n", "12 hosts checked: 1 error on all hosts"),
        ("hosts: {'r-[01:12]': {}, x: {docker: {bip: no}}}\n", "13 hosts checked: 1 error (x)"),
        (
            "groups: {g: {docker: {bip: no}}}\nhosts: {'r-[01:12]': {groups: [g]}, x: {}}\n",
            "13 hosts checked: 1 error on 12 hosts (r-[01:12])",
        ),
        ("hosts: {x: {docker: {bip: no}}}\n", "1 host checked: 1 error"),
    ],
)
def test_a_finding_of_many_hosts_is_counted_once_with_the_hosts_that_have_it(
    tmp_path: Path, text: str, last: str
) -> None:
    _, message = check_inventory(tmp_path, text)
    assert message.count("[D008]") == 1
    assert message.splitlines()[-1] == f"{last}, 0 warnings"


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("gitlab_runner: {runners: [{name: a, environment: ['A={host}']}]}", ""),
        (
            "gitlab_runner: {runners: [{name: a, docker: {sysctls: {'{host}': '1'}}}]}",
            "runners[0].docker.sysctls.{host}",
        ),
        ("docker: {'{host}': 1}", "{host}"),
    ],
)
def test_the_hosts_name_in_a_key_is_named_as_not_replaced(tmp_path: Path, section: str, key: str) -> None:
    _, text = check_inventory(tmp_path, f"hosts: {{a: {{{section}}}}}\n")
    assert ("X004" in text) is bool(key)
    assert key in text


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("deamon.json.j2", True),
        ("daemon.json.j2", False),
        ("daemon.j2", True),
        ("macros.j2", False),
        ("README.md", False),
    ],
)
def test_a_template_that_overrides_nothing(tmp_path: Path, name: str, found: bool) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / name).write_text("{}\n")
    code, text = check_inventory(tmp_path, "hosts: {a: {docker: {}}}\n")
    assert code is Exit.OK
    assert ("did you mean 'daemon.json.j2'?" in text) is found


@pytest.mark.parametrize(
    ("docker", "says"),
    [
        ("{bip: 192.0.2.1/24}", "bip: 192.0.2.0/24 overlaps the host's own address 192.0.2.10"),
        (
            "{bip: 10.99.0.1/24, registry-mirrors: ['http://10.99.0.9:5000']}",
            "overlaps the mirror http://10.99.0.9:5000",
        ),
        (
            "{default-address-pools: [{base: 10.1.0.0/16, size: 24}, {base: 192.0.0.0/16, size: 24}]}",
            "default-address-pools[1].base: 192.0.0.0/16 overlaps",
        ),
        ("{bip: 10.99.0.1/24, insecure-registries: ['10.99.0.9:5000']}", "overlaps the registry 10.99.0.9:5000"),
        ("{bip: 10.99.0.1/24, insecure-registries: ['10.99.0.0/16', 'hub.example.com']}", ""),
        ("{bip: 192.168.231.1/24}", ""),
        ("{bip: 10.99.0.1/24, registry-mirrors: ['http://10.99.0.1:5000']}", ""),
        ("{bip: 10.77.0.1/24, proxies: {http-proxy: 'http://u:p@10.77.0.9:3128'}}", "overlaps the proxy 10.77.0.9 ["),
        ("{bip: 10.77.0.1/24, proxies: {http-proxy: 'http://10.78.0.9:3128'}}", ""),
    ],
)
def test_networks_that_would_cut_the_host_off(tmp_path: Path, docker: str, says: str) -> None:
    code, text = check_inventory(tmp_path, f"hosts:\n  a: {{address: 192.0.2.10, docker: {docker}}}\n")
    assert code is Exit.OK
    assert says in text
    assert ("X003" in text) is bool(says)


@pytest.mark.parametrize(
    ("listen", "bip", "found"),
    [
        ("10.99.0.9:5000", "10.99.0.1/24", True),
        ("0.0.0.0:5000", "10.98.0.1/24", True),
        ("10.99.0.9:5000", "10.97.0.1/24", False),
    ],
)
def test_a_network_over_another_hosts_cache_that_has_a_name(tmp_path: Path, listen: str, bip: str, found: bool) -> None:
    cache = f"{{upstream: 'https://registry-1.docker.io', listen: '{listen}', url: 'http://hub.example.com:5000'}}"
    b = f"{{address: 10.98.0.9, registry: {{caches: [{cache}]}}}}"
    _, text = check_inventory(tmp_path, f"hosts:\n  a: {{address: 192.0.2.10, docker: {{bip: {bip}}}}}\n  b: {b}\n")
    assert ("overlaps the mirror http://hub.example.com:5000" in text) is found
