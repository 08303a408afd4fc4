from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from runnerops.errors import InventoryError
from runnerops.inventory.problems import Problems
from runnerops.model.common import ServiceName, SourceLocation
from runnerops.model.gitlab import Place
from tests.unit import inventory_texts as texts

HOST = [  # what stands on line 1 as `hosts: {h: {…}}`, and what is said of it
    ("addres: x", "13: hosts.h.addres: unknown key, did you mean 'address'?"),
    ("sections: x", "13: hosts.h.sections: unknown key"),
    ("address: -x", "13: hosts.h.address: '-x' is not an address"),
    ("address: a b", "13: hosts.h.address: 'a b' is not an address"),
    ("address: '[2001:db8::1]'", "13: hosts.h.address: '[2001:db8::1]' is not an address"),
    ("address: !env X", "13: hosts.h.address: cannot come from a secret tag"),
    ("address: 5", "13: hosts.h.address: must be text"),
    ("ssh: {prot: 22}", "19: hosts.h.ssh.prot: unknown key, did you mean 'port'?"),
    ("ssh: {port: '22'}", "19: hosts.h.ssh.port: must be a whole number"),
    ("ssh: {port: 70000}", "19: hosts.h.ssh.port: 70000 is not a port"),
    ("ssh: {user: 'anna:password'}", "19: hosts.h.ssh.user: a user name has no colon"),
    ("ssh: {user: -oProxyCommand=x}", "19: hosts.h.ssh.user: '-oProxyCommand=x' is not a user name"),
    ("ssh: {key: ''}", "19: hosts.h.ssh.key: must be a path"),
    *(
        (f"ssh: {{gateway: '{text}'}}", f"19: hosts.h.ssh.gateway: '{text}' is not a gateway")
        for text in ("-x", "@", "me@", "@web", "me@web:", "me@web:ssh", "me@-x", "me@[::1", "me@::1]:22", "[web]:22", "a b")
    ),
    ("ssh: {gateway: 'me@web:70000'}", "19: hosts.h.ssh.gateway: 70000 is not a port"),
    ("ssh: {gateway: 'me@[::1]:0'}", "19: hosts.h.ssh.gateway: 0 is not a port"),
    ("ssh: {sudo: yes}", "19: hosts.h.ssh.sudo: must be true or false"),
    ("docker: []", "13: hosts.h.docker: must be a mapping"),
    ("docker: {on_change: reload}", "22: hosts.h.docker.on_change: must be 'restart'"),
    ("docker: {keep: runtimes}", "22: hosts.h.docker.keep: must be a list"),
    ("registry: {cashes: []}", "24: hosts.h.registry.cashes: unknown key, did you mean 'caches'?"),
    ("registry: {directory: opt}", "24: hosts.h.registry.directory: must be an absolute path"),
    ("registry: {directory: '/a:b'}", "24: hosts.h.registry.directory: has a character or part"),
    ("registry: {directory: /a/../b}", "24: hosts.h.registry.directory: has a character or part"),
    ("gitlab_runner: {runners: {}}", "29: hosts.h.gitlab_runner.runners: must be a list"),
    ("gitlab_runner: {runners: [{url: x}]}", "39: hosts.h.gitlab_runner.runners[0].name: is missing"),
    ("gitlab: {token: x}", "13: hosts.h.gitlab: has no url"),
    ("gitlab: {url: gitlab.example.com}", "22: hosts.h.gitlab.url: must be a plain http or https URL"),
    ("gitlab: {url: 'https://a:b@example.com'}", "22: hosts.h.gitlab.url: has a user or password inside the URL"),
    ("gitlab: {url: 'https://example.com', tokn: x}", "50: hosts.h.gitlab.tokn: unknown key, did you mean 'token'?"),
    ("gitlab: {url: 'https://example.com', token: 7}", "50: hosts.h.gitlab.token: must be text"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {tag_list: [x]}}]}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.tag_list: unknown key, did you mean 'tags'?"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {tags: x}}]}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.tags: must be a list"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {tags: ['a,b']}}]}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.tags: 'a,b' is not a tag"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {paused: yes}}]}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.paused: must be true or false"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {access_level: protected}}]}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.access_level: must be 'not_protected' or 'ref_protected'"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {maximum_timeout: 60}}]}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.maximum_timeout: 60 is too short"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {description: !env X}}]}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.description: cannot come from a secret tag"),
    (f"gitlab_runner: {{runners: [{{name: a, gitlab: {{maintenance_note: {'x' * 1025}}}}}]}}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.maintenance_note: has 1025 characters, but GitLab accepts at most 1024"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {paused: true}}]}",
     "49: hosts.h.gitlab_runner.runners[0].gitlab: this needs a `gitlab` section that names the GitLab"),
    ("gitlab_runner: {runners: [{name: a, called: b, was: c}]}",
     "60: hosts.h.gitlab_runner.runners[0].was: says what it was called, and `called` what it still is"),
    ("gitlab_runner: {runners: [{name: a, called: b, gitlab: {paused: true}}]}",
     "60: hosts.h.gitlab_runner.runners[0].gitlab: needs a runner with a unique name"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {paused: true}}, {name: b, called: a}]}",
     "49: hosts.h.gitlab_runner.runners[0].gitlab: needs a runner with a unique name"),
    ("gitlab: {url: 'https://a.example'}, gitlab_runner: {runners: [{name: a, gitlab: {paused: true}}]}",
     "85: hosts.h.gitlab_runner.runners[0].gitlab: needs a token of GitLab's API"),
    ("gitlab: {url: 'https://a.example', token: x}, "
     "gitlab_runner: {runners: [{name: a, url: 'https://b.example', gitlab: {paused: true}}]}",
     "121: hosts.h.gitlab_runner.runners[0].gitlab: its runner is of https://b.example, and `gitlab` is https://a.example"),
    ("gitlab: {url: 'https://a.example', token: x}, "
     "gitlab_runner: {runners: [{name: a, gitlab: {tags: [], run_untagged: false}}]}",
     "95: hosts.h.gitlab_runner.runners[0].gitlab: a runner without tags must run untagged jobs"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {group: -1}}]}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.group: -1 is not a group or project"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {project: 'https://a.example/b'}}]}",
     "58: hosts.h.gitlab_runner.runners[0].gitlab.project: 'https://a.example/b' is not a group or project"),
    ("gitlab_runner: {runners: [{name: a, gitlab: {group: 42}}]}",
     "49: hosts.h.gitlab_runner.runners[0].gitlab: this needs a `gitlab` section that names the GitLab"),
    ("gitlab: {url: 'https://a.example', token: x}, "
     "gitlab_runner: {runners: [{name: a, gitlab: {group: 42, instance: true}}]}",
     "95: hosts.h.gitlab_runner.runners[0].gitlab: has group and instance"),
    ("gitlab: {url: 'https://a.example', token: x}, "
     "gitlab_runner: {runners: [{name: a, token: !env X, gitlab: {group: 42}}]}",
     "110: hosts.h.gitlab_runner.runners[0].gitlab: says where it is created (group), and its token is given too"),
    ("versions: {docker: 26.1}", "24: hosts.h.versions.docker: must be text"),
    ("versions: {docker: '28'}", "24: hosts.h.versions.docker: '28' is not a version"),
    ("versions: {compose: latest}", "24: hosts.h.versions.compose: 'latest' is not a version"),
    ("versions: {dcoker: '26.1'}", "24: hosts.h.versions.dcoker: unknown key, did you mean 'docker'?"),
    ("runs: {keep: 0}", "20: hosts.h.runs.keep: 0 is too few"),
    ("runs: {keep: ten}", "20: hosts.h.runs.keep: must be a whole number"),
    ("ignore: {R012: ''}", "22: hosts.h.ignore.R012: must say why"),
    ("ignore: {R999: x}", "22: hosts.h.ignore.R999: is not a rule"),
    ("ignore: {r012: x}", "22: hosts.h.ignore.r012: is not a rule"),
    ("allow: {drop-runer: x}", "21: hosts.h.allow.drop-runer: is not the code of a blocker"),
    ("allow: {port-taken: x}", "21: hosts.h.allow.port-taken: cannot be allowed here"),
    ("allow: {jobs-running: x}", "21: hosts.h.allow.jobs-running: cannot be allowed here"),
    ("allow: {maintenance: x}", "21: hosts.h.allow.maintenance: cannot be allowed here"),
    ("allow: {drop-runner: ''}", "21: hosts.h.allow.drop-runner: must say why"),
    ("allow: [drop-runner]", "13: hosts.h.allow: must be a mapping"),
    ("vars: [x]", "13: hosts.h.vars: must be a mapping"),
    ("groups: web", "13: hosts.h.groups: must be a list"),
    ("groups: [web]", "22: hosts.h.groups[0]: no group 'web'"),
]  # fmt: skip

