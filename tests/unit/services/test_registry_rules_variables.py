"""How the registry applies its `REGISTRY_` variables to the file of its image, or to one that is mounted."""

from __future__ import annotations

import pytest

from runnerops.model.common import Tree, key_text
from runnerops.services.registry.rules.compose import compose_rules
from runnerops.services.registry.rules.compose.tracing import tracing_rules

S3 = {"STORAGE_S3_BUCKET": "b", "STORAGE_S3_REGION": "us-east-1"}
HTPASSWD = {"AUTH": "htpasswd", "AUTH_HTPASSWD_REALM": "ours", "AUTH_HTPASSWD_PATH": "/auth/htpasswd"}
UPSTREAM = {"PROXY_REMOTEURL": "https://registry-1.docker.io"}
MOUNTED = ["data:/var/lib/registry", "./config:/etc/distribution", "./config:/etc/docker/registry"]


def findings_of(variables: dict[str, str | None], tag: str, volumes: list[str] | None = None) -> list[str]:
    service: Tree = {
        "image": f"registry:{tag}",
        "volumes": [*(volumes or ["data:/var/lib/registry", "data:/data"])],
        "environment": {f"REGISTRY_{name}": value for name, value in variables.items()},
    }
    tree: Tree = {"services": {"r": service}, "volumes": {"data": None}}
    return [
        f"{severity} {key_text(key[3:])}: {text} ({fix})"
        for rule, severity, key, text, fix in compose_rules(tree)
        if rule == "K012"
    ]


