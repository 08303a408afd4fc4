"""Keys of a Compose file by the release that brought them."""

from __future__ import annotations

from importlib.resources import files

import pytest

from runnerops.model.common import ServiceName, Tree, key_text
from runnerops.model.facts import Facts, RegistryFacts
from runnerops.model.inventory import FileSpec, Host
from runnerops.parsing.yaml_places import look
from runnerops.planning.lint import lint_trees
from runnerops.planning.lint.encoding import many_values
from runnerops.services.registry.format.reading import parse
from runnerops.services.registry.rules.compose import compose_rules
from runnerops.services.registry.schema.compose_since import _SINCE

SPEC = FileSpec(ServiceName.REGISTRY, "compose.yml", "docker-compose.yml.j2", "yaml")
SCHEMA = files("runnerops.services.registry.schema").joinpath("compose-spec.json").read_text("utf-8")


def findings_of(lines: str, version: str, *, facts: bool = False) -> list[str]:
    tree = parse(f"services:\n  a:\n    image: x\n    {lines}\n".encode(), compose=True)
    host = Host("h", "h", versions={"compose": version} if version and not facts else {})
    host_facts = Facts(registry=RegistryFacts(compose_version=version)) if facts else None
    return [
        f"{this_tree.rule} {this_tree.severity} {key_text(this_tree.key)}"
        for this_tree in lint_trees(host, {SPEC: tree}, host_facts)
    ]


@pytest.mark.parametrize(
    ("lines", "key", "before", "since"),
    [
        ("uts: host", "uts", "2.15.0", "2.15.1"),
        ("attach: false", "attach", "1.29.2", "2.20"),
        ("healthcheck: {test: a, start_interval: 1s}", "healthcheck.start_interval", "2.20.1", "2.20"),
        ("env_file: [{path: a}]", "env_file[0].path", "v2.23.3", "2.24.0-rc.1"),
        ("gpus: all", "gpus", "2.26.1-4", "v2.30.0"),
        ("label_file: a", "label_file", "2.31.0", "2.32.0"),
        ("pre_start: [{image: a, command: b}]", "pre_start", "5.2", "5.3"),
        ("pre_start: [{image: a, init: true}]", "pre_start[0].init", "5.5.1", "5.6.0"),
        ("umask: '022'", "umask", "5.6.0", "5.7.0"),
    ],
)
def test_a_key_that_an_older_compose_lacks_is_reported(lines: str, key: str, before: str, since: str) -> None:
    for facts in (False, True):
        assert f"K001 error services.a.{key}" in findings_of(lines, before, facts=facts)
        assert findings_of(lines, since, facts=facts) == []


@pytest.mark.parametrize(
    ("tree", "rule", "before", "since"),
    [
        ({"networks": {"a b": {}}}, "K001", "5.5.1", "5.6.0"),
    ],
)
def test_a_file_that_only_newer_releases_refuse_is_no_error_for_older_ones(
    tree: Tree, rule: str, before: str, since: str
) -> None:
    whole: Tree = {"services": {"a": {"image": "x"}}, **tree}
    wrong = {version: [*compose_rules(whole, version=version)] for version in (before, since, "")}
    assert [(version, [finding[:2] for finding in pairs]) for version, pairs in wrong.items()] == [
        (before, []),
        (since, [(rule, "error")]),
        ("", [(rule, "warning")]),
    ]
    assert wrong[""][0][3].endswith(f": Compose refuses the file since {since}")


_ANCHOR = f"x-a: &a {{{', '.join(f'k{number}: v' for number in range(80))}}}\nservices:\n"


@pytest.mark.parametrize(
    ("text", "too_many"),
    [
        (f"services: {{a: {{image: x}}}}\nx-a: [{'1,' * 99_995}]", False),
        (f"services: {{a: {{image: x}}}}\nx-a: [{'1,' * 99_996}]", True),
        (_ANCHOR + "".join(f"  s{n}: {{image: x, labels: *a}}\n" for n in range(1500)) + " " * 200_000, False),
        (_ANCHOR + "".join(f"  s{n}: {{image: x, labels: {{<<: *a}}}}\n" for n in range(1500)) + " " * 200_000, False),
    ],
)
def test_a_file_has_as_many_values_as_compose_counts(text: str, too_many: bool) -> None:
    spec = FileSpec(ServiceName.REGISTRY, "c.yml", "", "yaml")
    documents = look(text, "c.yml", layered=True).documents
    assert [finding.rule for finding in many_values(spec, text, documents)] == (["K002"] if too_many else [])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("gpus: all", []),
        ("use_api_socket: true", ["K001 warning services.a.use_api_socket"]),
        ("storage_opt: {size: 1g}", []),
        (
            "pre_start: [{image: a, tyt: true}]",
            ["K001 error services.a.pre_start[0].tyt", "K001 warning services.a.pre_start"],
        ),
    ],
)
def test_without_a_version_only_recent_keys_are_warned_of(lines: str, expected: list[str]) -> None:
    for version in ("", "dev"):
        assert findings_of(lines, version) == expected


def test_every_key_is_one_of_the_specification() -> None:
    for places in _SINCE.values():
        for place in places.split():
            assert f'"{place.rpartition(".")[2]}"' in SCHEMA, place