CACHE = [  # what stands in a cache, its key's name, and what is said of it
    ("upstream: https://hub.docker.com", "upstream: is not the address of Docker Hub's registry"),
    ("upstream: https://registry-1.docker.io/", "upstream: ends with `/`"),
    ("upstream: ftp://x", "upstream: must be a plain http or https URL"),
    ("upstream: https://me:hunter22@example.com", "upstream: has a user or password inside the URL"),
    ("url: http://0.0.0.0:5000", "url: is a wildcard address"),
    ("url: http://example.com/hub", "url: has a path"),
    ("url: 'http://example.com?x'", "url: has a query or fragment"),
    ("listen: 5000", "listen: must be text"),
    ("listen: cache.example.com:5000", "listen: 'cache.example.com:5000' is not ADDRESS:PORT"),
    ("listen: 192.0.2.1:70000", "listen: 70000 is not a port"),
    ("listen: '2001:db8::1:5000'", "listen: '2001:db8::1:5000' is not ADDRESS:PORT"),
    ("listen: 0.0.0.0:5000", "listen: listens on all addresses"),
    ("name: ../x", "name: '../x' is not a valid name"),
    ("volume: srv/x", "volume: 'srv/x' is not a name of a Docker volume"),
    ("image: 'a b'", "image: 'a b' is not an image"),
    ("ttl: 7d", "ttl: must be a duration with its unit"),
    ("ttl: 168", "ttl: must be a duration with its unit"),
    ("username: 7", "username: must be text"),
    ("username: acme", "username: has no password"),
    ("password: hunter22", "password: has no username beside it"),
    ("serves: https://ghcr.io", "serves: 'https://ghcr.io' is not the name of a registry"),
    ("serves: ghcr.io", "serves: serves ghcr.io, but has no `upstream`"),
    ("environment: [A=b]", "environment: must be a mapping"),
    ("environment: {A: [b]}", "environment.A: must be one value"),
    ("config: []", "config: must be a mapping"),
    ("use: on", "use: must be true or false"),
    ("for: [web]", "for[0]: no group 'web'"),
    ("fro: [web]", "fro: unknown key, did you mean 'for'?"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("docker.io", "write https://registry-1.docker.io"),
        ("registry-1.docker.io", "write https://registry-1.docker.io"),
        ("cache.example.com:5000", "write https://cache.example.com:5000 (or http://)"),
        ("ftp://x", "for example http://192.0.2.10:5000"),
        ("/x", "for example http://192.0.2.10:5000"),
    ],
)
def test_an_address_without_its_scheme_is_shown_with_one(tmp_path: Path, url: str, hint: str) -> None:
    refused = texts.refusal(tmp_path, f"hosts: {{h: {{registry: {{caches: [{{upstream: '{url}'}}]}}}}}}")
    assert refused == (
        "inventory.yml:1:34: hosts.h.registry.caches[0].upstream: must be a plain http or https URL",
        hint,
    )


