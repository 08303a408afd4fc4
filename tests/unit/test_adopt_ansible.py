"""Names, addresses, users and ports of the hosts of Ansible inventories, as Ansible itself would read them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from runnerops.adopt.ansible_files import read_ansible
from runnerops.adopt.ansible_patterns import expanded
from runnerops.adopt.target import about, login_of
from runnerops.commands.adopt import AdoptOptions, adopt
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
    ansible = read_ansible(path, ())
    assert {host.name: login_of(host) for host in ansible.hosts} == HOSTS
    assert sorted(ansible.notes) == [
        "local is left out: Ansible reaches it by local, not by SSH",
        "tmpl is left out: ansible_host is a template of Ansible",
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
    ("host", "login"),
    [
        ("db:2200", "db:2200"),
        ("db[1:1]:2200", "db1:2200"),
        ('"db:2200" ansible_port=23', "db:23"),
        ("n ansible_host='192.0.2.9' ansible_port='24'", "192.0.2.9:24"),
        ("n ansible_connection=ansible.builtin.ssh", "n"),
    ],
)
def test_ports_and_quotes(host: str, login: str, tmp_path: Path) -> None:
    name, *words = shlex.split(host)
    variables = "".join(f"\n      {word.replace('=', ': ')}" for word in words)
    (tmp_path / "hosts").write_text(f"[a]\n{host}\n")
    (tmp_path / "hosts.yml").write_text(f"a:\n  hosts:\n    {name!r}:{variables}\n")
    for file in ("hosts", "hosts.yml"):
        (host_of,) = read_ansible(tmp_path / file, ()).hosts
        assert login_of(host_of) == f"USER@{login}"


@pytest.mark.parametrize(
    ("variable", "note"),
    [
        ('ansible_host: "{{ x }}"', "h is left out: ansible_host is a template of Ansible"),
        ('ansible_port: "{{ x }}"', "h is left out: ansible_port is a template of Ansible"),
        ('ansible_ssh_user: "{% if x %}a{% endif %}"', "h is left out: ansible_ssh_user is a template of Ansible"),
        (
            "ansible_host: !vault |\n            $ANSIBLE_VAULT;1.1;AES256\n            61",
            "h is left out: ansible_host is encrypted",
        ),
        ('ansible_port: "\u00b2"', "h is left out: ansible_port is not a port number"),
        ("ansible_host: [a]", "h is left out: \"['a']\" is not an address"),
    ],
)
def test_an_unclear_login_is_not_guessed(variable: str, note: str, tmp_path: Path) -> None:
    above = "all:\n  children:\n    none:\n    a:\n      hosts:\n        h:\n"
    (tmp_path / "hosts.yml").write_text(f"{above}          {variable}\n")
    ansible = read_ansible(tmp_path / "hosts.yml", ())
    assert (ansible.hosts, ansible.notes) == ((), (note,))


def test_addresses_of_ipv6_have_their_ports(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("a:22\n[2001:db8::1]:2222\n")
    ansible = read_ansible(tmp_path / "hosts", ())
    assert [login_of(host) for host in ansible.hosts] == ["USER@a:22"]
    assert "2001:db8::1 is left out: '2001:db8::1' is not a valid name" in ansible.notes[0]


def test_files_of_groups_win_over_what_the_inventory_says(tmp_path: Path) -> None:
    """As Ansible's precedence of variables has it, also those of `all` over a group's."""
    (tmp_path / "hosts").write_text("[a]\nh\n[a:vars]\nansible_user=inside\nansible_port=2\n")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text("ansible_user: !unsafe beside\n")
    (tmp_path / "group_vars/a.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n616263\n")
    ansible = read_ansible(tmp_path / "hosts", ())
    assert [login_of(host) for host in ansible.hosts] == ["beside@h:2"]
    assert [note.removeprefix(f"{tmp_path}/") for note in ansible.notes] == [
        "group_vars/a.yml is encrypted: its settings for logins are not known"
    ]


def test_what_ssh_config_has_to_say_is_reported_once(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("[a]\nh\ni\n[a:vars]\nansible_ssh_common_args='-J me@gate'\n")
    ansible = read_ansible(tmp_path / "hosts", ())
    assert [host.name for host in ansible.hosts] == ["h", "i"]
    assert ansible.notes == ("ansible_ssh_common_args is not taken over, because it belongs into ssh_config: h, i",)


def test_a_key_goes_with_the_login_and_a_second_name_of_a_host_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(
        "a ansible_host=h ansible_ssh_private_key_file=~/.ssh/ci\nb ansible_host=h\n"
        "c ansible_private_key_file=/k ansible_user=me\nd ansible_private_key_file=keys/ci\n"
        "e ansible_private_key_file='/home/{{ me }}/ci'\n"
    )
    ansible = read_ansible(tmp_path / "hosts", ())
    assert [(host.name, about(host).get("ssh")) for host in ansible.hosts] == [
        ("a", {"key": "~/.ssh/ci"}),
        ("c", {"user": "me", "key": "/k"}),
        ("d", None),
        ("e", None),
    ]
    assert ansible.notes == (
        "b is left out: a and b are the same host, h",
        "ansible_private_key_file is not taken over, because it belongs into ssh_config: d, e",
    )


def test_an_alias_of_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("a: &a\n  hosts: {h: }\n  children: {b: *a}\n")
    assert [host.name for host in read_ansible(tmp_path / "hosts.yml", ()).hosts] == ["h"]


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
        ("hosts", "h[1:99999999999999999999]"), ("hosts", "h[1:9999][1:9999]"),
        ("hosts.yml", "a: 2026-99-99"), ("hosts.yml", "a: {hosts: [h]}"),
    ],
)  # fmt: skip
def test_what_is_no_inventory_is_reported(name: str, text: str, tmp_path: Path) -> None:
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
        adopt(path, (), {}, Screen(), AdoptOptions(ansible=tmp_path / "hosts"))