@pytest.mark.parametrize(
    ("tag", "variables", "wanted"),
    [
        ("2.8.3", S3, "error REGISTRY_STORAGE_S3_BUCKET: storage: must name exactly one storage driver"),
        ("3.1.1", S3, "REGISTRY_STORAGE=s3 too"),
        ("edge", S3, "error REGISTRY_STORAGE_S3_BUCKET: storage: must name exactly one storage driver"),
        ("3.1.1", {**S3, "STORAGE": "s3", "STORAGE_S3_REGOIN": "x"}, "(write REGISTRY_STORAGE_S3_REGION)"),
        ("3.1.1", {"STORAGE": "s3", "STORAGE_S3_BUCKET": "b"}, "storage.s3: has no region"),
        ("3.1.1", {"STORAGE": ""}, "error REGISTRY_STORAGE: must name exactly one storage driver, not none"),
        ("2.8.3", {"STORAGE_TAG_CONCURRENCYLIMIT": "5"}, "error REGISTRY_STORAGE_TAG_CONCURRENCYLIMIT: storage"),
        ("3.1.1", {"STORAGE_FLIESYSTEM_ROOTDIRECTORY": "/x"}, "there is no storage driver 'fliesystem', did you mean"),
        ("3.1.1", {"AUTH_HTPASWD_REALM": "x"}, "there is no access controller 'htpaswd', did you mean 'htpasswd'?"),
        (
            "2.8.3",
            {**HTPASSWD, "AUTH_HTPASSWD_PATH": ""},
            "error REGISTRY_AUTH_HTPASSWD_PATH: auth.htpasswd: has no path",
        ),
        ("2.8.3", {**HTPASSWD, "AUTH_HTPASSWD_REALM": "7"}, "has a realm that is not a string"),
        (
            "2.8.3",
            {"STORAGE_MAINTENANCE_READONLY_ENABLED": "true"},
            "write REGISTRY_STORAGE_MAINTENANCE_READONLY='{…}'",
        ),
        ("3.1.1", {"STORAGE_MAINTENANCE_UPLOADPURGING_AGE": "1h"}, "takes the mapping as a whole"),
        ("2.8.3", {"NOTIFICATIONS_ENDPOINTS_0_NAME": "n"}, "error REGISTRY_NOTIFICATIONS_ENDPOINTS_0_NAME: registry 2"),
        ("3.1.1", {"NOTIFICATIONS_ENDPOINTS_1_NAME": "n"}, "1 is too high an index: the next one is 0"),
        ("3.1.1", {"NOTIFICATIONS_ENDPOINTS_X_NAME": "n"}, "X is no index of a list"),
        ("3.1.1", {"NOTIFICATIONS_ENDPOINTS_0": "{name: n}"}, "an item has keys of its own"),
        ("3.1.1", {"REDIS_ADDRS_0": "redis:6379"}, "its value is lost: registry 3 appends an empty text"),
        ("3.1.1", {"LOG_HOOKS_0_LEVELS_0": "panic"}, "write REGISTRY_LOG_HOOKS_0_LEVELS='[…]'"),
        ("3.1.1", {"HEALTH_FILE_0_FILE": "/x"}, "names no key of the registry"),
        ("2.8.3", {"PROXY_TTL": "168h"}, "warning REGISTRY_PROXY_TTL: registry 2 ignores it: registry 3 reads it"),
        ("3.1.1", {"REDIS_ADDR": "redis:6379"}, "warning REGISTRY_REDIS_ADDR: registry 3 ignores it"),
        ("3.1.1", {"PROXY_REMOTEURL_X": "x"}, "REGISTRY_PROXY_REMOTEURL has no keys below it"),
        ("3.1.1", {"http_addr": ":5000"}, "its name must be in capital letters (write REGISTRY_HTTP_ADDR)"),
        ("3.1.1", {"HTTP_ADDR": "5000"}, "error REGISTRY_HTTP_ADDR: must be ADDRESS:PORT"),
        ("3.1.1", {"HTTP_ADDR": ":5001"}, "http.debug.addr: has the port of http.addr"),
        ("3.1.1", {"HTTP": "{adr: ':5000'}"}, "error REGISTRY_HTTP: http.adr: unknown key, did you mean 'addr'?"),
        ("3.1.1", {"PROXY_REMOTEURL": "registry-1.docker.io"}, "must be an http or https URL"),
        ("2.8.3", {"HTTP_TLS_CERT": "/c"}, "did you mean REGISTRY_HTTP_TLS_CERTIFICATE? (write"),
        ("3.1.1", {"PROXY_USER": "me"}, "did you mean REGISTRY_PROXY_USERNAME? (write"),
        ("2.8.3", {"VERSION": "1"}, "error REGISTRY_VERSION: must be 0.1, the only version"),
        ("3.1.1", {"VERSION": "0.1.2"}, "error REGISTRY_VERSION: must be 0.1, the only version"),
        ("3.1.1", {"STORAGE_CACHE_BLOBDESCRIPTORSIZE": "1e6"}, "must be a whole number"),
        ("3.1.1", {"STORAGE_CACHE_BLOBDESCRIPTORSIZE": "1.5"}, "must be a whole number"),
        ("3.1.1", {"REDIS_OPTIONS": "x"}, "error REGISTRY_REDIS_OPTIONS: must be a mapping"),
        ("2.8.3", {"REDIS_OPTIONS": "{addrs: ['r:6379']}"}, "error REGISTRY_REDIS_OPTIONS: "),
        (
            "3.1.1",
            {**HTPASSWD, "AUTH_SILLY_REALM": "a", "AUTH_SILLY_SERVICE": "b"},
            "two access controllers are set: which one the registry takes is left to chance",
        ),
        ("2.8.3", UPSTREAM, "without REGISTRY_STORAGE_DELETE_ENABLED=true a cache never frees"),
        ("2.8.3", {"LOG_LEVEL": "[x"}, "error REGISTRY_LOG_LEVEL: cannot be read as YAML"),
        ("2.8.3", {"LOG_LEVEL_X": "[x"}, "the registry ignores it: REGISTRY_LOG_LEVEL has no keys below it"),
        ("2.8.3", {"LOG_REPORTCALLER": "[x"}, "warning REGISTRY_LOG_REPORTCALLER: registry 2 ignores it"),
        ("edge", {"LOG_REPORTCALLER": "[x"}, "which the registry does: registry 3 ends at its start"),
        ("3.1.1", {"HTTP_ADDR:localhost:5000:": None}, "write REGISTRY_HTTP_ADDR=localhost:5000, or"),
        ("3.1.1", {"REDIS_TLS_CLIENTCAS": "/ca"}, "warning REGISTRY_REDIS_TLS_CLIENTCAS: only registry 3.0 reads it"),
        ("3.1.1", {"CATALOG_MAXENTRIES": "'1e3'"}, "error REGISTRY_CATALOG_MAXENTRIES: must be a whole number"),
        (
            "3.1.1",
            {"MIDDLEWARE_REPOSITORY_0_OPTIONS_A": "x"},
            "has no name: the registry answers every request for an image with an error (add it",
        ),
        (
            "3.1.1",
            {
                "STORAGE_MAINTENANCE": "{uploadpurging: {enabled: false}}",
                "STORAGE_MAINTENANCE_UPLOADPURGING_ENABLED": "true",
            },
            "warning REGISTRY_STORAGE_MAINTENANCE_UPLOADPURGING_ENABLED: the registry ignores it: REGISTRY_STORAGE_MAINT",
        ),
        ("2.8.3", {"CATALOG_MAXENTRIES": "1e3"}, "error REGISTRY_CATALOG_MAXENTRIES: must be a whole number"),
        (
            "3.1.1",
            {"STORAGE_CACHE_BLOBDESCRIPTOR": "redis", "REDIS_ADDR": "r:6379"},
            "error REGISTRY_REDIS_ADDR: registry 3 reads the list",
        ),
        ("edge", {"STORAGE_CACHE_BLOBDESCRIPTOR": "redis", "REDIS_ADDR": "r:6379"}, "warning REGISTRY_REDIS_ADDR"),
    ],
)
def test_a_variable_that_the_registry_refuses_or_ignores_gives_a_finding(
    tag: str, variables: dict[str, str | None], wanted: str
) -> None:
    assert any(wanted in text for text in findings_of(variables, tag)), findings_of(variables, tag)