@pytest.mark.parametrize(("text", "expected"), HOST)
def test_a_wrong_key_of_ours_is_named_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    message, hint = texts.refusal(tmp_path, f"hosts: {{h: {{{text}}}}}")
    assert message.startswith(f"inventory.yml:1:{expected}")
    assert hint
    assert "\n" not in message


@pytest.mark.parametrize(("text", "expected"), CACHE)
def test_a_wrong_key_of_a_cache_is_named_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    message, hint = texts.refusal(tmp_path, f"hosts:\n  h:\n    registry:\n      caches:\n        - {text}\n")
    assert message.startswith("inventory.yml:5:")
    assert f": hosts.h.registry.caches[0].{expected}" in message
    assert hint
    assert "hunter22" not in message + hint


@pytest.mark.parametrize("name", ["-x", "a b", "ä", ".x", "a/b", "'a;b'"])
@pytest.mark.parametrize("where", ["hosts", "groups"])
def test_names_are_safe_to_hand_on(tmp_path: Path, name: str, where: str) -> None:
    message, _ = texts.refusal(tmp_path, "hosts: {h: }\ngroups: {}\n".replace(f"{where}: {{", f"{where}: {{{name}: , "))
    assert "is not a valid name: letters, digits" in message
    assert f": {where}." in message


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "fe80::1%eth0", "host.example.com", "my_alias"])
def test_addresses_may_be_names_or_ip_addresses(tmp_path: Path, address: str) -> None:
    assert texts.hosts(tmp_path, f"hosts: {{h: {{address: '{address}'}}}}")["h"].address == address


