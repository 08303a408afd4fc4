"""What each major version of the registry refuses at its start, and similar files that it accepts."""

from __future__ import annotations

import pytest

from runnerops.model.common import ServiceName, key_text
from runnerops.model.inventory import FileSpec
from runnerops.services import REGISTRY
from runnerops.services.registry.rules.config import config_rules
from runnerops.services.registry.rules.near import near_keys

SPEC = FileSpec(ServiceName.REGISTRY, "config.yml", "registry-config.yml.j2", "yaml")

FILES = "version: 0.1\nstorage: {filesystem: {}}\n"
CERTIFICATE = "certificate: /c, key: /k"
TOKEN = "realm: a, service: b, issuer: c"
CLOUD = "baseurl: c.example.com, privatekey: /k, keypairid: K"
AZURE = "accountname: abc, container: b"
CLIENT = "{type: client_secret, tenantid: t, clientid: c, secret: s}"
S3 = "bucket: b, region: us-east-1"
OSS = "accesskeyid: a, accesskeysecret: b, region: c, bucket: d"
SWIFT = "authurl: a, username: b, password: c, container: d"


def findings_of(text: str, major: int | None) -> list[str]:
    """What is found, but for what is merely remarked."""
    tree = REGISTRY.parse(SPEC, text.encode())
    return [f"{rule} {severity} {key_text(key)}" for rule, severity, key, *_ in config_rules(tree, major)]


def tls(more: str) -> str:
    return f"{FILES}http: {{tls: {{{CERTIFICATE}, {more}}}}}"


def token(more: str) -> str:
    return f"{FILES}auth: {{token: {{{TOKEN}, {more}}}}}"


def middleware(name: str, options: str) -> str:
    return f"{FILES}middleware: {{storage: [{{name: {name}, options: {{{options}}}}}]}}"


def driver(name: str, parameters: str) -> str:
    return f"version: 0.1\nstorage: {{{name}: {{{parameters}}}}}"


def health(checks: str) -> str:
    return f"{FILES}health: {{{checks}}}"


