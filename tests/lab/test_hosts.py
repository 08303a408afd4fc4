"""Two hosts, one cache; and the way to a host: keys known, unknown and changed."""

from __future__ import annotations

import json
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from tests.lab.project import Project, cache_section, host_entry


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab) -> Project:
    """`bookworm` has the cache, `trixie` uses it."""
    for host in lab.hosts:
        host.reset()
    lab.hub.start()
    lab.hub.forget()
    project = Project(tmp_path, lab)
    listen = f"{lab.bookworm.address}:5000"
    section = cache_section(lab.bookworm, lab.hub, listen=listen)
    client = host_entry(lab.trixie, docker={"live-restore": True})
    project.write(
        {
            "hosts": {
                "trixie": client,
                "bookworm": host_entry(lab.bookworm, docker={"live-restore": True}, registry=section),
            }
        }
    )
    return project


def test_the_cache_goes_first_and_its_client_pulls_through_it(project: Project, lab: Lab) -> None:
    output = project.deploy()
    assert output.rindex("bookworm: applied") < output.rindex("trixie: applied")
    assert lab.trixie.docker_info("{{json .RegistryConfig.Mirrors}}") == f'["http://{lab.bookworm.address}:5000/"]'
    lab.trixie.run("docker pull -q alpine:3")
    assert "library/alpine" in lab.trixie.get(f"http://{lab.bookworm.address}:5000/v2/_catalog")[1]
    assert "verified when bookworm is done" not in project.run("diff")
    both_are_adopted(project, lab)


def both_are_adopted(project: Project, lab: Lab) -> None:
    """From an Ansible inventory into a new one of ours, beside a host that is not reached; what they share is said once."""
    hosts = [f"{host.name} ansible_host={host.address}" for host in (lab.bookworm, lab.trixie)]
    lines = ["[ci]", *hosts, "gone ansible_host=127.0.0.1 ansible_port=9", "[ci:vars]", "ansible_user=root", ""]
    (project.folder / "hosts.ini").write_text("\n".join(lines))
    words = ("-i", "adopted.yml", "--from-ansible", "hosts.ini", "--write", "-o", "json")
    document = json.loads(project.run("adopt", *words, code=1))
    assert {host["host"]: host["result"] for host in document["hosts"]} == {
        "bookworm": "adopted", "trixie": "adopted", "gone": "unreachable",
    }  # fmt: skip
    assert document["shared"]["place"] == "defaults"
    assert document["shared"]["entry"] == "defaults:\n  docker:\n    live-restore: true\n"
    assert "registry-mirrors" not in (project.folder / "adopted.yml").read_text()
    project.run("diff", "-i", "adopted.yml", "--exit-code")


def test_a_cache_on_its_bridge_serves_nobody_else(project: Project, lab: Lab) -> None:
    project.set("bookworm", "registry", value=cache_section(lab.bookworm, lab.hub))
    output = project.run("check", code=1)
    assert "listen" in output
    assert "trixie" in output
    project.deploy(code=1)
    assert not lab.bookworm.exists("/var/lib/runnerops")


def test_two_names_that_lead_to_one_machine_are_refused(project: Project, lab: Lab) -> None:
    second = str(ip_address(lab.trixie.address) + 100)
    lab.trixie.run(f"ip address add {second}/32 dev eth0")
    keys = project.known_hosts.read_text()
    project.known_hosts.write_text(keys + keys.replace(lab.trixie.address, second))
    entry = host_entry(lab.trixie, docker={"live-restore": True})
    project.write(
        {
            "hosts": {
                "one": entry,
                "two": {**entry, "address": second},
                "other": host_entry(lab.bookworm, docker={"debug": True}),
            }
        }
    )
    by_name = {host["host"]: host for host in project.diff(code=1)["hosts"]}
    assert {name: host["result"] for name, host in by_name.items()} == {
        "one": "refused",
        "two": "refused",
        "other": "pending",
    }
    assert [blocker["code"] for blocker in by_name["two"]["blockers"]] == ["same-machine"]
    output = project.deploy("other", "one", code=0)
    assert "applied" in output
    assert "the same machine" in project.deploy("one", "two", code=1)


