"""The hosts of Ansible inventories: names, addresses, users and ports, as Ansible itself would have them."""

from __future__ import annotations

from pathlib import Path

import pytest

from runnerops.adopt.ansible import expanded
from runnerops.adopt.target import login_of
from runnerops.commands.adopt import Options, adopt
from runnerops.commands.from_ansible import read_ansible
from runnerops.errors import RunneropsError, UsageError
from runnerops.report.screen import Screen

INI = """\
# ours
mail.example.com
[web]
web[01:02].example.com ansible_user=deploy # three
alone ansible_host=192.0.2.7 ansible_port=2222 note='a b=c'
local ansible_connection=local
tmpl ansible_host="{{ lookup }}"
[db]
db:2200
six ansible_host=2001:db8::1
[web:vars]
ansible_user="nobody"
ansible_port=23 # n
[prod:children]
web
db  # too
[prod:vars]
ansible_user=ops
[all:vars]
ansible_user=root
"""
YAML = """\
all:
  vars: {ansible_user: root, secret: !vault "x"}
  hosts: {mail.example.com:}
  children:
    prod:
      vars: {ansible_user: ops}
      children:
        web:
          vars: {ansible_user: nobody, ansible_port: 23}
          hosts:
            "web[01:02].example.com": {ansible_user: deploy}
            alone: {ansible_host: 192.0.2.7, ansible_port: "2222"}
            local: {ansible_connection: local}
            tmpl: {ansible_host: "{{ lookup }}"}
        db:
          hosts:
            db: {ansible_ssh_port: 2200}
            six: {ansible_host: "2001:db8::1"}
    again: {children: {web: }}
"""
HOSTS = {
    "mail.example.com": "root@mail.example.com",
    "web01.example.com": "deploy@web01.example.com:23",
    "web02.example.com": "deploy@web02.example.com:23",
    "alone": "nobody@192.0.2.7:2222",
    "db": "ops@db:2200",
    "six": "ops@[2001:db8::1]",
}


@pytest.mark.parametrize(("name", "text"), [("hosts", INI), ("hosts.ini", INI), ("hosts.yml", YAML), ("hosts", YAML)])
def test_hosts_are_reached_as_ansible_reaches_them(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text)
    read = read_ansible(path, ())
    assert {host.name: login_of(host) for host in read.hosts} == HOSTS
    assert sorted(read.notes) == [
        "local is left out: Ansible reaches it by local, not by SSH",
        "tmpl is left out: ansible_host is a template of Ansible's",
    ]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["db"], ["db", "six"]),
        (["web0*"], ["web01.example.com", "web02.example.com"]),
        (["alone", "mail.example.com"], ["alone", "mail.example.com"]),
        (["all"], [*HOSTS]),
    ],
)
def test_hosts_groups_and_globs_are_chosen(patterns: list[str], names: list[str], tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(INI)
    assert [host.name for host in read_ansible(tmp_path / "hosts", patterns).hosts] == names


def test_variables_beside_the_inventory_count(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("[a]\nh\ni\n")
    (tmp_path / "group_vars/a").mkdir(parents=True)
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text("ansible_user: all\nansible_port: 1\n")
    (tmp_path / "group_vars/a/main.yml").write_text("ansible_user: me\n")
    (tmp_path / "group_vars/a/vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n616263\n")
    (tmp_path / "host_vars/i.yml").write_text("ansible_host: 192.0.2.9\n")
    assert [login_of(host) for host in read_ansible(tmp_path / "hosts", ()).hosts] == ["me@h:1", "me@192.0.2.9:1"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("h", ["h"]), ("h[1:5:2]", ["h1", "h3", "h5"]), ("[a:b]-[09:10]", ["a-09", "a-10", "b-09", "b-10"])],
)
def test_ranges(pattern: str, names: list[str]) -> None:
    assert [*expanded(pattern)] == names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hosts", ""), ("hosts", "[a]\nh x"), ("hosts", "[a]\nh 'x"), ("hosts", "[a]\nh[1:x9]"), ("hosts", "[a:what]\nh"),
        ("hosts", "[a:vars]\nh"), ("hosts", "#!/bin/sh\n"), ("hosts.yml", "- a"), ("hosts.yml", "{"), ("hosts", "h[1:999999]"),
        ("hosts.yml", "a: {hosts: {'h[1:x9]': }}"), ("hosts", "a b c: d"), ("hosts", "[a]\nh x=1\n[b]\nc"),
    ],
)  # fmt: skip
def test_what_is_no_inventory_is_told(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RunneropsError):
        read_ansible(tmp_path / name, ["none"])
    for missing in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError):
            read_ansible(missing, ())


def test_groups_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("[a]\nh\n[a:children]\nb\n[b:children]\na\n")
    assert [host.name for host in read_ansible(tmp_path / "hosts", ["b"]).hosts] == ["h"]


def test_hosts_that_are_there_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yml"
    path.write_text("hosts:\n  h: {docker: {}}\n  n: {address: 192.0.2.9, docker: {}}\n")
    (tmp_path / "hosts").write_text("h\ni ansible_host=192.0.2.9\n")
    with pytest.raises(RunneropsError, match="no host that could be adopted"):
        adopt(path, (), {}, Screen(), Options(ansible=tmp_path / "hosts"))
