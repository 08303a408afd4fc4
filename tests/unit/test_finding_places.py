"""The place that a finding names: that of a value in the inventory, or the line of a template that writes the key.

In each text `@` marks the expected place. It is removed before the text is read.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from runnerops.commands.check import CheckOptions, check
from runnerops.errors import TemplateError
from runnerops.report.screen import Screen

RUNNER = "{name: r, url: 'https://gitlab.example.com', token: glrt-aaaaaaaaaaaaaaaaaaaa, executor: shell"


def finding_places(
    folder: Path, files: Mapping[str, str], names: tuple[str, ...] = ()
) -> tuple[str, dict[str, set[str]]]:
    """The place that `@` marks, and the places of findings by their rules; the inventory is `inventory.yml`."""
    (marked,) = ((name, text) for name, text in files.items() if "@" in text)
    before = marked[1].partition("@")[0]
    wanted = f"{folder / marked[0]}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.replace("@", ""))
    out = io.StringIO()
    screen = Screen(out=out, err=out)
    given = [str(folder / name) for name in names]
    check(folder / "inventory.yml", given, {}, screen, CheckOptions(as_json=True))
    by_name: dict[str, set[str]] = {}
    for finding in json.loads(out.getvalue())["findings"]:
        place = finding["place"]
        assert place, finding
        by_name.setdefault(finding["rule"], set()).add(f"{place['file']}:{place['line']}:{place['column']}")
    return wanted, by_name


INVENTORIES = {
    "daemon: defaults": ("D008", "defaults:\n  docker:\n    debug: true\n    @bip: x\nhosts: {a: {docker: {}}}\n"),
    "daemon: group": (
        "D008",
        "defaults: {docker: {bip: 10.9.0.1/24}}\ngroups:\n  g:\n    docker: {debug: true, @bip: x}\n"
        "hosts: {a: {groups: [g], docker: {}}}\n",
    ),
    "daemon: host": (
        "D008",
        "defaults: {docker: {bip: 10.9.0.1/24}}\ngroups: {g: {docker: {bip: y}}}\n"
        "hosts:\n  a:\n    groups: [g]\n    docker:\n      @bip: x\n",
    ),
    "daemon: within a list": (
        "D005",
        "hosts:\n  a:\n    docker:\n      registry-mirrors:\n        - http://a:1\n        - @ftp://b\n",
    ),
    "daemon: within a flow list": ("D005", "hosts: {a: {docker: {registry-mirrors: ['http://a:1', @'ftp://b']}}}\n"),
    "daemon: two levels": (
        "D004",
        "defaults: {docker: {log-opts: {max-file: '3', @max-size: 10}}}\nhosts: {a: {docker: {log-opts: {max-file: '4'}}}}\n",
    ),
    "daemon: through an alias": (
        "D004",
        "defaults:\n  docker:\n    log-opts: &opts\n      @max-size: 10\nhosts:\n  a: {docker: {log-opts: *opts}}\n",
    ),
    "daemon: through a merge key": (
        "D004",
        "groups:\n  g:\n    docker:\n      log-opts: &opts {max-file: '1', @max-size: 10}\n"
        "hosts:\n  a: {docker: {log-opts: {<<: *opts, max-file: '2'}}}\n",
    ),
    "daemon: an alias of one value": (
        "D008",
        "defaults: {vars: {net: &net x}}\nhosts:\n  a:\n    docker:\n      @bip: *net\n",
    ),
    "runner: defaults": (
        "R001",
        f"defaults:\n  gitlab_runner:\n    @concurrent: 0\nhosts: {{a: {{gitlab_runner: {{runners: [{RUNNER}}}]}}}}}}\n",
    ),
    "runner: in a list that merges by name": (
        "R006",
        f"groups:\n  g:\n    gitlab_runner:\n      concurrent: 1\n      runners:\n        - {RUNNER}, @limt: 1}}\n"
        "hosts: {a: {groups: [g], gitlab_runner: {runners: [{name: r, limit: 1}]}}}\n",
    ),
    "cache: upstream": (
        "C014",
        "hosts:\n  a:\n    registry:\n      caches:\n        - name: hub\n          serves: docker.io\n"
        "          @upstream: https://mirror.example.com/v2\n",
    ),
    "cache: ttl that a group sets": (
        "C004",
        "groups: {g: {registry: {caches: [{name: dockerhub, @ttl: 24h}]}}}\n"
        "hosts: {a: {groups: [g], registry: {caches: [{image: 'registry:2.8'}]}}}\n",
    ),
    "cache: config": (
        "C001",
        "hosts: {a: {registry: {caches: [{config: {log: {level: info}, @helth: {}}}]}}}\n",
    ),
    "cache: environment": (
        "K",
        "hosts: {a: {registry: {caches: [{environment: {@REGISTRY_LOG_LEVLE: debug}}]}}}\n",
    ),
    "cache: image": (
        "K",
        "defaults:\n  registry:\n    caches:\n      - @image: registry:latest\nhosts: {a: {registry: {caches: [{}]}}}\n",
    ),
    "network of Docker's": (
        "X003",
        "hosts: {a: {address: 192.0.2.10, docker: {debug: true, @bip: 192.0.2.1/24}}}\n",
    ),
    "two names of one host": ("X001", "hosts:\n  a: {address: 192.0.2.10}\n  b: {@address: 192.0.2.10}\n"),
}


@pytest.mark.parametrize("name", INVENTORIES)
def test_a_value_of_the_inventory(tmp_path: Path, name: str) -> None:
    rule, text = INVENTORIES[name]
    wanted, by_name = finding_places(tmp_path, {"inventory.yml": text})
    assert wanted in {place for text, all_of in by_name.items() if text.startswith(rule) for place in all_of}, by_name


TEMPLATES = {
    "daemon: literal": ("D008", "daemon.json.j2", '{# one #}\n{\n  "debug": true,\n  @"bip": "x"\n}\n'),
    "daemon: literal behind an expression": (
        "D008",
        "daemon.json.j2",
        '{\n  "debug": {{ docker.debug | to_json }}, @"bip": "x"\n}\n',
    ),
    "daemon: expression": ("D008", "daemon.json.j2", '{\n  @"bip": {{ vars.net | to_json }}\n}\n'),
    "daemon: dictionary": (
        "D004",
        "daemon.json.j2",
        '{% set more = {\n  "log-opts": {\n    @"max-size": 10\n  }\n} %}\n{{ dict(docker, **more) | to_json }}\n',
    ),
    "daemon: dictionary with a variable": (
        "D008",
        "daemon.json.j2",
        '{% set more = {\n  @"bip": vars.net,\n} %}\n{{ dict(docker, **more) | to_json }}\n',
    ),
    "daemon: computed": ("D008", "daemon.json.j2", "\n@{{ {vars.key: 'x'} | to_json }}\n"),
    "daemon: included": ("D008", "part.j2", '  "debug": true,\n  @"bip": "x"\n'),
    "daemon: macro": ("D008", "daemon.json.j2", '{% macro net() %}\n@"bip": "x"\n{% endmacro %}\n{ {{ net() }} }\n'),
    "runner: literal": (
        "R006",
        "config.toml.j2",
        "concurrent = 1\n{% for runner in gitlab_runner.runners %}\n[[runners]]\n{{ runner | to_toml }}\n@limt = 1\n"
        "{% endfor %}\n",
    ),
    "runner: expression": ("R001", "config.toml.j2", "# x\n@concurrent = {{ vars.zero }}\n"),
    "cache: literal": (
        "C001",
        "registry-config.yml.j2",
        "version: 0.1\n@helth: {}\nstorage: {filesystem: {}}\nproxy: {remoteurl: {{ cache.upstream }}}\n",
    ),
    "cache: dictionary": (
        "C001",
        "registry-config.yml.j2",
        '{% set config = {\n  "version": 0.1,\n  @"helth": {},\n  "storage": {"filesystem": {}},\n'
        '  "proxy": {"remoteurl": cache.upstream}} %}\n{{ merge(config, cache.config) | to_yaml }}\n',
    ),
    "compose: literal": (
        "K011",
        "docker-compose.yml.j2",
        "services:\n{% for cache in caches %}\n  {{ cache.name }}:\n    @image: registry\n"
        "    labels: {runnerops.registry-config.sha256: {{ cache.config_sha256 }}}\n{% endfor %}\n",
    ),
}
BESIDE = {"part.j2": ("daemon.json.j2", '{\n{% include "part.j2" %}\n}\n')}
HOST = (
    "hosts:\n  a:\n    docker: {debug: true, bip: 10.9.0.1/24}\n    registry: {caches: [{}]}\n"
    f"    gitlab_runner: {{runners: [{RUNNER}}}]}}\n    vars: {{net: x, key: bip, zero: 0}}\n"
)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_key_that_a_template_writes(tmp_path: Path, name: str) -> None:
    rule, template, text = TEMPLATES[name]
    given = HOST.replace(", bip: 10.9.0.1/24", "") if rule == "D008" else HOST
    files = {"inventory.yml": given, f"templates/{template}": text}
    if template in BESIDE:
        other, around = BESIDE[template]
        files[f"templates/{other}"] = around
    wanted, by_name = finding_places(tmp_path, files)
    assert by_name[rule] == {wanted}


@pytest.mark.parametrize(
    ("template", "text", "host"),
    [
        ("daemon.json.j2", "\n{{ docker | to_json }}\n", "{docker: {debug: true, @bip: x}}"),
        (
            "daemon.json.j2",
            '{ "bip": {{ docker.bip | to_json }} }',
            "{vars: {a: 1}, docker: {@bip: x}}",
        ),
        ("config.toml.j2", "{{ gitlab_runner | to_toml }}", "{gitlab_runner: {log_level: info, @concurrent: 0}}"),
    ],
)
def test_a_value_of_the_inventory_that_a_template_passes_on(
    tmp_path: Path, template: str, text: str, host: str
) -> None:
    wanted, by_name = finding_places(
        tmp_path, {"inventory.yml": f"hosts:\n  a: {host}\n", f"templates/{template}": text}
    )
    assert {place for all_of in by_name.values() for place in all_of} == {wanted}


SINGLE = {
    "daemon.json": ("D008", '{"debug": true,\n "log-opts": {"a": "b"}, @"bip": "x"}\n'),
    "config.toml": ("R006", 'concurrent = 1\n[[runners]]\n  name = "a"\n  executor = "shell"\n  @limt = 1\n'),
    "other.toml": ("R006", 'concurrent = 1\n[[runners]]\nexecutor = "docker"\ndocker = {image = "x", @imge = "y"}\n'),
    "missing.yml": ("C008", "# a licence\n\n@storage:\n  filesystem: {}\n"),
    "registry.yml": ("C001", "version: 0.1\nstorage:\n  filesystem: {}\nlog: {level: info, @lvel: x}\n"),
    "compose.yml": ("K001", "services:\n  a: &a {image: x, @imge: y}\n  b:\n    <<: *a\n"),
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_key_of_a_single_file(tmp_path: Path, name: str) -> None:
    rule, text = SINGLE[name]
    wanted, by_name = finding_places(tmp_path, {name: text}, (name,))
    assert by_name[rule] == {wanted}


def test_a_template_that_renders_a_broken_file_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(TemplateError) as caught:
        finding_places(
            tmp_path,
            {
                "inventory.yml": "hosts: {a: {docker: {debug: true}}}\n",
                "templates/daemon.json.j2": '{# x #}\n{\n  "debug": {{ docker.debug }}@\n}\n',
            },
        )
    assert caught.value.message.startswith(f"{tmp_path}/templates/daemon.json.j2:3: renders broken JSON for host a: ")
    assert "not a value of JSON" in caught.value.message
