"""Findings that an inventory silences, and findings without secrets, as `check` shows them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from runnerops.commands.check import CheckOptions, check
from runnerops.commands.reports import parse_reports
from runnerops.errors import InventoryError
from runnerops.model.common import Exit
from runnerops.report.screen import Screen

IGNORING = """
defaults: {ignore: {X002: a draft}}
groups:
  g:
    docker: {bip: nonsense}
    ignore: {D008: mended next week}
hosts:
  a: {groups: [g]}
"""


def check_inventory(folder: Path, text: str, *, as_json: bool = False, strict: bool = False) -> tuple[Exit, str]:
    (folder / "inventory.yml").write_text(text)
    out = io.StringIO()
    screen = Screen(out=out, err=out)
    reports = parse_reports([str(folder / "reports")])
    path = folder / "inventory.yml"
    return check(path, (), {}, screen, CheckOptions(strict=strict, as_json=as_json, reports=reports)), out.getvalue()


def rules(folder: Path, text: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(check_inventory(folder, text, as_json=True)[1])["findings"]
    return entries


def test_what_is_ignored_is_shown_with_its_reason_and_fails_nothing(tmp_path: Path) -> None:
    code, text = check_inventory(tmp_path, IGNORING, strict=True)
    assert code is Exit.OK
    assert "[D008]\n  ignored: mended next week\n" in text
    assert "1 host checked: 0 errors, 0 warnings, 1 ignored" in text
    (finding,) = rules(tmp_path, IGNORING)
    assert (finding["severity"], finding["ignored"]) == ("info", "mended next week")


def test_reports_tell_what_is_ignored_from_what_is_wrong(tmp_path: Path) -> None:
    check_inventory(tmp_path, IGNORING)
    reports = tmp_path / "reports"
    assert json.loads((reports / "gl-code-quality-report.json").read_text()) == []
    assert '<skipped message="ignored: mended next week" />' in (reports / "junit.xml").read_text()
    (result,) = json.loads((reports / "runnerops.sarif").read_text())["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "external", "justification": "mended next week"}]


def test_a_host_takes_it_back(tmp_path: Path) -> None:
    code, text = check_inventory(tmp_path, IGNORING + "  b: {groups: [g], ignore: {D008: null}}\n")
    assert code is Exit.FAILED
    assert "1 error (b), 0 warnings, 1 ignored" in text


def test_a_ca_file_of_gitlab_without_a_certificate_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("nothing\n")
    for file, problem in (("no.pem", "there is no file"), ("bad.pem", "holds no certificate"), (".", "is a folder")):
        text = f"defaults:\n  gitlab: {{url: 'https://gitlab.example.com', ca_file: '{file}'}}\nhosts: {{a: {{}}, b: {{}}}}\n"
        (document,) = rules(tmp_path, text)
        assert (document["rule"], document["severity"], document["place"]["line"]) == ("X012", "warning", 2)
        assert problem in document["message"]
        assert document["message"].endswith("so GitLab is not asked")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("hosts:\n  a: {address: 192.0.2.1}\n  b: {address: 192.0.2.1, ignore: {X001: on purpose}}\n", "X001"),
        (
            "hosts: {a: {address: 192.0.2.10, docker: {bip: 192.0.2.1/24}, ignore: {X003: on purpose}}}\n",
            "X003",
        ),
        ("defaults: {ignore: {S001: on purpose}}\nhosts: {a: {docker: {bip: !env NO}}, b: {}}\n", "S001"),
    ],
)
def test_rules_across_files_and_hosts_are_ignored_alike(tmp_path: Path, text: str, rule: str) -> None:
    assert [(finding["rule"], finding["ignored"]) for finding in rules(tmp_path, text)] == [(rule, "on purpose")]


def test_what_one_host_ignores_the_project_does_not(tmp_path: Path) -> None:
    text = "hosts: {a: {docker: {bip: !env NO}, ignore: {S001: on purpose}}, b: {}}\n"
    assert [(finding["rule"], finding["ignored"]) for finding in rules(tmp_path, text)] == [("S001", None)]


def test_secrets_that_stand_in_no_file_are_named_too(tmp_path: Path) -> None:
    text = """