REFUSED = [
    (FILES + "auth: {htpasswd: {realm: 1e3, path: /p}}", "3", "C012 auth.htpasswd"),
    (health("tcp: [{timeout: 1s}]"), "23", "C013 health.tcp[0]"),
    (health("http: [{statuscode: 200}]"), "23", "C013 health.http[0]"),
    (health("http: [{uri: 'example.com/x'}]"), "23", "C013 health.http[0].uri"),
    (FILES + "notifications: {endpoints: [{name: a, timeout: 1s}]}", "23", "C013 notifications.endpoints[0]"),
    (FILES + "notifications: {endpoints: [{name: a, url: ''}]}", "23", "C013 notifications.endpoints[0].url"),
    (FILES + "notifications: {endpoints: [{url: 'a.example/x'}]}", "23", "C013 notifications.endpoints[0].url"),
    (tls("minimumtls: tls1.1"), "3", "C003 http.tls.minimumtls"),
    (tls("minimumtls: tls1.4"), "23", "C003 http.tls.minimumtls"),
    (tls("ciphersuites: [TLS_RSA_WITH_RC4_128_SHA]"), "3", "C003 http.tls.ciphersuites[0]"),
    (tls("ciphersuites: [TLS_AES_128_GCM_SHA25]"), "23", "C003 http.tls.ciphersuites[0]"),
    (tls("minimumtls: tls1.3, ciphersuites: [NONE]"), "2", "C003 http.tls.ciphersuites[0]"),
    (FILES + "http: {addr: ':5000', debug: {addr: 'localhost:5000'}}", "23", "C013 http.debug.addr"),
    (
        FILES + "http: {debug: {addr: ':5001', prometheus: {enabled: true, path: metrics}}}",
        "3",
        "C013 http.debug.prometheus.path",
    ),
    (
        FILES + "http: {debug: {addr: ':5001', prometheus: {enabled: true, path: /debug/vars}}}",
        "23",
        "C013 http.debug.prometheus.path",
    ),
    (health("tcp: [{addr: 'a:1', interval: -5s}]"), "23", "C017 health.tcp[0].interval"),
    (health("storagedriver: {enabled: true, interval: -1}"), "23", "C017 health.storagedriver.interval"),
    (health("tcp: [{addr: 'a:1'}, {addr: 'a:1'}]"), "23", "C017 health.tcp[1]"),
    (token("jwks: /j"), "2", "C012 auth.token"),
    (token("rootcertbundle: 7, jwks: ''"), "23", "C012 auth.token"),
    (token("rootcertbundle: /c, autoredirect: 'true'"), "23", "C012 auth.token.autoredirect"),
    (token("rootcertbundle: /c, autoredirect: true, autoredirectpath: 7"), "3", "C012 auth.token.autoredirectpath"),
    (token("rootcertbundle: /c, signingalgorithms: RS256"), "3", "C012 auth.token.signingalgorithms"),
    (token("rootcertbundle: /c, signingalgorithms: [RS255]"), "3", "C012 auth.token.signingalgorithms[0]"),
    (middleware("rewrite", "host: a"), "2", "C009 middleware.storage[0]"),
    (middleware("rewrite", "host: 7"), "23", "C009 middleware.storage[0]"),
    (middleware("redirect", "baseurl: d.example.com"), "23", "C009 middleware.storage[0].options.baseurl"),
    (middleware("cloudfront", f"{CLOUD}, duration: 1d"), "23", "C009 middleware.storage[0].options.duration"),
    (
        middleware("cloudfront", f"{CLOUD}, updatefrequency: 1d"),
        "3",
        "C009 middleware.storage[0].options.updatefrequency",
    ),
    (middleware("cloudfront", f"{CLOUD}, ipfilteredby: all"), "23", "C009 middleware.storage[0].options.ipfilteredby"),
    (middleware("cloudfront", f"{CLOUD}, ipfilteredby: awsregion"), "23", "C009 middleware.storage[0]"),
    (middleware("cloudfront", f"{CLOUD}, iprangesurl: 7"), "23", "C009 middleware.storage[0].options.iprangesurl"),
    (driver("s3", f"{S3}, storageclass: ''"), "23", "C009 storage.s3.storageclass"),
    (driver("s3", f"{S3}, storageclass: express_onezone"), "2", "C009 storage.s3.storageclass"),
    (driver("s3", f"{S3}, objectacl: log-delivery-write"), "23", "C009 storage.s3.objectacl"),
    (driver("s3", f"{S3}, usefipsendpoint: maybe"), "3", "C009 storage.s3.usefipsendpoint"),
    (driver("s3", f"{S3}, chunksize: 5242880.5"), "2", "C009 storage.s3.chunksize"),
    (driver("s3", f"{S3}, chunksize: 5mb"), "23", "C009 storage.s3.chunksize"),
    (driver("s3", f"{S3}, v4auth: false"), "23", "C009 storage.s3.v4auth"),
    (driver("s3", "bucket: b, regionendpoint: 'http://m'"), "2", "C009 storage.s3"),
    (driver("azure", "accountname: Ab1, container: b, accountkey: YWJj"), "2", "C009 storage.azure.accountname"),
    (
        driver("azure", f"accountname: {'a' * 25}, container: b, accountkey: YWJj"),
        "2",
        "C009 storage.azure.accountname",
    ),
    (FILES + "catalog: {maxentries: 1e3}", "2", "C003 catalog.maxentries"),
    (FILES + "catalog: {maxentries: '1e3'}", "23", "C003 catalog.maxentries"),
    (driver("azure", f"{AZURE}, accountkey: YWJj, realm: a b"), "2", "C009 storage.azure.realm"),
    (driver("oss", f"{OSS}, endpoint: [a, b]"), "2", "C009 storage.oss.endpoint"),
    (
        FILES.replace("}", "}, cache: {blobdescriptor: redis}", 1) + "redis: {addrs: ['redis:6379']}",
        "2",
        "C016 redis.addrs",
    ),
    (driver("azure", f"{AZURE}, accountkey: no!"), "23", "C009 storage.azure.accountkey"),
    (driver("azure", f"{AZURE}, credentials: {CLIENT}"), "2", "C009 storage.azure"),
    (driver("azure", f"{AZURE}, accountkey: YWJj"), "3", "C009 storage.azure"),
    (
        driver("azure", f"{AZURE}, accountkey: YWJj, credentials: {{type: client_secret, tenantid: t}}"),
        "3",
        "C009 storage.azure.credentials",
    ),
    (
        driver("azure", f"{AZURE}, accountkey: YWJj, max_retries: '5', credentials: {CLIENT}"),
        "3",
        "C009 storage.azure.max_retries",
    ),
    (driver("gcs", "bucket: b, chunksize: 300000"), "23", "C009 storage.gcs.chunksize"),
    (driver("gcs", "bucket: b, credentials: /key.json"), "23", "C009 storage.gcs.credentials"),
    (driver("gcs", "bucket: b, maxconcurrency: many"), "23", "C009 storage.gcs.maxconcurrency"),
    (driver("oss", f"{OSS}, secure: 'true'"), "2", "C009 storage.oss.secure"),
    (driver("swift", f"{SWIFT}, authversion: '3'"), "2", "C009 storage.swift.authversion"),
    (driver("filesystem", "maxthreads: '-5'"), "23", "C009 storage.filesystem.maxthreads"),
    (
        "version: 0.1\nstorage: {inmemory: {}, cache: {blobdescriptor: redis}}\nredis: {}",
        "23",
        "C010 storage.cache.blobdescriptor",
    ),
]


