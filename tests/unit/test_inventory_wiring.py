from __future__ import annotations

from pathlib import Path

import pytest

from runnerops.model.common import ServiceName
from tests.unit import inventory_texts as texts

HEAD = "groups: {web: , db: }\nhosts:\n"
CLIENT = "  h: {groups: [web], docker: {}}\n"
NEAR = "  a: {registry: {caches: [{listen: '192.0.2.1:5000'}]}}\n"
FAR = "  b: {registry: {caches: [{listen: '192.0.2.2:5000'}]}}\n"

MIRRORS = [  # the hosts, and h's mirrors (None: the key is left out)
    (CLIENT, None),
    (CLIENT + NEAR, ["http://192.0.2.1:5000"]),
    (FAR + CLIENT + NEAR, ["http://192.0.2.2:5000", "http://192.0.2.1:5000"]),
    (NEAR + "  h: {docker: {}, registry: {caches: [{}]}}\n", ["http://172.17.0.1:5000"]),
    (NEAR + "  h: {docker: {}, registry: {caches: [{use: false}]}}\n", ["http://192.0.2.1:5000"]),
    ("  a: {registry: {caches: [{}]}}\n  h: {docker: {}, registry: {caches: [{use: false}]}}\n", None),
    (CLIENT + "  a: {registry: {caches: [{listen: '192.0.2.1:5000', for: [web]}]}}\n", ["http://192.0.2.1:5000"]),
    (CLIENT + "  a: {registry: {caches: [{listen: '192.0.2.1:5000', for: [db]}]}}\n", None),
    (CLIENT + "  a: {registry: {caches: [{for: []}]}}\n", None),
    (CLIENT + "  a: {registry: {caches: [{listen: '192.0.2.1:5000', use: false}]}}\n", None),
    (CLIENT + "  a: {registry: {caches: [{upstream: 'https://ghcr.io', listen: '192.0.2.1:5000'}]}}\n", None),
    (CLIENT + "  a: {registry: {caches: [{url: 'https://c.example.com/'}]}}\n", ["https://c.example.com"]),
    (CLIENT + NEAR + "  b: {registry: {caches: [{}]}}\n", ["http://192.0.2.1:5000"]),
    ("  h: {docker: {}, registry: {caches: [{}, {name: two, listen: '192.0.2.9:1'}]}}\n",
     ["http://172.17.0.1:5000", "http://192.0.2.9:1"]),
    (NEAR + "  h: {docker: {registry-mirrors: null}}\n", ["http://192.0.2.1:5000"]),
]  # fmt: skip

GIVEN = [  # a list means just that list, even where no cache can be reached
    (NEAR + "  h: {docker: {registry-mirrors: ['https://m.example.com']}}\n", ["https://m.example.com"]),
    (NEAR + "  h: {docker: {registry-mirrors: []}}\n", []),
    ("  a: {registry: {caches: [{}]}}\n  h: {docker: {registry-mirrors: []}}\n", []),
]


@pytest.mark.parametrize(("hosts", "mirrors"), MIRRORS)
def test_mirrors_left_out_are_the_hub_caches_that_the_host_can_reach(
    tmp_path: Path, hosts: str, mirrors: list[str] | None
) -> None:
    host = texts.hosts(tmp_path, HEAD + hosts)["h"]
    assert texts.docker(host).get("registry-mirrors") == mirrors


@pytest.mark.parametrize(("hosts", "mirrors"), GIVEN)
def test_mirrors_given_mean_just_that(tmp_path: Path, hosts: str, mirrors: list[str]) -> None:
    host = texts.hosts(tmp_path, HEAD + hosts)["h"]
    assert texts.docker(host)["registry-mirrors"] == mirrors


def test_a_host_that_can_reach_no_cache_is_told_which_to_open(tmp_path: Path) -> None:
    message, hint = texts.refusal(tmp_path, HEAD + "  a: {registry: {caches: [{}]}}\n" + CLIENT)
    assert message == (
        "inventory.yml:3:27: hosts.a.registry.caches[0]: h cannot reach cache 'dockerhub' at http://172.17.0.1:5000: "
        "only a itself can"
    )
    assert hint.startswith("give it a `listen` address that h can reach")


def test_many_hosts_cut_off_from_one_cache_are_one_problem(tmp_path: Path) -> None:
    clients = "".join(f"  h{number}: {{docker: {{}}}}\n" for number in range(9))
    caches = "".join(f"  {name}: {{registry: {{caches: [{{}}]}}}}\n" for name in "ab")
    message, _ = texts.refusal(tmp_path, "hosts:\n" + caches + clients)
    assert "h0, h1, h2 and 6 more cannot reach cache 'dockerhub'" in message
    assert "\n" not in message


def test_a_host_sees_its_own_caches_first_then_those_it_can_reach(tmp_path: Path) -> None:
    hosts = texts.hosts(
        tmp_path,
        """
        groups: {web: }
        hosts:
          a: {registry: {caches: [{listen: "192.0.2.1:5000"}, {upstream: "https://quay.io", listen: "127.0.0.1:1"}]}}
          b:
            registry:
              caches: [{name: b, listen: "192.0.2.2:5000", for: [web]}, {name: c, listen: "192.0.2.2:1", use: false}]
          h: {groups: [web]}
        """,
    )
    names = {name: [f"{cache.host}/{cache.name}" for cache in host.caches] for name, host in hosts.items()}
    assert names == {
        "a": ["a/dockerhub", "a/quay.io"],
        "b": ["b/b", "b/c", "a/dockerhub"],
        "h": ["a/dockerhub", "b/b"],
    }


def test_what_a_runner_was_and_its_state_are_no_keys_of_its_own(tmp_path: Path) -> None:
    text = "hosts:\n  h: {gitlab_runner: {state: stopped, runners: [{name: 'new-{host}', was: 'old-{host}'}, {name: two}]}}\n"
    (host,) = texts.load(tmp_path, text).hosts
    assert host.renamed == {"new-h": "old-h"}
    assert host.stopped == {ServiceName.GITLAB_RUNNER}
    assert "state" not in host.sections[ServiceName.GITLAB_RUNNER]
    assert host.sections[ServiceName.GITLAB_RUNNER]["runners"] == [{"name": "new-h"}, {"name": "two"}]