defaults:
  gitlab: {url: "https://gitlab.example.com", token: !env NO_API}
  ssh: {sudo_password: !secret "{env:NO_SUDO}"}
hosts:
  a: {docker: {bip: !env NO_BIP}}
  b: {docker: {bip: !env NO_API}}
"""
    pairs = [(finding["rule"], finding["message"], finding["place"]["line"]) for finding in rules(tmp_path, text)]
    gone = "not set, in the environment or .env"
    assert sorted(pairs) == [
        ("S001", f"!env NO_API: {gone}; checked with a placeholder in its place", 7),
        ("S001", f"!env NO_BIP: {gone}; checked with a placeholder in its place", 6),
        ("S001", f"!env NO_SUDO: {gone}; sudo on the host may ask for it", 4),
    ]
    text = text[: text.index("hosts:")] + "hosts: {a: {docker: {}}}\n"
    assert sorted(finding["message"].partition("; ")[2] for finding in rules(tmp_path, text)) == [
        "GitLab does not say without it whether runners are paused or offline",
        "sudo on the host may ask for it",
    ]


@pytest.mark.parametrize(
    ("ignore", "says"),
    [("D08: x", "did you mean 'D008' or 'D018'?"), ("d008: x", "did you mean 'D008'?"), ("D008: ' '", "must say why")],
)
def test_an_unknown_rule_or_no_reason_is_an_error(tmp_path: Path, ignore: str, says: str) -> None:
    with pytest.raises(InventoryError) as caught:
        check_inventory(tmp_path, IGNORING.replace("D008: mended next week", ignore))
    assert says in caught.value.message + caught.value.hint


def test_a_finding_that_hosts_share_is_shown_once(tmp_path: Path) -> None:
    runner = "{name: '{host}-a', limt: 2, url: 'https://gitlab.example.com', executor: shell}"
    text = f"defaults: {{gitlab_runner: {{concurrent: 1, runners: [{runner}]}}}}\nhosts: {{a: {{}}, b: {{}}}}\n"
    assert [(finding["rule"], finding["name"]) for finding in rules(tmp_path, text)] == [("R006", "")]


SECRETS = """
hosts:
  a:
    docker:
      fixed-cidr: !env B
      data-root: !env C
      log-level: !env D
      log-driver: !env E
      log-opts: {max-size: !env F}
      registry-mirrors: [!env G]
      insecure-registries: [!env H]
      dns: [!env I]
      hosts: [!env J]
      storage-driver: !env L
      labels: [!env M]
      proxies: {http-proxy: !env N}
      default-ulimits: {nofile: {Name: !env O, Hard: 1, Soft: 1}}
    registry:
      caches:
        - {listen: '172.17.0.1:5000', username: !env P, password: !env Q,
           environment: {REGISTRY_LOG_LEVEL: !env R, REGISTRY_HTTP_SECRET: !env S}}
        - upstream: https://ghcr.io
          listen: 172.17.0.1:5001
          config: {log: {level: !env T}, http: {secret: !env U}, redis: {addrs: [!env V]}}
    gitlab_runner:
      concurrent: 4
      log_level: !env W
      session_server: {listen_address: !env X, advertise_address: !env Y}
      runners:
        - {name: a, url: !env Z, token: !env AA, executor: !env AB, output_limit: 4096}
        - name: b
          url: https://gitlab.example.com
          token: !env AC
          executor: docker
          shell: !env AD
          environment: [!env AE]
          pre_build_script: !env AF
          docker: {image: !env AG, volumes: [!env AH], pull_policy: [!env AI], extra_hosts: [!env AJ], memory: !env AK,
            services: [{name: !env AL, alias: !env AM}], helper_image: !env AN, network_mode: !env AO}
          cache: {Type: s3, s3: {ServerAddress: !env AP, AccessKey: !env AQ, SecretKey: !env AR, BucketName: !env AS}}
"""


def test_nothing_is_wrong_with_a_placeholder(tmp_path: Path) -> None:
    entries = rules(tmp_path, SECRETS)
    assert [
        (finding["rule"], finding["key"], finding["message"]) for finding in entries if finding["rule"] != "S001"
    ] == []
    assert len(entries) == SECRETS.count("!env")
    assert all("checked with a placeholder in its place" in finding["message"] for finding in entries)