@pytest.mark.parametrize(
    ("tag", "variables"),
    [
        ("3.1.1", {**S3, "STORAGE": "s3"}),
        ("2.8.3", {**S3, "STORAGE": "s3", "STORAGE_S3_ACCESSKEY": "${KEY}", "STORAGE_S3_SECRETKEY": None}),
        ("3.1.1", {**S3, "STORAGE": "${DRIVER:-s3}"}),
        ("3.1.1", {"STORAGE": "{s3: {bucket: b, region: us-east-1}}", "STORAGE_DELETE_ENABLED": "true"}),
        ("2.8.3", HTPASSWD),
        ("3.1.1", {name: value for name, value in HTPASSWD.items() if name != "AUTH"}),
        ("2.8.3", {"STORAGE_MAINTENANCE_READONLY": '{"enabled": true}'}),
        ("3.1.1", {"STORAGE_MAINTENANCE_UPLOADPURGING": "{enabled: false}", "STORAGE_TAG_CONCURRENCYLIMIT": "5"}),
        ("2.8.3", {"NOTIFICATIONS_ENDPOINTS": "[{name: n, url: 'http://x.example'}]"}),
        ("3.1.1", {f"NOTIFICATIONS_ENDPOINTS_{index}_URL": "http://x.example" for index in (0, 1)}),
        ("3.1.1", {"REDIS_OPTIONS_ADDRS": "[redis:6379]", "STORAGE_CACHE_BLOBDESCRIPTOR": "redis"}),
        ("3.1.1", {"HEALTH_FILECHECKERS_0_FILE": "/x", "LOG_FIELDS_A_B": "c", "PROXY_TTL": "168h"}),
        ("3.1.1", {"HTTP_HEADERS_ACCESS-CONTROL-ALLOW-ORIGIN": "['*']", "PROXY_PASSWORD": "!x"}),
        ("edge", {"PROXY_TTL": "168h", "REDIS_ADDR": "redis:6379"}),
        ("2.8.3", {"VERSION": ""}),
        ("3.1.1", {"VERSION": "null"}),
        ("3.1.1", {"VERSION": "0.2"}),
        ("3.1.1", {"STORAGE_CACHE_BLOBDESCRIPTORSIZE": "1e3", "CATALOG_MAXENTRIES": "1e3"}),
        ("2.8.3", {"CATALOG_MAXENTRIES": "1000"}),
        ("3.1.1", {"REDIS_OPTIONS": "{addrs: ['redis:6379']}", "STORAGE_CACHE_BLOBDESCRIPTOR": "redis"}),
        ("2.8.3", {**UPSTREAM, "STORAGE_DELETE_ENABLED": "true"}),
    ],
)
def test_a_variable_that_the_registry_accepts_gives_no_finding(tag: str, variables: dict[str, str | None]) -> None:
    assert not [text for text in findings_of(variables, tag) if "a cache never frees" not in text]


@pytest.mark.parametrize(
    ("tag", "name"),
    [("2.8.3", "LOG_LEVEL_X"), ("2.8.3", "LOG_HOOKS_0_TYPE"), ("3.1.1", "REDIS_POOL"), ("3.1.1", "HTTP_X")],
)
def test_a_value_that_nothing_reads_does_not_end_the_registry(tag: str, name: str) -> None:
    assert not [text for text in findings_of({name: "[x"}, tag) if "ends" in text]


def test_a_mounted_file_may_name_the_driver_and_longer_lists() -> None:
    assert findings_of({**S3, "NOTIFICATIONS_ENDPOINTS_3_NAME": "n"}, "3.1.1", MOUNTED) == []
    assert "must be a duration" in findings_of({"HTTP_DRAINTIMEOUT": "7d"}, "3.1.1", MOUNTED)[0]


@pytest.mark.parametrize(
    ("tag", "variables", "severity"),
    [
        ("3.1.1", {"OTEL_TRACES_EXPORTER": "non"}, "error"),
        ("3.1.1", {"OTEL_TRACES_EXPORTER": "none"}, ""),
        ("3.1.1", {"OTEL_TRACES_EXPORTER": "$E"}, ""),
        ("3.1.1", {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "error"),
        ("3.1.1", {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ""),
        ("3.1.1", {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, ""),
        ("edge", {"OTEL_TRACES_EXPORTER": "jaeger"}, "warning"),
        ("2.8.3", {"OTEL_TRACES_EXPORTER": "jaeger"}, ""),
    ],
)
def test_where_registry_3_sends_its_traces(tag: str, variables: dict[str, str], severity: str) -> None:
    service: Tree = {"image": f"registry:{tag}", "environment": {**variables}}
    findings = tracing_rules(service, (), None if tag == "edge" else int(tag[0]))
    assert [one[1] for one in findings] == ([severity] if severity else [])