def test_all_independent_problems_are_reported_together_in_order(tmp_path: Path) -> None:
    message, hint = texts.refusal(
        tmp_path, "hostss: {}\ndefaults: {ssh: {prot: 1}}\nhosts:\n  a: {addres: x}\n  b: {vars: 1}\n"
    )
    assert [line.split(": ")[1] for line in message.splitlines()] == [
        "hostss", "defaults.ssh.prot", "hosts.a.addres", "hosts.b.vars",
    ]  # fmt: skip
    assert "hosts" in hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("groups: {}", "inventory.yml:1:1: hosts: is missing"),
        ("hosts: {}", "inventory.yml:1:1: hosts: there is no host"),
        ("hosts:", "inventory.yml:1:1: hosts: there is no host"),
        ("defautls: {}\nhosts: {h: }", "inventory.yml:1:1: defautls: unknown key, did you mean 'defaults'?"),
        ("defaults: {groups: [a]}\nhosts: {h: }", "inventory.yml:1:12: defaults.groups: unknown key"),
        ("groups: {a: {address: x}}\nhosts: {h: }", "inventory.yml:1:14: groups.a.address: unknown key"),
        ("groups: {web: }\nhosts: {web: }", "inventory.yml:2:9: hosts.web: a group has this name too"),
        ("groups: {webs: }\nhosts: {h: {groups: [web]}}",
         "inventory.yml:2:22: hosts.h.groups[0]: no group 'web', did you mean 'webs'?"),
        ("hosts: {h: 5}", "inventory.yml:1:9: hosts.h: must be a mapping"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_inventory_is_refused_with_a_hint(tmp_path: Path, text: str, expected: str) -> None:
    message, hint = texts.refusal(tmp_path, text)
    assert message.startswith(expected)
    assert hint


@pytest.mark.parametrize(
    ("text", "expected", "hint"),
    [
        ("hosts: [{name: h}]", "hosts: must be a mapping", "the name of each host as a key"),
        ("hosts: {h: 192.0.2.1}", "hosts.h: must be a mapping", "write `address: ADDRESS`"),
        ("hosts: {h: {docker: [{debug: true}]}}", "hosts.h.docker: must be a mapping", "take out the hyphens"),
        ("hosts: {h: {registry: []}}", "hosts.h.registry: must be a mapping", "write {KEY: VALUE}"),
        ("hosts: {h: {registry: {caches: [x]}}}", "caches[0]: must be a mapping", "write `upstream: URL`"),
        ("hosts: {h: {ssh: {port: '22'}}}", "port: must be a whole number", "write 22, without quotes"),
        ("hosts: {h: {groups: web}}", "hosts.h.groups: must be a list", "write [web]"),
        ("hosts: {h: {gitlab_runner: {runners: {name: a}}}}", "runners: must be a list", "write a hyphen"),
        ("groups: {web: [h]}\nhosts: {h: }", "groups.web: must be a mapping", "a host names its groups"),
        ("hosts: {h: {user: root}}", "hosts.h.user: unknown key, which belongs below ssh", "ssh: {user: …}"),
        ("hosts: {h: {registry: {upstream: x}}}", "which belongs below caches", "caches: [{upstream: …}]"),
        ("hosts: {h: {live-restore: true}}", "which belongs below docker", "docker: {live-restore: …}"),
        ("hosts: {h: {concurrent: 4}}", "which belongs below gitlab_runner", "gitlab_runner: {concurrent: …}"),
        ("hosts: {h: , docker: {debug: true}}", "docker is taken for the name of a host", "indent docker"),
        (
            "docker: {debug: true}\nhosts: {h: }",
            "docker: unknown key, which belongs below defaults",
            "defaults: {docker",
        ),
        (
            "defaults: {rollout: {batch: 2}}\nhosts: {h: }",
            "defaults.rollout: unknown key, which belongs at the top of the inventory",
            "write `rollout:` at the top",
        ),
        ("runner-1: {address: x}", "runner-1: unknown key", "write `hosts:`, and below it"),
        ("all: {hosts: {h: }}", "all: unknown key", "the keys of an inventory are defaults, groups, hosts, rollout"),
        (
            "debug: true\nhosts: {h: }",
            "debug: unknown key, which belongs below docker",
            "defaults: {docker: {debug: …}}",
        ),
        ("hosts: {h: {ansible_host: x}}", "hosts.h.ansible_host: unknown key", "write address: ADDRESS"),
        ("hosts: {h: {ansible_user: x}}", "hosts.h.ansible_user: unknown key", "write ssh: {user: NAME}"),
        ("hosts: {h: {ssh: {proxy_jump: x}}}", "hosts.h.ssh.proxy_jump: unknown key", "write gateway"),
        ("rollout: {serial: 2}\nhosts: {h: }", "rollout.serial: unknown key", "write batch"),
        ("hosts: {h: {registry: {caches: [{remoteurl: x}]}}}", "remoteurl: unknown key", "write upstream"),
        ("hosts: {h: {runs: 20}}", "hosts.h.runs: must be a mapping", "write its keys below it: keep"),
        ("hosts: {h: {ignore: [R005]}}", "hosts.h.ignore: must be a mapping", "write {RULE:"),
        ("hosts: {h: {adress: x}}", "did you mean 'address'?", "write address"),
        ("hosts: {h: {quux: x}}", "hosts.h.quux: unknown key", "the keys of hosts.h: address, allow"),
    ],
)
def test_a_newcomer_is_told_what_to_write(tmp_path: Path, text: str, expected: str, hint: str) -> None:
    message, fix = texts.refusal(tmp_path, text)
    assert expected in message
    assert hint in fix


def test_each_problem_has_its_own_hint() -> None:
    problems, location = Problems(), SourceLocation("i.yml", 1, 1)
    problems.add(location, "a", "is wrong", "write b")
    problems.add(replace(location, line=2), "c", "is wrong", "write d")
    problems.add(replace(location, line=3), "e", "is wrong too", "write d")
    with pytest.raises(InventoryError) as caught:
        problems.stop()
    assert caught.value.lines == [
        *("i.yml:1:1: a: is wrong", "  hint: write b"),
        *("i.yml:2:1: c: is wrong", "i.yml:3:1: e: is wrong too", "  hint: write d"),
    ]
    assert "hint" not in caught.value.message
    assert caught.value.hint == ""
    assert [fix for _, _, fix in caught.value.problems] == ["write b", "write d", "write d"]


def test_our_keys_become_the_hosts_fields(tmp_path: Path) -> None:
    host = texts.hosts(
        tmp_path,
        """
        hosts:
          h:
            ssh: {user: me, port: 2222, key: keys/ci, gateway: "jump@192.0.2.1:22", sudo: false}
            docker: {on_change: restart, keep: [runtimes, log-opts.max-size], hosts: []}
            gitlab_runner: {}
            versions: {docker: "26.1"}
            ignore: {R012: behind a firewall}
            vars: {team: web, n: 3}
        """,
    )["h"]
    assert (host.ssh.user, host.ssh.port, host.ssh.gateway, host.ssh.sudo) == ("me", 2222, "jump@192.0.2.1:22", False)
    assert host.ssh.key == str(tmp_path / "keys/ci")
    assert {name.value: tree for name, tree in host.sections.items()} == {"docker": {"hosts": []}, "gitlab_runner": {}}
    assert [name.value for name in host.always_restart] == ["docker"]
    assert dict(host.keep) == {"docker": ("runtimes", "log-opts.max-size")}
    assert (host.versions, host.ignore) == ({"docker": "26.1"}, {"R012": "behind a firewall"})
    assert host.vars == {"team": "web", "n": 3}


def test_where_runners_are_created_is_merged_and_is_no_key_of_their_file(tmp_path: Path) -> None:
    host = texts.hosts(
        tmp_path,
        """
        defaults:
          gitlab: {url: https://gitlab.example.com, token: !env GITLAB_TOKEN}
          gitlab_runner:
            runners:
              - {name: one, token: keep, gitlab: {group: 42, tags: [a]}}
              - {name: two, gitlab: {project: team/app, description: the second}}
              - {name: three, gitlab: {instance: true}}
              - {name: four, gitlab: {paused: true, instance: false}}
        hosts:
          h: {gitlab_runner: {runners: [{name: one, gitlab: {group: null, project: "7"}}]}}
        """,
    )["h"]
    assert host.gitlab_places == {
        "one": Place("project", 7),
        "two": Place("project", "team/app"),
        "three": Place("instance"),
    }
    assert host.gitlab_settings == {
        "one": {"description": "one", "tags": ("a",)},
        "two": {"description": "the second"},
        "three": {"description": "three"},
        "four": {"paused": True},
    }
    runners = host.sections[ServiceName.GITLAB_RUNNER]["runners"]
    assert runners == [{"name": name} for name in ("one", "two", "three", "four")]


def test_a_runners_settings_in_gitlab_are_merged_and_are_no_keys_of_its_file(tmp_path: Path) -> None:
    host = texts.hosts(
        tmp_path,
        """
        defaults:
          gitlab: {url: https://gitlab.example.com, token: !env GITLAB_TOKEN}
          gitlab_runner:
            runners:
              - name: one
                url: HTTPS://gitlab.example.com/
                gitlab: {description: "docker on {host}", tags: [linux, docker, linux], locked: true}
              - {name: two, gitlab: {}}
        hosts:
          h: {gitlab_runner: {runners: [{name: one, gitlab: {locked: null, paused: false, maintenance_note: ""}}]}}
        """,
    )["h"]
    assert host.gitlab_settings == {
        "one": {"description": "docker on h", "tags": ("docker", "linux"), "paused": False, "maintenance_note": ""}
    }
    assert host.sections[ServiceName.GITLAB_RUNNER]["runners"] == [
        {"name": "one", "url": "HTTPS://gitlab.example.com/"},
        {"name": "two"},
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("groups: {g: {hosts: [h]}}", "a host names its groups"),
        ("groups: {g: {address: h}}", "only a host has an address"),
        ("defaults: {address: h}", "only a host has an address"),
        ("address: h", "only a host has an address"),
        ("ignore: {R012: why}", "it is a key of a host, a group or the defaults"),
        ("defaults: {ssh: {hosts: [h]}}", "the keys of defaults.ssh: "),
        ("rollout: {address: h}", "the keys of rollout: "),
    ],
)
def test_what_other_tools_write_elsewhere_is_told_how(text: str, hint: str, tmp_path: Path) -> None:
    message, fix = texts.refusal(tmp_path, f"{text}\nhosts: {{h: {{}}}}\n")
    assert "unknown key" in message
    assert fix.startswith(hint)
