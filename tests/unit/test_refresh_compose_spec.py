"""The tool that fetches the Compose specification's schema, and the schema in the repository."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from pathlib import Path

import jsonschema

import runnerops
from runnerops.model.common import Tree
from runnerops.services.registry.schema.json_schema import Validator

ROOT = Path(runnerops.__file__).parent
DATA = ROOT / "services" / "registry" / "schema"


def tool() -> object:
    spec = importlib.util.spec_from_file_location("refresh", ROOT.parent / "tools" / "refresh_compose_spec.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_files_come_out_of_the_wheel(tmp_path: Path) -> None:
    wheel, folder = tmp_path / "x-1-py3-none-any.whl", tmp_path / "data"
    folder.mkdir()
    (folder / "compose-spec.json").write_text(json.dumps({"properties": {"gone": {}, "name": {}}}))
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("x/vendor/compose-spec.json", json.dumps({"properties": {"name": {}, "jobs": {}}}))
        archive.writestr("x/vendor/licenses/LICENSE.compose-spec", "free")
    lines = list(tool().refresh(wheel, folder))  # type: ignore[attr-defined]
    assert lines == ["x-1-py3-none-any.whl: 2 keys", "+ jobs", "- gone"]
    assert (folder / "LICENSE.compose-spec").read_text() == "free"


def test_our_reading_of_the_schema_agrees_with_a_general_validator() -> None:
    schema = json.loads((DATA / "compose-spec.json").read_text())
    general, ours = jsonschema.Draft202012Validator(schema), Validator(schema)
    service: Tree = {"image": "x", "ports": ["80:80", 443, {"target": 80}], "environment": {"A": 1}, "command": ["a"]}
    changes: tuple[Tree, ...] = (
        {},
        {"ports": "80"},
        {"ports": [{"targt": 80}]},
        {"environment": ["A"]},
        {"environment": [{"A": 1}]},
        {"command": 5},
        {"depends_on": {"b": {}}},
        {"depends_on": {"b": {"condition": "service_healthy"}}},
        {"build": {"context": ".", "args": ["A=1"]}},
        {"build": {"contxt": "."}},
        {"x-mine": 1},
        {"mine": 1},
        {"cap_add": ["A", "A"]},
        {"ulimits": {"nofile": {"soft": 1}}},
        {"gpus": "all"},
        {"gpus": "some"},
        {"deploy": {"resources": {"limits": {"cpus": 0.5, "memory": "1g"}}}},
        {"deploy": {"resources": {"limit": {}}}},
        {"pull_policy": "every_3d"},
        {"pull_policy": "often"},
        {"networks": {"a": {"ipv4_address": "192.0.2.1"}, "b": None}},
        {"networks": {"a": {"ipv4": "192.0.2.1"}}},
        {"volumes": [{"type": "bind", "source": "/a", "target": "/b", "bind": {"propagation": "shared"}}]},
        {"volumes": [{"source": "/a"}]},
        {"logging": {"driver": "json-file", "options": {"max-size": "1m", "max-file": 3}}},
        {"env_file": [{"path": ".env", "required": False}]},
        {"env_file": [{"required": False}]},
    )
    for change in changes:
        tree: Tree = {"services": {"a": {**service, **change}}}
        assert bool(list(ours.problems(tree))) is not general.is_valid(tree), change


def test_the_schema_has_its_licence_beside_it() -> None:
    assert "Apache License" in (DATA / "LICENSE.compose-spec").read_text()
