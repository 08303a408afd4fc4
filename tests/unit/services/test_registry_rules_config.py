"""What a registry refuses, ignores or fails on in its configuration, and similar files that it accepts."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import ServiceName, Tree, key_text
from runnerops.model.inventory import FileSpec
from runnerops.planning.lint.file import lint_file
from runnerops.services.registry.rules.config import config_rules

SPEC = FileSpec(ServiceName.REGISTRY, "config.yml", "registry-config.yml.j2", "yaml")

SOUND = """version: 0.1
storage:
  filesystem: {rootdirectory: /var/lib/registry}
  delete: {enabled: true}
http: {addr: ':5000'}
proxy: {remoteurl: https://registry-1.docker.io}
"""


def findings_of(text: str) -> list[str]:
    return [
        f"{finding.rule} {finding.severity} {key_text(finding.key)}"
        for finding in lint_file(SPEC, text.encode())
        if finding.severity != "info"
    ]


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("version: 0.1", "version: 0.2", "C008 error version"),
        ("version: 0.1\n", "", "C008 error version"),
        ("filesystem: {", "filesytem: {", "C009 error storage.filesytem"),
        ("  filesystem: {rootdirectory: /var/lib/registry}\n", "", "C009 error storage"),
        ("  delete:", "  s3: {region: us-east-1, bucket: b}\n  delete:", "C009 error storage"),
        ("filesystem: {rootdirectory: /var/lib/registry}", "s3: {region: a}", "C009 error storage.s3"),
        ("filesystem: {rootdirectory: /var/lib/registry}", "swift: {}", "C009 error storage.swift"),
        (
            "filesystem: {rootdirectory: /var/lib/registry}",
            "swift: {authurl: 'https://a/v3', username: b, password: c, container: d}",
            "C009 warning storage.swift",
        ),
        (
            "filesystem: {rootdirectory: /var/lib/registry}",
            "swift: {authurl: a, username: b, password: c, container: d}",
            "C009 warning storage.swift.authurl",
        ),
        (
            "filesystem: {rootdirectory: /var/lib/registry}",
            "oss: {accesskeyid: a, accesskeysecret: b, region: r, bucket: b, endpoint: /x}",
            "C009 warning storage.oss.endpoint",
        ),
        ("  delete:", "  rootdirectory: /x\n  delete:", "C009 error storage.rootdirectory"),
        ("docker.io}", "docker.io, password: '${HUB}'}", "C019 warning proxy.password"),
        ("docker.io}", "docker.io, password: $HUB}", "C019 warning proxy.password"),
        ("{addr: ':5000'}", "{addr: ':5000', tls: {key: /k}}", "C012 warning http.tls"),
        ("{addr: ':5000'}", "{addr: ':5000', tls: {letsencrypt: {email: a@b.c}}}", "C012 warning http.tls.letsencrypt"),
        ("{addr: ':5000'}", "{adress: ':5000'}", "C001 error http.adress"),
        ("proxy:", "proxies:", "C001 error proxies"),
        ("rootdirectory", "rootdirectoy", "C001 error storage.filesystem.rootdirectoy"),
        ("delete: {enabled", "delete: {enable", "C001 error storage.delete.enable"),
        ("rootdirectory", "rootdir", "C001 error storage.filesystem.rootdir"),
        ("  delete: {enabled: true}\n", "", "C011 warning storage.delete"),
        ("enabled: true", 'enabled: "true"', "C011 warning storage.delete.enabled"),
        ("  delete:", "  cache: {blobdescriptor: redis}\n  delete:", "C010 error storage.cache.blobdescriptor"),
        ("  delete:", "  cache: {blobdescriptor: memory}\n  delete:", "C010 warning storage.cache.blobdescriptor"),
        (
            "  delete:",
            "  cache: {blobdescriptor: inmemory, blobdescriptorsize: big}\n  delete:",
            "C017 warning storage.cache.blobdescriptorsize",
        ),
        (
            "  delete:",
            "  maintenance: {uploadpurging: {enabled: true, age: 7d, interval: 24h, dryrun: false}}\n  delete:",
            "C017 error storage.maintenance.uploadpurging.age",
        ),
        (
            "  delete:",
            "  maintenance: {uploadpurging: {age: 168h, interval: 24h}}\n  delete:",
            "C017 error storage.maintenance.uploadpurging",
        ),
        ("  delete:", "  maintenance: {uploadpurging: }\n  delete:", "C017 error storage.maintenance.uploadpurging"),
        (
            "  delete:",
            "  maintenance: {uploadpurging: false}\n  delete:",
            "C003 error storage.maintenance.uploadpurging",
        ),
        (
            "  delete:",
            "  maintenance: {readonly: {enabled: 'true'}}\n  delete:",
            "C017 error storage.maintenance.readonly.enabled",
        ),
        ("  delete:", "  redirect: {disabled: true}\n  delete:", "C001 error storage.redirect.disabled"),
        ("  delete:", "  tag: {concurrencylimit: -1}\n  delete:", "C017 error storage.tag.concurrencylimit"),
        ("http:", "log: {level: warning}\nhttp:", "C003 error log.level"),
        ("{addr: ':5000'}", "{host: '192.0.2.1:5000'}", "C013 error http.host"),
        ("{addr: ':5000'}", "{host: registry.example.com}", "C013 warning http.host"),
        ("registry-1.docker.io}", "registry-1docker.io}", "C014 warning proxy.remoteurl"),
        ("http:", "log: {formatter: xml}\nhttp:", "C003 error log.formatter"),
        ("  delete:", "  tag: {concurrencylimit: 8}\n  delete:", "C009 warning storage.tag"),
        ("http:", "middleware: {repository: [{name: a}]}\nhttp:", "C009 warning middleware.repository[0]"),
        ("http:", "auth: {token: {realm: a, service: b, issuer: c, jwks: /d}}\nhttp:", "C012 warning auth.token"),
        (
            "filesystem: {rootdirectory: /var/lib/registry}",
            "azure: {accountname: abc, accountkey: YWJj, container: c}",
            "C009 warning storage.azure",
        ),
        ("http:", "tags: {maxtags: -1}\nhttp:", "C003 warning tags.maxtags"),
        ("http:", "auth: {token: {}, htpasswd: {}}\nhttp:", "C012 error auth"),
        (
            "http:",
            "validation: {manifests: {indexes: {platforms: some}}}\nhttp:",
            "C003 warning validation.manifests.indexes.platforms",
        ),
        ("{addr: ':5000'}", "{addr: ':5000', tls: {certificate: /c}}", "C012 error http.tls"),
        ("{addr: ':5000'}", "{addr: ':5000', relativeurls: 'true'}", "C003 error http.relativeurls"),
        ("registry-1.docker.io}", "registry-1.docker.io/hub}", "C014 error proxy.remoteurl"),
        ("registry-1.docker.io}", "registry-1.docker.io/v2}", "C014 warning proxy.remoteurl"),
        ("http:", "delete: {enabled: true}\nhttp:", "C001 error delete"),
        ("{addr: ':5000'}", "{adr: ':5000'}", "C001 error http.adr"),
        ("{addr: ':5000'}", '{addr: "5000"}', "C013 error http.addr"),
        ("{addr: ':5000'}", "{addr: ':5000', headers: {X: nosniff}}", "C003 error http.headers.X"),
        ("{addr: ':5000'}", "{addr: ':5000', proxy: {remoteurl: x}}", "C001 error http.proxy"),
        ("http:", "health: {storagedriver: {interval: 10 seconds}}\nhttp:", "C003 error health.storagedriver.interval"),
        ("http:", "mirrors: []\nhttp:", "C001 warning mirrors"),
        ("http:", "application: {}\nhttp:", "C001 warning application"),
        ("http:", "validatoin: {}\nhttp:", "C001 error validatoin"),
        ("http:", "redis: {addrs: [a], tls: {enabled: true}}\nhttp:", "C001 warning redis.tls.enabled"),
        ("http:", "auth: {htpaswd: {}}\nhttp:", "C012 error auth.htpaswd"),
        ("http:", "auth: {htpasswd: {realm: a, path: /p}}\nhttp:", "C012 warning auth.htpasswd"),
        ("http:", "redis: {addr: redis:6379}\nhttp:", "C016 warning redis.addr"),
        ("registry-1.docker.io}", "docker.io}", "C014 error proxy.remoteurl"),
        ("registry-1.docker.io}", "registry-1.docker.io/v2/}", "C014 error proxy.remoteurl"),
        ("https://registry-1.docker.io}", "http://localhost:5000}", "C014 error proxy.remoteurl"),
        ("https://registry-1", "registry-1", "C014 error proxy.remoteurl"),
        ("docker.io}", "docker.io, remote_url: x}", "C001 error proxy.remote_url"),
        ("docker.io}", "docker.io, username: me}", "C015 warning proxy.username"),
        ("docker.io}", "docker.io, ttl: 168}", "C003 error proxy.ttl"),
        ("http:", "log: {level: info}\nlog: {level: warn}\nhttp:", "P002 warning log"),
        ("https://registry-1.docker.io}\n", "https://registry-1.docker.io}\n---\nother: document\n", "P004 warning "),
    ],
)
def test_a_wrong_value_gives_a_finding(old: str, new: str, finding: str) -> None:
    assert old in SOUND
    assert finding in findings_of(SOUND.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("{addr: ':5000'}", "{host: 'https://192.0.2.1:5000'}"),
        ("registry-1.docker.io}", "index.docker.io}"),
        ("registry-1.docker.io}", "registry.gitlab.com}"),
        ("version: 0.1", 'version: "0.1"'),
        ("version: 0.1", "x-base: &base {level: info}\nlog: *base\nversion: 0.1"),
        ("docker.io}", "docker.io, username: 12, password: 34}"),
        ("docker.io}", 'docker.io, username: "", password: ~, ttl: }'),
        ("docker.io}", "docker.io, ttl: 0}"),
        ("docker.io}", "docker.io, ttl: -1h}"),
        ("docker.io}", "docker.io, ttl: 1h30m}"),
        ("docker.io}", "docker.io, exec: {command: /x, lifetime: 1h}, cachewritetimeout: 5m}"),
        ("enabled: true", "enabled: yes"),
        ("https://registry-1.docker.io}", "https://artifacts.example.com/api/docker/hub/}"),
        ("http:", "tags: {maxtags: 500}\nhttp:"),
        ("http:", "auth: none\nhttp:"),
        ("filesystem: {rootdirectory: /var/lib/registry}", "s3: {region: a, regionendpoint: minio, bucket: b}"),
        ("  delete:", "  maintenance: {uploadpurging: {enabled: false}, readonly: {enabled: false}}\n  delete:"),
        (
            "  delete:",
            "  maintenance: {uploadpurging: {enabled: true, age: 168h, interval: 24h, dryrun: false}}\n  delete:",
        ),
        ("  delete:", "  redirect: {disable: true}\n  delete:"),
        ("  delete:", "  cache: {blobdescriptor: inmemory, blobdescriptorsize: 100}\n  delete:"),
        (
            "{addr: ':5000'}",
            '{addr: 0.0.0.0:5000, headers: {X: [nosniff]}, debug: {addr: ":5001", prometheus: {enabled: true}}}',
        ),
        ("http:", "redis: {addrs: [redis:6379]}\nhttp:"),
        ("filesystem: {rootdirectory: /var/lib/registry}", "s3: {region: us-east-1, bucket: b, usefipsendpoint: true}"),
        ("filesystem: {rootdirectory: /var/lib/registry}", "filesystem:"),
        ("proxy: {", "proxy: !mine {"),
        (
            "http:",
            "notifications: {endpoints: [{name: a, url: http://x, timeout: 500ms, threshold: 5, backoff: 1s}]}\nhttp:",
        ),
    ],
)
def test_a_valid_value_gives_no_finding(old: str, new: str) -> None:
    assert findings_of(SOUND.replace(old, new, 1)) == []


def test_a_registry_without_an_upstream_is_no_fault() -> None:
    text = SOUND.replace("proxy: {remoteurl: https://registry-1.docker.io}\n", "")
    assert [(finding.rule, finding.severity) for finding in lint_file(SPEC, text.encode())] == [("C002", "info")]


def test_a_finding_has_its_line() -> None:
    (finding,) = lint_file(SPEC, SOUND.replace("rootdirectory", "rootdirectoy").encode())
    assert finding.location
    assert (finding.location.line, finding.location.column) == (3, 16)


@given(st.integers(0, len(SOUND) - 1), st.sampled_from(["", ":", "-", "{", "[", "&a ", "*a", "!x ", "\t", "\x00", '"']))
def test_no_change_of_a_valid_file_is_a_crash(at: int, character: str) -> None:
    findings_of(SOUND[:at] + character + SOUND[at + 1 :])


@pytest.mark.parametrize("value", ["[]", "{}", "[1]", "{a: 1}"])
@pytest.mark.parametrize("place", ["uploadpurging: {dryrun: VALUE}", "readonly: {enabled: VALUE}"])
def test_a_list_where_true_or_false_belongs_is_an_error_and_no_crash(place: str, value: str) -> None:
    text = f"version: 0.1\nstorage: {{inmemory: {{}}, maintenance: {{{place}}}}}\n".replace("VALUE", value)
    assert any(finding.severity == "error" for finding in lint_file(SPEC, text.encode()))


@pytest.mark.parametrize(
    ("part", "reader"),
    [
        ({"log": {"reportcaller": {}}}, 3),
        ({"http": {"h2c": {"enabled": "5"}}}, 3),
        ({"tags": "all"}, 3),
        ({"proxy": {"remoteurl": "https://a.example", "ttl": inf}}, 3),
        ({"proxy": {"remoteurl": "https://a.example", "exec": []}}, 3),
        ({"redis": {"maxretries": "-1"}}, 3),
        ({"redis": {"tls": ""}}, 3),
        ({"redis": {"pool": []}}, 2),
        ({"reporting": {"newrelic": 1}}, 2),
    ],
    ids=str,
)
def test_a_type_that_one_major_version_alone_looks_at(part: Tree, reader: int) -> None:
    tree: Tree = {"version": "0.1", "storage": {"inmemory": None}, **part}
    severities = {
        major: {severity for rule, severity, *_ in config_rules(tree, major) if rule == "C003"}
        for major in (2, 3, None)
    }
    assert severities == {reader: {"error"}, 5 - reader: set(), None: {"warning"}}


def test_a_number_of_tags_that_is_a_text_is_checked_at_once() -> None:
    tree: Tree = {"version": "0.1", "storage": {"inmemory": None}, "tags": {"maxtags": "inf"}}
    assert [(key, severity) for rule, severity, key, *_ in config_rules(tree, 3) if rule == "C003"] == [
        (("tags", "maxtags"), "error")
    ]


@pytest.mark.parametrize(
    ("value", "severity"), [(1.5, "warning"), (60, "warning"), (2**63, "error"), (inf, "error"), (True, "error")]
)
def test_a_duration_that_is_a_number(value: float, severity: str) -> None:
    tree: Tree = {"version": "0.1", "storage": {"inmemory": None}, "http": {"draintimeout": value}}
    assert [finding[1] for finding in config_rules(tree, 3) if finding[0] == "C003"] == [severity]


@pytest.mark.parametrize(
    ("name", "options", "at"),
    [("redirect", {"baseurl": 1.5}, "baseurl"), ("rewrite", {"scheme": "https", "host": []}, "host")],
)
def test_an_option_of_a_middleware_that_is_no_text(name: str, options: Tree, at: str) -> None:
    tree: Tree = {"version": "0.1", "storage": {"inmemory": None}}
    tree["middleware"] = {"storage": [{"name": name, "options": options}]}
    errors = [finding[2] for finding in config_rules(tree, 3) if finding[1] == "error"]
    assert errors == [("middleware", "storage", 0, "options", at)]


def test_a_delete_that_is_no_mapping_is_reported_once() -> None:
    text = SOUND.replace("  delete: {enabled: true}\n", "  delete: true\n", 1)
    assert text != SOUND
    assert findings_of(text) == ["C003 error storage.delete"]


KUBERNETES = """apiVersion: v1
kind: ConfigMap
data:
  config.yml: "version: 0.1"
"""


def test_a_manifest_of_kubernetes_is_one_mistake() -> None:
    assert findings_of(KUBERNETES) == ["C001 error kind"]
    assert "C001 error kind" not in findings_of(f"version: 0.1\n{KUBERNETES}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://registry-1.docker.io}", "https://registry-1.docker.io, username: me, password: 'a$b${'}"),
        ("https://registry-1.docker.io}", "https://registry-1.docker.io, username: me, password: $ecret}"),
        ("{addr: ':5000'}", "{addr: ':5000', tls: {}}"),
        ("{addr: ':5000'}", "{addr: ':5000', tls: {letsencrypt: {cachefile: /c, email: a@b.c}}}"),
    ],
)
def test_what_only_looks_like_a_mistake(old: str, new: str) -> None:
    assert old in SOUND
    assert findings_of(SOUND.replace(old, new, 1)) == []


@pytest.mark.parametrize(
    ("old", "new", "key", "fix"),
    [
        (
            "  filesystem: {rootdirectory: /var/lib/registry}",
            "  rootdirectory: /x",
            "storage.rootdirectory",
            "move it below filesystem",
        ),
        ("  delete:", "  rootdirectory: /x\n  delete:", "storage.rootdirectory", "move it below filesystem"),
        ("  delete:", "  delet: {}\n  delete:", "storage.delet", "write delete"),
        (
            "{rootdirectory: /var/lib/registry}",
            "rootdirectory:/x",
            "storage.filesystem",
            "put a space after the colon: rootdirectory: …",
        ),
        ("{addr: ':5000'}", "{headers: {X: nosniff}}", "http.headers.X", "write [nosniff]"),
        (
            "http:",
            "notifications: {endpoints: {name: a}}\nhttp:",
            "notifications.endpoints",
            "put a hyphen before its first key, and indent its others as that",
        ),
        (
            "docker.io}",
            "docker.io, username: [acme], password: x}",
            "proxy.username",
            "write it without brackets and hyphen",
        ),
        (
            "proxy: {remoteurl: https://registry-1.docker.io}",
            "proxy:\n  remoteurl https://ghcr.io",
            "proxy",
            "put a colon after the name: remoteurl: …",
        ),
        ("http: {addr: ':5000'}", "http:\naddr: :5000", "addr", "indent it below that"),
        ("http: {addr: ':5000'}", "tls: {certificate: /c, key: /k}", "tls", "move it there"),
        ("{rootdirectory: /var/lib/registry}", "/data", "storage.filesystem", "write {rootdirectory: /data}"),
        ("  delete:", "  http: {}\n  delete:", "storage.http", "move it out of storage, to the beginning of the line"),
        ("http:", "middleware: {storage: [{name: cloudfrnt}]}\nhttp:", "middleware.storage[0]", "write cloudfront"),
        (
            "filesystem: {rootdirectory: /var/lib/registry}",
            "s3: {region: eu-west-1, bucket: b, endpoint: x}",
            "storage.s3.endpoint",
            "write regionendpoint",
        ),
        (
            "{addr: ':5000'}",
            "{headers: {X: a b}}",
            "http.headers.X",
            "write it in brackets and quotes, as the only item of a list",
        ),
        ("docker.io}", "docker.io, ttl: 7d}", "proxy.ttl", "write 168h"),
        ("docker.io}", "docker.io/library/}", "proxy.remoteurl", "write https://registry-1.docker.io"),
        ("registry-1.docker.io}", "auth.docker.io}", "proxy.remoteurl", "write https://registry-1.docker.io"),
        (
            "{remoteurl: https://registry-1.docker.io}",
            "{remoteurl: [https://a, https://b]}",
            "proxy.remoteurl",
            "write one address, and run a cache of its own for each other upstream",
        ),
        (
            "http:",
            "health: {storagedriver: {interval: 10}}\nhttp:",
            "health.storagedriver.interval",
            "add its unit, for example 10s",
        ),
        (
            "http:",
            "health: {storagedriver: {interval: 500}}\nhttp:",
            "health.storagedriver.interval",
            "add its unit, for example 500ms",
        ),
        (
            "docker.io}",
            "docker.io, password: '${HUB}'}",
            "proxy.password",
            "write the value, or set REGISTRY_PROXY_PASSWORD in its environment",
        ),
    ],
)
def test_what_to_write_instead(old: str, new: str, key: str, fix: str) -> None:
    assert old in SOUND
    findings = lint_file(SPEC, SOUND.replace(old, new, 1).encode())
    assert [finding.fix for finding in findings if key_text(finding.key) == key] == [fix]


def test_what_is_only_misspelt_is_not_missing() -> None:
    text = SOUND.replace("filesystem: {rootdirectory: /var/lib/registry}", "gcs: {buckett: b}")
    assert findings_of(text) == ["C001 error storage.gcs.buckett"]
    findings = [finding.rule for finding in lint_file(SPEC, SOUND.replace("remoteurl", "remote_url").encode())]
    assert findings == ["C001"]


@pytest.mark.parametrize(
    ("old", "new", "only"),
    [
        ("version:", "Version:", "C001 error Version"),
        ("storage:", "storge:", "C001 error storge"),
        ("{addr: ':5000'}", "{tls: {cert: /c, key: /k}}", "C001 error http.tls.cert"),
        ("{addr: ':5000'}", "{tls: {certificate: /c, keyfile: /k}}", "C001 error http.tls.keyfile"),
        ("{addr: ':5000'}", "{tls: {letsencrypt: {cachefil: /c}}}", "C001 error http.tls.letsencrypt.cachefil"),
        ("http:", "health: {http: [{url: 'http://a'}]}\nhttp:", "C001 error health.http[0].url"),
        ("http:", "health: {tcp: [{address: 'a:1'}]}\nhttp:", "C001 error health.tcp[0].address"),
        (
            "http:",
            "notifications: {endpoints: [{uri: 'http://a'}]}\nhttp:",
            "C001 error notifications.endpoints[0].uri",
        ),
        (
            "http:",
            "middleware: {storage: [{name: redirect, option: {baseurl: 'https://a'}}]}\nhttp:",
            "C001 error middleware.storage[0].option",
        ),
        (
            "proxy: {remoteurl: https://registry-1.docker.io}",
            "auth: {htpasswd: {realm: r, file: /h}}",
            "C001 error auth.htpasswd.file",
        ),
        (
            "proxy: {remoteurl: https://registry-1.docker.io}",
            "auth: {token: {realm: r, service: s, issuer: i, rootcert: /c}}",
            "C001 error auth.token.rootcert",
        ),
        ("http:", "log: {accesslog: {enabled: false}}\nhttp:", "C001 error log.accesslog.enabled"),
    ],
)
def test_a_misspelt_key_is_one_mistake(old: str, new: str, only: str) -> None:
    assert findings_of(SOUND.replace(old, new, 1)) == [only]


def test_a_value_below_a_misspelt_key_is_checked_at_its_place() -> None:
    assert findings_of(SOUND.replace("version: 0.1", "Version: 0.2", 1)) == ["C001 error Version", "C008 error Version"]


@pytest.mark.parametrize(
    ("exec_", "major", "expected"),
    [
        ({"command": "helper"}, 3, []),
        ({"lifetime": "1h"}, 3, ["C015 proxy.exec"]),
        ({"lifetime": "1h", "programme": "x"}, 2, ["C001 proxy.exec"]),
    ],
)
def test_a_helper_for_the_login(exec_: Tree, major: int, expected: list[str]) -> None:
    tree: Tree = {
        "version": "0.1",
        "storage": {"filesystem": {}, "delete": {"enabled": True}},
        "proxy": {"remoteurl": "https://ghcr.io", "exec": exec_},
    }
    assert [f"{rule} {key_text(key)}" for rule, _, key, _, _ in config_rules(tree, major)] == expected


def test_a_helper_takes_the_place_of_the_login_in_the_file() -> None:
    proxy: Tree = {"remoteurl": "https://ghcr.io", "username": "acme", "password": "x", "exec": {"command": "helper"}}
    tree: Tree = {"version": "0.1", "storage": {"filesystem": {}, "delete": {"enabled": True}}, "proxy": proxy}
    assert [f"{rule} {key_text(key)}" for rule, _, key, _, _ in config_rules(tree, 3)] == ["C015 proxy.exec"]


def test_an_empty_file_is_one_mistake() -> None:
    assert findings_of("\n") == ["C008 error version"]