def test_a_cache_that_fails_holds_back_its_client(project: Project, lab: Lab) -> None:
    listen = f"{lab.bookworm.address}:5000"
    project.set(
        "bookworm", "registry", value=cache_section(lab.bookworm, lab.hub, listen=listen, image="registry:9.9.9")
    )
    output = project.deploy(code=1)
    assert "trixie: skipped" in output
    assert "bookworm" in output
    assert not lab.trixie.exists("/var/lib/runnerops")


def test_a_dead_cache_of_another_host_is_not_written_but_blocks_nothing_else(project: Project, lab: Lab) -> None:
    output = project.deploy("trixie", code=1)
    assert "unproven-mirror" in output
    assert not lab.trixie.exists("/etc/docker/daemon.json")
    project.deploy()
    lab.bookworm.run("systemctl stop docker.socket docker")
    project.set("trixie", "docker", "max-concurrent-downloads", value=5)
    project.deploy("trixie")


def test_a_host_that_is_down_is_named_and_the_others_go_on(project: Project) -> None:
    project.set("bookworm", "registry", value=None)
    project.set("trixie", "address", value="127.0.0.1")
    project.set("trixie", "ssh", value={"user": "root", "port": 9})
    output = project.deploy(code=1)
    assert "trixie: unreachable" in output
    assert "bookworm: applied" in output


def test_an_unknown_host_key_is_shown_and_can_be_trusted(project: Project, lab: Lab) -> None:
    project.known_hosts.write_text("")
    output = project.deploy("bookworm", code=1)
    assert "SHA256:" in output
    assert "runnerops trust bookworm" in output
    fingerprint = lab.bookworm.run("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]
    assert fingerprint in output
    project.run("trust", "bookworm", code=2)
    project.run("trust", "bookworm", "--fingerprint", fingerprint)
    assert "ssh-ed25519" in project.known_hosts.read_text()
    project.run("diff", "bookworm")


def test_a_changed_host_key_is_refused(project: Project, lab: Lab) -> None:
    other = lab.trixie.host_key(lab.bookworm.address)
    project.known_hosts.write_text(f"{other}\n")
    output = project.deploy("bookworm", code=1)
    assert "changed" in output
    assert output.count("SHA256:") >= 2
    assert not lab.bookworm.exists("/var/lib/runnerops")


def test_a_wrong_user_key_is_reported(project: Project, tmp_path: Path) -> None:
    from tests.lab.ssh import make_key

    make_key(tmp_path / "other", "other")
    output = project.run("diff", "bookworm", code=1, SSH_PRIVATE_KEY=str(tmp_path / "other"))
    assert "authentication" in output


def test_a_gateway_is_verified_and_gone_through(project: Project, lab: Lab) -> None:
    project.set("trixie", "ssh", value={"user": "root", "gateway": "bookworm"})
    project.set("trixie", "docker", value={"registry-mirrors": []})
    project.deploy("trixie")
    project.known_hosts.write_text(f"{lab.trixie.host_key()}\n")
    output = project.run("diff", "trixie", code=1)
    assert "unknown" in output
    assert lab.bookworm.address in output


def test_the_users_ssh_config_counts(project: Project, lab: Lab) -> None:
    folder = project.home / ".ssh"
    (folder / "config.d").mkdir(parents=True)
    (folder / "config").write_text("Include config.d/*\nHost *\n  ForwardAgent /no/socket\n")
    (folder / "config.d" / "lab").write_text(
        f"Host cache\n  HostName {lab.bookworm.address}\n  User root\n  ProxyJump none\n"
    )
    project.write({"hosts": {"cache": {"docker": {"registry-mirrors": []}}}})
    assert "1 to change" in project.run("diff")
