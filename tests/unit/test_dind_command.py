"""`runnerops dind` prints lines that a job can use as they are."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from runnerops.commands.dind import dind
from runnerops.errors import InventoryError
from runnerops.model.common import Exit
from runnerops.report.screen import Screen
from tests.unit import inventory_texts as texts


def test_it_prints_what_a_job_sets(tmp_path: Path) -> None:
    text = """
        hosts:
          near: {registry: {caches: [{listen: "10.231.0.7:5000"}, {name: own, listen: "127.0.0.1:1"}]}}
          far: {registry: {caches: [{url: "https://cache.example.com", listen: "0.0.0.0:5000"}, {upstream: "https://ghcr.io", listen: "192.0.2.1:1"}]}}
          client: {docker: {}}
        """  # noqa: E501
    out = io.StringIO()
    assert dind(texts.write(tmp_path, text), Screen(out=out, err=io.StringIO())) is Exit.OK
    printed: Any = yaml.safe_load(out.getvalue())
    mirrors = ["--registry-mirror", "http://10.231.0.7:5000", "--registry-mirror", "https://cache.example.com"]
    pool = ["--default-address-pool", "base=10.232.0.0/16,size=24"]
    assert printed == {
        "services": [{"name": "docker:dind", "alias": "docker", "command": [*mirrors, *pool, "--tls=false"]}],
        "variables": {"DOCKER_HOST": "tcp://docker:2375", "DOCKER_TLS_CERTDIR": ""},
    }
    assert "cache dockerhub of near" in out.getvalue()
    as_json = io.StringIO()
    dind(tmp_path / "inventory.yml", Screen(out=as_json, err=io.StringIO()), as_json=True)
    caches = [("near", "http://10.231.0.7:5000"), ("far", "https://cache.example.com")]
    listed = [{"name": "dockerhub", "host": host, "url": url} for host, url in caches]
    assert json.loads(as_json.getvalue()) == {"version": 1, "caches": listed, **printed}


@pytest.mark.parametrize("caches", ["[{}]", "[{listen: '127.0.0.1:5000'}]", "[{listen: '192.0.2.1:1', use: false}]"])
def test_without_a_cache_that_others_can_reach_it_says_what_to_write(tmp_path: Path, caches: str) -> None:
    path = texts.write(tmp_path, f"hosts: {{a: {{registry: {{caches: {caches}}}}}}}")
    with pytest.raises(InventoryError) as caught:
        dind(path, Screen(out=io.StringIO(), err=io.StringIO()))
    assert caught.value.message.startswith(f"{path}: no cache")
    assert "`listen`" in caught.value.hint