@pytest.mark.parametrize(("text", "majors", "finding"), REFUSED)
def test_a_value_with_which_a_registry_does_not_start_is_an_error(text: str, majors: str, finding: str) -> None:
    rule, place = finding.split()
    for major in (2, 3):
        errors = [word for word in findings_of(text, major) if word.split()[1] == "error"]
        wanted = f"{rule} error {place}" in errors
        assert wanted is (str(major) in majors) or (errors and str(major) in majors), (major, errors)
    unknown = findings_of(text, None)
    refused = all(any(" error " in word for word in findings_of(text, major)) for major in (2, 3))
    assert any(" error " in text for text in unknown) is refused, unknown
    assert any(text.endswith(f" {place}") for text in unknown), unknown


@pytest.mark.parametrize(
    "text",
    [
        tls("minimumtls: tls1.3, ciphersuites: [TLS_AES_128_GCM_SHA256]"),
        FILES + "http: {tls: {minimumtls: tls1.1}}",
        FILES + "http: {addr: '10.0.0.1:5000', debug: {addr: '127.0.0.1:5000'}}",
        FILES + "http: {debug: {addr: ':5001', prometheus: {enabled: false, path: metrics}}}",
        health("storagedriver: {enabled: false, interval: -1s}, tcp: [{addr: a}, {addr: b}]"),
        token("rootcertbundle: /missing/on/this/machine"),
        token("rootcertbundle: /c, autoredirect: true"),
        middleware("redirect", "baseurl: 'https://d.example.com/path'"),
        middleware("cloudfront", f"{CLOUD}, duration: 20, ipfilteredby: ' AWS '"),
        driver("s3", f"{S3}, chunksize: '5242880', storageclass: standard, encrypt: 'T'"),
        driver("s3", f"{S3}, regionendpoint: 'http://m', v4auth: false"),
        driver("gcs", "bucket: b, chunksize: '524288', maxconcurrency: -1, keyfile: /missing"),
        driver("filesystem", "maxthreads: -5"),
        FILES + "auth: NONE",
        FILES + "auth: {htpasswd: {realm: '1e3', path: /p}}\nhttp: {secret: 1e3}",
        FILES + "redis: {addr: 'a:6379', addrs: ['a:6379'], password: 1e3}",
        FILES + "notifications: {endpoints: [{disabled: true}, {url: 'HTTPS://a.example/x'}]}",
    ],
)
def test_a_value_that_both_major_versions_accept_gives_no_finding(text: str) -> None:
    for major in (2, 3, None):
        assert not [word for word in findings_of(text, major) if " error " in word], major


@pytest.mark.parametrize(
    ("text", "major", "key"),
    [
        (FILES + "tags: {maxtags: 5}", 2, "tags"),
        (FILES + "reporting: {}", 3, "reporting"),
        (driver("s3", f"{S3}, accelerate: true"), 2, "storage.s3.accelerate"),
        (driver("s3", f"{S3}, quux: true"), 3, "storage.s3.quux"),
        (FILES + "log: {hooks: [{type: slack, levels: [panic]}]}", 2, "log.hooks[0].type"),
        (FILES + "middleware: {storages: []}", 3, "middleware.storages"),
        (FILES + "redis: {addr: 'a:1', addrs: ['a:1']}", 3, "redis.addr"),
        (FILES + "redis: {addr: 'a:1', addrs: ['a:1']}", 2, "redis.addrs"),
    ],
)
def test_what_is_ignored_is_named(text: str, major: int, key: str) -> None:
    assert f"C001 warning {key}" in findings_of(text, major)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("secret", ("secretkey",)),
        ("secur", ("secure",)),
        ("bucket_name", ("bucket",)),
        ("x", ()),
    ],
)
def test_the_name_that_continues_a_key_is_meant_before_similar_ones(name: str, meant: tuple[str, ...]) -> None:
    assert near_keys(name, ["bucket", "secretkey", "secure"]) == meant


def test_a_slip_in_a_drivers_parameter_is_an_error() -> None:
    assert "C001 error storage.s3.regionendpont" in findings_of(driver("s3", f"{S3}, regionendpont: a"), 3)
