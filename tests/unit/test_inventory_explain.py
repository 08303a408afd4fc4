from __future__ import annotations

from pathlib import Path

import pytest

from runnerops.errors import UsageError
from runnerops.inventory.explain import Explained, explain
from tests.unit import inventory_texts as texts

TEXT = """
defaults:
  docker: {log-opts: {max-size: 10m, max-file: "3"}, dns: [192.0.2.53]}
groups:
  g:
    docker: {log-opts: {max-size: 20m}}
    gitlab_runner: {runners: [{name: a, limit: 1}]}
hosts:
  h:
    groups: [g]
    docker: {log-opts: {max-size: 30m, max-file: null}, dns: []}
    gitlab_runner: {runners: [{name: a, limit: 2}]}
    registry: {caches: [{}]}
"""


@pytest.fixture
def explained(tmp_path: Path) -> dict[tuple[str | int, ...], Explained]:
    return {value.key: value for value in explain(texts.write(tmp_path, TEXT), "h")}


ROWS = [  # the key, its value, who wrote it, and who was overridden
    (("address",), "h", "hosts.h", []),
    (("docker", "log-opts", "max-size"), "30m", "hosts.h", [("groups.g", "20m"), ("defaults", "10m")]),
    (("docker", "log-opts", "max-file"), None, "hosts.h", [("defaults", "3")]),
    (("docker", "dns"), [], "hosts.h", [("defaults", ["192.0.2.53"])]),
    (("gitlab_runner", "runners", 0, "name"), "a", "hosts.h", [("groups.g", "a")]),
    (("gitlab_runner", "runners", 0, "limit"), 2, "hosts.h", [("groups.g", 1)]),
    (("docker", "registry-mirrors"), ["http://172.17.0.1:5000"], "filled in", []),
    (("registry", "caches", 0, "volume"), "runnerops-dockerhub", "filled in", []),
    (("registry", "directory"), "/opt/registry", "filled in", []),
]


@pytest.mark.parametrize(("key", "value", "source", "over"), ROWS)
def test_each_value_says_where_it_comes_from_and_what_it_overrode(
    explained: dict[tuple[str | int, ...], Explained],
    key: tuple[str | int, ...],
    value: object,
    source: str,
    over: list[tuple[str, object]],
) -> None:
    found = explained[key]
    assert (found.value, found.source) == (value, source)
    assert [(layer.source, layer.value) for layer in found.over] == over
    assert (found.location is None) == (source == "filled in")


def test_places_are_those_of_the_winning_value(explained: dict[tuple[str | int, ...], Explained]) -> None:
    value = explained["docker", "log-opts", "max-size"]
    places = (value.location, *(layer.location for layer in value.over))
    assert [(place.line, place.column) for place in places if place] == [(11, 25), (6, 25), (3, 23)]


def test_an_unknown_host_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such host"):
        explain(texts.write(tmp_path, TEXT), "x")


VARIABLES = """
defaults:
  vars: {team: ci, image: "alpine:{{ vars.tag }}", tag: "3", "odd name": x, unused: y}
  gitlab_runner:
    concurrent: 2
    runners: [{name: "{{ vars['team'] }}-{host}", docker: {image: "{{ vars.image | lower }}",
      volumes: ["/{{ vars.team }}", '/{{ vars["odd name"] }}', "{{.vars.team}}"]}}]
groups: {g: {vars: {tag: "4"}}}
hosts: {h: {groups: [g]}}
"""


def test_a_value_names_the_variables_that_it_is_made_of_and_where_they_are_given(tmp_path: Path) -> None:
    by_key = {value.key: value for value in explain(texts.write(tmp_path, VARIABLES), "h")}
    runner = ("gitlab_runner", "runners", 0)
    for key, expected in (
        (("gitlab_runner", "concurrent"), []),
        ((*runner, "name"), [("team", "defaults")]),
        ((*runner, "docker", "image"), [("image", "defaults"), ("tag", "groups.g")]),
        ((*runner, "docker", "volumes"), [("team", "defaults"), ("odd name", "defaults")]),
        (("vars", "image"), [("tag", "groups.g")]),
        (("vars", "unused"), []),
    ):
        assert [(variable.name, variable.source) for variable in by_key[key].variables] == expected, key
    (tag,) = by_key["vars", "image"].variables
    assert str(tag.location).endswith("inventory.yml:8:21")
