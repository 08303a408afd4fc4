"""What Compose, Docker or the registry refuse in any Compose file, and similar files that they accept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.model.common import ServiceName, Tree, key_text
from runnerops.model.inventory import FileSpec
from runnerops.planning.lint.file import lint_file
from runnerops.services import REGISTRY
from runnerops.services.registry.rules.compose import compose_rules

SPEC = FileSpec(ServiceName.REGISTRY, "compose.yml", "docker-compose.yml.j2", "yaml")

CACHE = """services:
  cache:
    image: registry:3.1.1
    restart: always
    ports: ["192.0.2.10:5000:5000"]
    volumes:
      - data:/var/lib/registry
      - ./config.yml:/etc/distribution/config.yml:ro
    environment:
      REGISTRY_PROXY_REMOTEURL: https://registry-1.docker.io
      REGISTRY_STORAGE_DELETE_ENABLED: "true"
volumes:
  data:
"""


def findings_of(text: str) -> list[str]:
    return [f"{finding.rule} {finding.severity} {key_text(finding.key)}" for finding in lint_file(SPEC, text.encode())]


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("restart: always", "restrat: always", "K001 error services.cache.restrat"),
        ("volumes:\n  data:", "volume:\n  data:", "K001 error volume"),
        ("image: registry:3.1.1", "labels: {a: b}", "K002 error services.cache"),
        ('ports: ["192.0.2.10:5000:5000"]', "ports: 5000:5000", "K002 error services.cache.ports"),
        ('ports: ["192.0.2.10:5000:5000"]', 'ports: ["::1:5000:5000"]', "K002 warning services.cache.ports[0]"),
        ("restart: always", "restart: sometimes", "K002 error services.cache.restart"),
        ("- data:/var", "- ./old:/var/lib/registry\n      - data:/var", "P002 warning services.cache.volumes[1]"),
        ("restart: always", "expose: [http]", "K002 warning services.cache.expose[0]"),
        ("restart: always", "ulimits: {nofile: {soft: 2, hard: 1}}", "K002 error services.cache.ulimits.nofile"),
        ("restart: always", "mem_limit: 512", "K002 error services.cache.mem_limit"),
        ("restart: always", "mem_limit: 1g\n    memswap_limit: 512m", "K002 error services.cache.memswap_limit"),
        ("restart: always", "mem_limit: 1g\n    mem_reservation: 2g", "K002 error services.cache.mem_reservation"),
        ("restart: always", "mem_limit: 2gigs", "K002 error services.cache.mem_limit"),
        ("restart: always", "healthcheck: {interval: 30}", "K002 error services.cache.healthcheck.interval"),
        ("registry:3.1.1", "Registry:3.1.1", "K002 error services.cache.image"),
        ("registry:3.1.1", "registry:3:1", "K002 error services.cache.image"),
        ("registry:3.1.1", "registry:3@sha256:abc", "K002 error services.cache.image"),
        ("registry:3.1.1", "<me>.example/registry:3", "K002 error services.cache.image"),
        ("registry:3.1.1", "Me/registry:3.1.1", "K002 warning services.cache.image"),
        ("data:/var", "data:var", "K002 error services.cache.volumes[0]"),
        ("restart: always", "command: price is 5$", "K003 warning services.cache.command"),
        ("restart: always", "command: '${A B}'", "K003 error services.cache.command"),
        ("volumes:\n  data:\n", "", "K004 error services.cache.volumes[0]"),
        ("restart: always", "networks: [inner]", "K004 error services.cache.networks[0]"),
        ("restart: always", "depends_on: [db]", "K004 error services.cache.depends_on[0]"),
        ("/etc/distribution/config.yml", "/etc/docker/registry/config.yml", "K010 error services.cache.volumes[1]"),
        ("/etc/distribution/config.yml", "/etc/distribution/", "K010 warning services.cache.volumes[1]"),
        ("registry:3.1.1", "registry:latest", "K011 warning services.cache.image"),
        ("PROXY_REMOTEURL", "PROXY_REMOTE_URL", "K012 error services.cache.environment.REGISTRY_PROXY_REMOTE_URL"),
        ("STORAGE_DELETE", "DELETE", "K012 error services.cache.environment.REGISTRY_DELETE_ENABLED"),
        ("STORAGE_DELETE_ENABLED", "GREETING", "K012 warning services.cache.environment.REGISTRY_GREETING"),
        (
            "STORAGE_DELETE_ENABLED",
            "HTTP_DRAINTIMEOUT",
            "K012 error services.cache.environment.REGISTRY_HTTP_DRAINTIMEOUT",
        ),
        ("https://registry-1.docker.io", '"[x"', "K012 error services.cache.environment.REGISTRY_PROXY_REMOTEURL"),
        ("https://registry-1.docker.io", '"a: b"', "K012 error services.cache.environment.REGISTRY_PROXY_REMOTEURL"),
        ("https://registry-1.docker.io", '"a #b"', "K012 error services.cache.environment.REGISTRY_PROXY_REMOTEURL"),
        ("distribution/config.yml", "distribution/config.yaml", "K010 error services.cache.volumes[1]"),
        ("registry:3.1.1", "registry:2.8", "K010 error services.cache.volumes[1]"),
        ("restart: always", "command: '${A:?set it}'", "K005 warning services.cache.command"),
        ("- data:/var", "- ${DATA}:/var", "K006 warning services.cache.volumes[0]"),
        ("- data:/var", "- ${DATA:-}:/var", "K006 warning services.cache.volumes[0]"),
        ("registry:3.1.1", "${IMAGE}", "K006 warning services.cache.image"),
        ("restart: always", "mem_limit: ${LIMIT}", "K006 warning services.cache.mem_limit"),
        ("restart: always", "privileged: $P", "K006 warning services.cache.privileged"),
        ("restart: always", "networks: [inner$N]", "K006 warning services.cache.networks[0]"),
        ("restart: always", "container_name: a b", "K002 error services.cache.container_name"),
        ("- ./config.yml", "- {type: bind, source: /x}\n      - ./config.yml", "K002 error services.cache.volumes[1]"),
        (
            "- ./config.yml",
            "- {type: bind, source: '', target: /x}\n      - ./config.yml",
            "K002 warning services.cache.volumes[1].source",
        ),
        ("- ./config.yml", "- d::x\n      - ./config.yml", "K002 warning services.cache.volumes[1]"),
        (
            "REGISTRY_STORAGE_DELETE_ENABLED: ",
            "REGISTRY_HTTP_ADDR:x: ",
            "K012 error services.cache.environment.REGISTRY_HTTP_ADDR:x",
        ),
        ("restart: always", "umask: '0022'", "K001 warning services.cache.umask"),
        ("restart: always", f"gpus: [{{count: {2**63}}}]", "K002 error services.cache.gpus[0].count"),
        ("restart: always", f"gpus: [{{count: '{2**63}'}}]", "K002 error services.cache.gpus[0].count"),
        ("restart: always", f"storage_opt: {{size: {2**63}}}", "K002 error services.cache.storage_opt.size"),
        (
            "restart: always",
            "pre_start: [{command: x, labels: {}, x-a: 1}]",
            "K001 warning services.cache.pre_start[0].labels",
        ),
        ("restart: always", "mem_limit: 1.5", "K002 warning services.cache.mem_limit"),
        ("restart: always", "healthcheck: {retries: -1}", "K002 error services.cache.healthcheck.retries"),
        ('ports: ["192.0.2.10:5000:5000"]', "ports: [{target: '-1'}]", "K002 error services.cache.ports[0].target"),
        ("restart: always", "blkio_config: {weight: '1'}", "K002 error services.cache.blkio_config.weight"),
        ("restart: always", "build: {context: ., no_cache: maybe}", "K002 error services.cache.build.no_cache"),
        ("restart: always", "build: {context: ., ssh: [x]}", "K002 error services.cache.build.ssh[0]"),
        ("restart: always", "build: {context: ., extra_hosts: [x]}", "K002 error services.cache.build.extra_hosts[0]"),
        ("restart: always", "build: {context: ., secrets: [{}]}", "K002 error services.cache.build.secrets[0]"),
        ("restart: always", "devices: [{source: /x}]", "K002 error services.cache.devices[0]"),
        ("restart: always", "extends: ''", "K004 error services.cache.extends"),
        (
            "restart: always",
            "post_start: [{command: x, environment: [A, A]}]",
            "K002 error services.cache.post_start[0].environment[1]",
        ),
        ("volumes:\n  data:", "secrets: {s: {environment: ''}}\nvolumes:\n  data:", "K002 error secrets.s"),
        ("volumes:\n  data:", "networks: {a b: {}}\nvolumes:\n  data:", "K001 warning networks.a b"),
        ("volumes:\n  data:", "configs: {a b: {file: x}}\nvolumes:\n  data:", "K001 error configs.a b"),
        ("restart: always", "depends_on: [cache]", "K002 error services.cache.depends_on[0]"),
        ("restart: always", "environment_file: x", "K001 error services.cache.environment_file"),
        ("restart: always", "build: {contxt: .}", "K001 error services.cache.build.contxt"),
        ("restart: always", "devices: ['/dev/a:/dev/a:rwx']", "K002 warning services.cache.devices[0]"),
        ("restart: always", "cap_add: [NETADMIN]", "K002 error services.cache.cap_add[0]"),
        ("restart: always", "ulimits: {nofiles: 5}", "K002 error services.cache.ulimits.nofiles"),
        ("restart: always", "sysctls: {vm.max_map_count: 5}", "K002 error services.cache.sysctls.vm.max_map_count"),
        ("restart: always", "sysctls: [fs.file-max=5]", "K002 error services.cache.sysctls[0]"),
        ("restart: always", "tmpfs: ['/x:sise=1m']", "K002 error services.cache.tmpfs[0]"),
        ("restart: always", "tmpfs: /x:size", "K002 error services.cache.tmpfs"),
        ("restart: always", "tmpfs: /x:size=64mb", "K002 error services.cache.tmpfs"),
        ("restart: always", "tmpfs: '/x:size=1m,,ro'", "K002 error services.cache.tmpfs"),
        ("restart: always", "tmpfs: /x:mode=u+w", "K002 error services.cache.tmpfs"),
        ("restart: always", "tmpfs: /x:uid=root", "K002 error services.cache.tmpfs"),
        ("restart: always", "tmpfs: '/x:size='", "K002 error services.cache.tmpfs"),
        ("restart: always", "tmpfs: /x:remount", "K002 error services.cache.tmpfs"),
        ("restart: always", "cpu_period: -1", "K002 error services.cache.cpu_period"),
        ("restart: always", "cpu_quota: 999", "K002 error services.cache.cpu_quota"),
        ("restart: always", "cpu_period: 1000001", "K002 error services.cache.cpu_period"),
        ("restart: always", "cpus: 0.5\n    cpu_quota: 5000", "K002 error services.cache.cpu_quota"),
        ("restart: always", "mem_swappiness: 101", "K002 warning services.cache.mem_swappiness"),
        ("restart: always", "platform: linux-amd64", "K002 error services.cache.platform"),
        ("restart: always", "uts: hosts", "K002 error services.cache.uts"),
        ("restart: always", "userns_mode: keep-id", "K002 error services.cache.userns_mode"),
        (
            "restart: always",
            "networks: {default: {mac_address: '02:42:ac'}}",
            "K002 error services.cache.networks.default.mac_address",
        ),
        (
            "restart: always",
            "env_file: [{path: a, format: dotenv}]",
            "K002 error services.cache.env_file[0].format",
        ),
        ("restart: always", "healthcheck: {test: CMD curl x}", "K002 warning services.cache.healthcheck.test"),
        ("restart: always", "deploy: {mode: replicatd}", "K002 warning services.cache.deploy.mode"),
        ("restart: always", "deploy: {endpoint_mode: dns}", "K002 warning services.cache.deploy.endpoint_mode"),
        (
            "restart: always",
            "deploy: {restart_policy: {condition: on-fail}}",
            "K002 error services.cache.deploy.restart_policy.condition",
        ),
        ("restart: always", "deploy: {replicas: two}", "K002 error services.cache.deploy.replicas"),
        ("restart: always", "privileged: maybe", "K002 error services.cache.privileged"),
        ("restart: always", "pull_policy: sometimes", "K002 error services.cache.pull_policy"),
        ("restart: always", "stop_grace_period: 1 minute", "K002 error services.cache.stop_grace_period"),
        ("restart: always", "healthcheck: {test: [curl, x]}", "K002 error services.cache.healthcheck.test[0]"),
        ("restart: always", "network_mode: host\n    networks: [default]", "K002 error services.cache.network_mode"),
        ("restart: always", "network_mode: 'service:db'", "K004 error services.cache.network_mode"),
        ("restart: always", "extends: {service: base}", "K004 error services.cache.extends"),
        ("restart: always", "extends: cache", "K002 error services.cache.extends"),
        ("restart: always", "links: ['db:sql']", "K004 error services.cache.links[0]"),
        ("restart: always", "volumes_from: ['db:ro']", "K004 error services.cache.volumes_from[0]"),
        ("restart: always", "pid: 'service:cache'", "K002 error services.cache.pid"),
        ("restart: always", "command: it's here", "K002 error services.cache.command"),
        ("restart: always", "tmpfs: /var/lib/registry", "K002 warning services.cache.volumes[0]"),
        (
            "volumes:\n  data:",
            "  b: {image: x, profiles: [p]}\n  c: {image: x, links: [b]}\nvolumes:\n  data:",
            "K004 warning services.c.links[0]",
        ),
        ("restart: always", "extra_hosts: [db]", "K002 error services.cache.extra_hosts[0]"),
        ("restart: always", "security_opt: [a:b, a:b]", "K002 error services.cache.security_opt[1]"),
        ("restart: always", "env_file:", "K002 error services.cache.env_file"),
        ("192.0.2.10:5000:5000", "99999:5000", "K002 error services.cache.ports[0]"),
        ("192.0.2.10:5000:5000", "5000:http", "K002 error services.cache.ports[0]"),
        ("192.0.2.10:5000:5000", "web:5000:5000", "K002 error services.cache.ports[0]"),
        ("192.0.2.10:5000:5000", "5000-5001:5000-5002", "K002 error services.cache.ports[0]"),
        ("192.0.2.10:5000:5000", "5000:5000/http", "K002 error services.cache.ports[0]"),
        ("volumes:\n  data:", "volumes:\n  data: {external: true, driver: local}", "K002 error volumes.data.driver"),
        ("volumes:\n  data:", "secrets: {s: {}}\nvolumes:\n  data:", "K002 error secrets.s"),
        ("volumes:\n  data:", "web: {image: x}\nvolumes:\n  data:", "K001 error web"),
        ("https://registry-1.docker.io", '"#x"', "K012 error services.cache.environment.REGISTRY_PROXY_REMOTEURL"),
        ("      - data:/var/lib/registry\n", "", "K013 warning services.cache"),
        (
            '192.0.2.10:5000:5000"]\n',
            '5000:5000"]\n    labels: {}\n',
            "",
        ),
        ("restart: always", "restart: always\n    restart: always", "P001 error "),
    ],
)
def test_a_wrong_value_gives_a_finding(old: str, new: str, finding: str) -> None:
    assert old in CACHE
    findings = findings_of(CACHE.replace(old, new, 1))
    assert finding in findings if finding else not findings


def test_a_volume_of_one_letter_is_a_drive() -> None:
    tree: Tree = {"services": {"a": {"image": "a:1", "volumes": ["d:/data:ro"]}}}
    (message,) = [finding[3] for finding in compose_rules(tree)]
    assert message.endswith("it is ro: Compose reads d: as a drive of Windows")


def test_later_documents_lie_over_the_first() -> None:
    first = "services:\n  a: {ports: ['80:80']}\n"
    text = f"{first}---\nservices:\n  a:\n    image: x\n    ports:\n      - '81:81'\n      - '82:web'\n"
    (finding,) = lint_file(SPEC, text.encode())
    assert (finding.rule, finding.key, finding.location and finding.location.line) == (
        "K002",
        ("services", "a", "ports", 2),
        9,
    )


def test_a_login_on_an_open_port() -> None:
    text = CACHE.replace("192.0.2.10:5000:5000", "5000:5000").replace(
        "    environment:\n", "    environment:\n      REGISTRY_PROXY_PASSWORD: x\n"
    )
    assert "K014 warning services.cache.ports" in findings_of(text)


def test_two_registries_on_one_volume() -> None:
    text = CACHE.replace(
        "volumes:\n  data:",
        "  other:\n    image: registry:3.1.1\n    volumes: [data:/var/lib/registry]\nvolumes:\n  data:",
    )
    assert "K015 warning services.other.volumes" in findings_of(text)
    collecting = "registry:3.1.1\n    entrypoint: [sh, /gc.sh]\n    volumes: [data"
    assert findings_of(text.replace("registry:3.1.1\n    volumes: [data", collecting)) == []


@pytest.mark.parametrize(
    "text",
    [
        CACHE,
        CACHE.replace("registry:3.1.1", "registry:2.8").replace("/etc/distribution", "/etc/docker/registry"),
        CACHE.replace("/etc/distribution", "/etc/docker/registry").replace(
            "    environment", "    entrypoint: [sh, /start.sh]\n    environment"
        ),
        CACHE.replace("config.yml:ro", "other.yaml").replace(
            "    environment", "    command: [serve, /etc/distribution/other.yaml]\n    environment"
        ),
        CACHE.replace(
            "REGISTRY_PROXY_REMOTEURL: https://registry-1.docker.io", "REGISTRY_PROXY_PASSWORD: '\"#x\"'"
        ).replace("5000:5000", "5000:5000"),
        CACHE.replace(
            '"true"\n',
            '"true"\n      REGISTRY_AUTH: htpasswd\n      REGISTRY_AUTH_HTPASSWD_REALM: Registry of ours\n'
            "      REGISTRY_HEALTH_STORAGEDRIVER_INTERVAL: 10s\n",
        ),
        "services:\n  a: {image: x, ports: [80, '443:443', '127.0.0.1::53/udp', '[::1]:1-3:1-3', '8000-8005:80', '${P}:80']}\n",
        "services:\n  a: {image: x, privileged: 'yes', cpu_shares: '5', cpus: '0.5', deploy: {replicas: '2'}}\n"
        "  b: {image: x, mem_limit: 1.5 GiB}\n",
        "services:\n  a: {image: x, profiles: [p], healthcheck: {test: curl x, interval: 1m30s}, stop_grace_period: 1d}\n",
        "services:\n  a: {image: x, depends_on: {b: {condition: service_started, required: false}}}\n"
        "  b: {image: y, profiles: [p]}\n",
        "services:\n  a: {image: x, init: '${INIT:-yes}', scale: '${N:-2}', environment: [A=1, B, B]}\n",
        "services:\n  a: {extends: {file: base.yml, service: a}}\n  b: {image: x, ulimits: {nofile: '1024'}, ports: [22:22]}\n",
        "name: x\nservices: {}\n",
        "services:\n  a: {image: x, volumes: ['./here:/d', './here:/d/e'], devices: [/a, {source: /b, target: /b}]}\n"
        "  b: {build: {}}\n",
        "services:\n  a: {image: x, post_start: [{command: x, privileged: 'yes'}], build: {context: ., ssh: [a=/b]}}\n",
        "services: {a: {image: x}}\nsecrets: {s: {external: true}, t: {file: ''}}\nconfigs: {c: {external: false}}\n",
        "services:\n  a: {image: 'Host.example:5000/a/b_c--d.e:V1.2_x'}\n"
        "  b: {image: 'localhost/x@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}\n",
        "services:\n  a: {image: x, command: 'sh -c \"it''s\" ; it''s', entrypoint: 'a $$(b) `c`'}\n"
        "  b: {image: x, restart: '', healthcheck: {test: it''s}}\n",
        "services:\n  a: {image: x, cpus: 0.50, mem_limit: 1g, deploy: {resources: {limits: {cpus: '0.5', memory: 1024m}}}}\n",
        "services:\n  a: {image: x, platform: linux/arm64, build: {context: ., platforms: [linux/amd64, linux/arm64]}}\n",
        "services: {a: {image: x}}\nnetworks: {n: {external: true, driver: bridge}}\n"
        "volumes: {v: {external: {name: w}, name: w}}\n",
        "services:\n  a: {image: x, gpus: [{count: all}], develop: {watch: [{path: ., action: rebuild}]}}\n",
        "version: '3.8'\nservices:\n  a: {image: 'nginx:${TAG:-1.27}', command: ['sh', '-c', 'echo $$HOME']}\n",
        "services:\n  a: {build: ., depends_on: {b: {condition: service_started}}}\n  b: {image: x, networks: {n: }}\n"
        "networks: {n: }\n",
        "x-base: &b {restart: unless-stopped}\nservices:\n  a: {<<: *b, image: x, x-mine: 1}\n",
        "services:\n  a:\n    image: x\n"
        "    volumes: ['./a:/b', '/c:/d:ro', '~/e:/f', "
        "'${DIR:-/x}:/g', '/anonymous', 'data:/${SUB}', 'C:\\a:/i', {type: tmpfs, target: /h}]\nvolumes: {data: }\n",
        "services:\n  a:\n    image: x\n    ports: !reset []\n    environment: !override {A: b}\n",
        "include: [other.yml]\nservices:\n  a: {image: x, depends_on: [from_there], networks: [there]}\n",
        "services:\n  a: {image: x, restart: no, mem_limit: 512m, healthcheck: {interval: 30s}, secrets: [s]}\n"
        "secrets: {s: {file: ./s}}\n",
        "services:\n  gitlab-runner: {image: 'gitlab/gitlab-runner:v18.0.0', volumes: ['./config:/etc/gitlab-runner']}\n",
    ],
)
def test_a_valid_file_gives_no_finding(text: str) -> None:
    assert findings_of(text) == []


@given(st.integers(0, len(CACHE) - 1), st.sampled_from(["", ":", "-", "{", "[", "$", "!x ", "\t", '"']))
def test_no_change_of_a_valid_file_is_a_crash(at: int, character: str) -> None:
    findings_of(CACHE[:at] + character + CACHE[at + 1 :])


@pytest.mark.parametrize(
    ("services", "key"),
    [
        ({"a": {"image": "x", "ipc": "service:a"}}, ("a", "ipc")),
        (
            {"a": {"image": "x", "depends_on": ["c", "b"]}, "b": {"image": "x", "links": ["a"]}, "c": {"image": "x"}},
            ("a", "depends_on", 1),
        ),
        (
            {"a": {"image": "x", "volumes_from": ["b"]}, "b": {"image": "x", "depends_on": ["a"]}},
            ("a", "volumes_from", 0),
        ),
        ({"a": {"extends": "a"}}, ("a", "extends")),
    ],
)
def test_a_circle_is_reported_at_the_key_that_begins_it(services: Tree, key: tuple[str | int, ...]) -> None:
    assert ("services", *key) in [
        finding[2] for finding in compose_rules({"services": services}) if "itself" in finding[3]
    ]


@pytest.mark.parametrize(
    ("old", "new", "key", "fix"),
    [
        ("image: registry:3.1.1", "images: registry:3.1.1", "images", "write image"),
        (
            "restart: always",
            "restart: always\n    depends_on: [{db: {condition: c}}]",
            "depends_on[0]",
            "take the hyphen before db",
        ),
        ("restart: always", "networks: [{n: {}}]", "networks[0]", "take the hyphen before n out"),
        ("restart: always", "logging: {max-size: 10m}", "logging.max-size", "move it there"),
        ("restart: always", "deploy: {ports: ['5:5']}", "deploy.ports", "move it there, and indent it"),
        ("restart: always", 'extra_hosts: ["a 192.0.2.1"]', "extra_hosts[0]", "write a=192.0.2.1"),
        ("restart: always", "container_name: my cache", "container_name", "write my-cache"),
        ("192.0.2.10:5000:5000", "5000/tcp:5000/tcp", "ports[0]", "write 5000:5000/tcp"),
        ("restart: always", "command: 'a ${B'", "command", "close its brace"),
        ("restart: always", "expose: ['80:81']", "expose[0]", "write 81, or use ports"),
        ("- data:/var", "- dota:/var", "volumes[0]", "write data, or add it there, or write ./dota for a folder"),
        ("restart: always", "depends_on: [cachee]", "depends_on[0]", "add it there"),
        ("config.yml:ro", "config.yml:readonly", "volumes[1]", "write ro"),
        ("config.yml:ro", "config.yml:ro,x", "volumes[1]", "take it out"),
        ("restart: always", "network_mode: host", "ports", "take it out"),
        (
            "restart: always",
            "command: [serve, /etc/docker/registry/config.yml]",
            "command",
            "write /etc/distribution/config.yml",
        ),
        (
            'ENABLED: "true"',
            'ENABLED: "true"\n      REGISTRY_HTTP_HEADERS_X: "*"',
            "environment.REGISTRY_HTTP_HEADERS_X",
            "='[\"…\"]'",
        ),
    ],
)
def test_what_to_write_in_a_compose_file(old: str, new: str, key: str, fix: str) -> None:
    assert old in CACHE
    findings = lint_file(SPEC, CACHE.replace(old, new, 1).encode())
    assert [fix in finding.fix for finding in findings if key_text(finding.key) == f"services.cache.{key}"] == [True]


def test_a_misspelt_image_is_not_also_missing() -> None:
    assert findings_of("services: {a: {images: b}}") == ["K001 error services.a.images"]
    assert findings_of("services: {a: {labels: {b: c}}}") == ["K002 error services.a"]


def test_a_section_that_is_indented_as_a_service_is_one_mistake() -> None:
    assert findings_of("services: {a: {image: b}, volumes: {data: {driver: local}}}") == ["K002 error services.volumes"]


TWO = """services:
  a: {image: nginx, ports: [%s]}
  b: {image: nginx, ports: [%s]%s}
"""


@pytest.mark.parametrize(
    ("first", "second", "more"),
    [
        ("'80:80'", "'80:81'", ""),
        ("'80:80'", "'127.0.0.1:80:80'", ""),
        ("'0.0.0.0:80:80'", "{target: 80, published: 80}", ""),
    ],
)
def test_two_services_on_one_port(first: str, second: str, more: str) -> None:
    assert findings_of(TWO % (first, second, more)) == ["K016 warning services.b.ports[0]"]


@pytest.mark.parametrize(
    ("first", "second", "more"),
    [
        ("'80:80'", "'81:80'", ""),
        ("'80:80'", "'80'", ""),
        ("'80:80'", "'80:80/udp'", ""),
        ("'127.0.0.1:80:80'", "'127.0.0.2:80:80'", ""),
        ("'0.0.0.0:80:80'", "'[::1]:80:80'", ""),
        ("'80:80'", "'80-90:80'", ""),
        ("'80:80'", "'${PORT:-80}:80'", ""),
        ("'80:80'", "'80:80'", ", profiles: [other]"),
        ("'80:80'", "'80:80'", ", scale: 0"),
    ],
)
def test_two_services_that_can_run_together(first: str, second: str, more: str) -> None:
    assert not any(text.startswith("K016") for text in findings_of(TWO % (first, second, more)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("config.yml:ro", "config.yml:ro,z"),
        ("config.yml:ro", "config.yml:${MODE:-ro}"),
        ("config.yml:ro", "config.yml:cached"),
        ("restart: always", "container_name: my-cache.1"),
        ("restart: always", "expose: ['80/tcp', 80-90]"),
        ("restart: always", "command: [serve, /etc/distribution/config.yml]"),
    ],
)
def test_what_only_looks_like_a_mistake(old: str, new: str) -> None:
    assert old in CACHE
    assert findings_of(CACHE.replace(old, new, 1)) == []


def test_keys_that_are_indented_too_little_are_no_services() -> None:
    findings = lint_file(SPEC, b"services: {cache: , image: registry, ports: ['5000:5000']}")
    assert [(key_text(finding.key), finding.fix) for finding in findings] == [
        ("services.cache", "it is empty: indent its keys below it"),
        ("services.image", "indent it deeper, as a key of its service"),
        ("services.ports", "indent it deeper, as a key of its service"),
    ]


def test_a_list_of_volumes_is_one_mistake() -> None:
    assert findings_of("services: {a: {image: b, volumes: ['data:/x']}}\nvolumes: [data]\n") == ["K002 error volumes"]


def test_a_space_after_the_colon_of_a_volume_is_one_mistake() -> None:
    assert findings_of(CACHE.replace("data:/var", "data: /var")) == ["K002 error services.cache.volumes[0]"]


@pytest.mark.parametrize(
    ("pool", "finding"),
    [
        ("subnet: 172.28.0.0/16, ip_range: 172.28.5.0/24, gateway: 172.28.0.1, aux_addresses: {a: 172.28.0.2}", ""),
        ("subnet: '2001:db8:0:0::/64'", ""),
        ("subnet: '${NET:-10.0.0.0/8}', gateway: 10.0.0.1", ""),
        ("gateway: 10.0.0.1", ""),
        ("subnet: 172.28.0.0", "K002 error networks.n.ipam.config[0].subnet"),
        ("subnet: 172.28.0.1/16", "K002 warning networks.n.ipam.config[0].subnet"),
        ("subnet: 172.28.0.0/16, gateway: 172.29.0.1", "K002 error networks.n.ipam.config[0].gateway"),
        ("subnet: 172.28.0.0/16, ip_range: 172.29.0.0/24", "K002 error networks.n.ipam.config[0].ip_range"),
        (
            "subnet: 172.28.0.0/16, aux_addresses: {a: 10.0.0.1}",
            "K002 error networks.n.ipam.config[0].aux_addresses.a",
        ),
    ],
)
def test_the_subnet_of_a_network(pool: str, finding: str) -> None:
    text = f"services:\n  a: {{image: x, networks: [n]}}\nnetworks:\n  n: {{ipam: {{config: [{{{pool}}}]}}}}\n"
    assert findings_of(text) == ([finding] if finding else [])


SUBNET = "{ipam: {config: [{subnet: 172.28.0.0/16}]}}"


@pytest.mark.parametrize(
    ("address", "network", "severity"),
    [
        ("ipv4_address: 172.28.0.5", SUBNET, ""),
        ("ipv4_address: 10.0.0.5", "{external: true}", ""),
        ("ipv4_address: 10.0.0.5", "{ipam: {driver: dhcp}}", ""),
        ("ipv4_address: '${IP}'", SUBNET, ""),
        ("ipv4_address: 172.28.0.500", SUBNET, "error"),
        ("ipv4_address: 10.0.0.5", SUBNET, "error"),
        ("ipv6_address: '2001:db8::5'", SUBNET, "warning"),
        ("ipv4_address: 10.0.0.5", "{}", "warning"),
    ],
)
def test_the_address_of_a_service_in_a_network(address: str, network: str, severity: str) -> None:
    text = f"services:\n  a:\n    image: x\n    networks: {{n: {{{address}}}}}\nnetworks:\n  n: {network}\n"
    key = address.partition(":")[0]
    expected = [f"K002 {severity} services.a.networks.n.{key}"] if severity else []
    assert [word for word in findings_of(text) if not word.startswith("K006")] == expected


def test_two_services_with_one_address() -> None:
    text = "services:\n  a: {image: x, networks: {n: {ipv4_address: 172.28.0.5}}}\n" + (
        f"  b: {{image: x, networks: {{n: {{ipv4_address: 172.28.0.5}}}}}}\nnetworks:\n  n: {SUBNET}\n"
    )
    assert findings_of(text) == ["K016 warning services.b.networks.n.ipv4_address"]
    assert findings_of(text.replace("b: {image", "b: {profiles: [p], image")) == []


@pytest.mark.parametrize(
    ("service", "finding"),
    [
        ("image: docker:28-dind", "K017 warning services.a.image"),
        ("image: docker:dind, privileged: false", "K017 warning services.a.privileged"),
        ("image: docker:dind, command: [dockerd, --mtu=1400]", "K017 warning services.a.image"),
        ("image: docker:dind, privileged: true", ""),
        ("image: docker:dind, runtime: sysbox-runc", ""),
        ("image: docker:dind, command: [docker, ps]", ""),
        ("image: docker:28-cli", ""),
        ("image: 'example.com/docker:dind'", ""),
        (
            "image: docker:dind, privileged: true, command: ['--registry-mirror=http://localhost:5000']",
            "K017 warning services.a.command[0]",
        ),
        (
            "image: docker:dind, privileged: true, command: ['--registry-mirror', 'http://127.0.0.1:5000']",
            "K017 warning services.a.command[1]",
        ),
        (
            "image: docker:dind, privileged: true, command: '--mtu=1400 --registry-mirror=http://localhost:5000'",
            "K017 warning services.a.command",
        ),
        (
            "image: docker:dind, privileged: true, command: '--registry-mirrors=http://hub:5000 --mtu=1400'",
            "K017 warning services.a.command",
        ),
        (
            "image: docker:dind, privileged: true, command: ['--registry-mirror=http://10.0.0.9', '--bip=10.0.0.1/24']",
            "K017 warning services.a.command[1]",
        ),
        ("image: docker:dind, privileged: true, command: ['--registry-mirror=$MIRROR', '--bip=10.0.0.1/24']", ""),
        (
            "image: docker:dind, privileged: true, network_mode: host, command: ['--registry-mirror=http://localhost']",
            "",
        ),
        ("image: docker:dind, privileged: true, command: ['--registry-mirror=http://mirror:5000']", ""),
    ],
)
def test_docker_in_docker(service: str, finding: str) -> None:
    assert findings_of(f"services:\n  a: {{{service}}}\n") == ([finding] if finding else [])


@pytest.mark.parametrize(
    ("service", "finding"),
    [
        (
            "image: registry:2, volumes: [d1:/var/lib/registry, './c:/etc/distribution']",
            "K010 error services.a.volumes[1]",
        ),
        ("image: registry:2, volumes: [d1:/var/lib/registry, './c:/etc/docker/registry']", ""),
        (
            "image: registry:3, volumes: [d1:/var/lib/registry], "
            "configs: [{source: c, target: /etc/docker/registry/config.yml}]",
            "K010 error services.a.configs[0]",
        ),
        (
            "image: registry:3, volumes: [d1:/var/lib/registry], "
            "configs: [{source: c, target: /etc/distribution/config.yml}]",
            "",
        ),
        (
            "image: registry:2, volumes: [d1:/var/lib/registry], "
            "environment: {REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: /data}",
            "K013 warning services.a",
        ),
        (
            "image: registry:2, volumes: ['d1:/data'], environment: {REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: /data}",
            "",
        ),
        (
            "image: registry:2, volumes: [d1:/var/lib/registry], ports: ['5001:5001']",
            "C018 warning services.a.ports",
        ),
        ("image: registry:2, volumes: [d1:/var/lib/registry], ports: ['5001:5000']", ""),
        (
            "image: registry:2, ports: ['80:80'], "
            "volumes: [d1:/var/lib/registry, './c.yml:/etc/docker/registry/config.yml']",
            "",
        ),
        (
            "image: registry:2, volumes: [d1:/var/lib/registry], "
            "ports: ['5001:5000'], environment: {REGISTRY_HTTP_ADDR: ':5001'}",
            "C018 warning services.a.ports",
        ),
    ],
)
def test_a_registry_that_is_not_where_its_compose_file_says(service: str, finding: str) -> None:
    text = f"services:\n  a: {{{service}}}\nvolumes: {{d1: {{}}}}\nconfigs: {{c: {{file: ./c}}}}\n"
    assert findings_of(text) == ([finding] if finding else [])


def test_a_volume_whose_name_is_one_letter() -> None:
    text = "services:\n  a: {image: x, volumes: ['%s:/data']}\nvolumes: {%s: {}}\n"
    assert findings_of(text % ("d", "d")) == ["K002 error services.a.volumes[0]"]
    assert findings_of(text % ("dd", "dd")) == []


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("cpus: 0,5", "write 0.5"),
        ("deploy: {resources: {limits: {cpus: '0,5'}}}", "write 0.5"),
        ("mem_limit: 512Mi", "write 512m"),
        ("healthcheck: {interval: 30 s}", "write 30s"),
        ("restart: never", 'write "no"'),
        ("pull_policy: if-not-preset", "write if_not_present"),
        ("env: {A: b}", "write env_file or environment; keys of your own begin with x-"),
        ("resources: {}", "move it below deploy, and indent it deeper"),
        ("build: {context: ., args: [{A: b}]}", "write it as NAME=VALUE"),
        (
            "develop: {watch: {action: rebuild, path: .}}",
            "put a hyphen before its first key, and indent its others as that",
        ),
        ("ports: [80: 80]", 'write "80:80", without a space'),
        ("links: [dbb]\n  db: {image: y}", "write db, or add it there"),
    ],
)
def test_what_to_write_in_a_service(line: str, fix: str) -> None:
    (finding,) = lint_file(SPEC, f"services:\n  a:\n    image: x\n    {line}\n".encode())
    assert finding.fix == fix


def test_a_list_that_is_merged_is_reported_where_it_is_merged() -> None:
    text = "x-e: &e [A=b]\nservices:\n  a:\n    image: x\n    environment:\n      <<: *e\n"
    (finding,) = lint_file(SPEC, text.encode())
    assert finding.location
    assert (finding.location.line, finding.location.column) == (6, 7)


@pytest.mark.parametrize(
    ("lines", "finding"),
    [
        ("network_mode: 'service:b', ports: ['80:80']", "K002 error services.a.ports"),
        ("network_mode: 'service:b', hostname: h", "K002 error services.a.hostname"),
        ("network_mode: 'container:other', expose: [80]", "K002 error services.a.expose"),
        ("network_mode: 'service:b', extra_hosts: {h: 192.0.2.1}", "K002 error services.a.extra_hosts"),
        ("network_mode: 'service:b', ports: []", ""),
        ("network_mode: bridge, ports: ['80:80'], hostname: h, dns: 192.0.2.53", ""),
        ("dns: [resolver.example.com]", "K002 error services.a.dns[0]"),
        ("dns: resolver.example.com", "K002 error services.a.dns"),
        ("dns: ['${DNS:-192.0.2.53}', '2001:db8::53']", ""),
        ("mac_address: '02:42:ac'", "K002 error services.a.mac_address"),
        ("mac_address: 02-42-AC-11-65-43", ""),
        ("tmpfs: run", "K002 error services.a.tmpfs"),
        ("tmpfs: ['/run:size=64m']", ""),
        ("environment: [A=1, B=2, A=3]", "P002 warning services.a.environment[2]"),
        ("environment: [A=1, B=2, A=1b, C]", "P002 warning services.a.environment[2]"),
        ("environment: [A=1, B=1, C, '${D:-E}']", ""),
        ("labels: [a=1, a=2]", "P002 warning services.a.labels[1]"),
        *((f"environment: {{V: {text}}}", "K007 warning services.a.environment.V") for text in ("0777", "1.10", "080")),
        *((f"labels: {{v: {text}}}", "K007 warning services.a.labels.v") for text in ("1e3", "2030-01-01")),
        ("build: {context: ., args: {VERSION: 1.20}}", "K007 warning services.a.build.args.VERSION"),
        ("environment: {A: 5, B: 0.5, C: 1.25, D: true, E: '0777', F: yes, G: 22:22, H: -1}", ""),
        ("environment: [V=0777, W=1.10], command: [a, '2030-01-01'], x-made: 2030-01-01", ""),
        ("user: 2030-01-01", "K002 error services.a.user"),
        ("labels: [2030-01-01]", "K002 error services.a.labels[0]"),
        ("hostname: 080", "K002 error services.a.hostname"),
        ("hostname: <<", ""),
    ],
)
def test_what_docker_or_compose_makes_of_a_service(lines: str, finding: str) -> None:
    text = f"services:\n  a: {{image: x, {lines}}}\n  b: {{image: y}}\n"
    assert findings_of(text) == ([finding] if finding else [])


@pytest.mark.parametrize(
    ("variable", "finding"),
    [
        ("registry_log_level: debug", "K012 error services.a.environment.registry_log_level"),
        ("REGISTRY_HTTP_HEADERS_X-Content-Type-Options: '[nosniff]'", ""),
        ("registryUser: x", ""),
        ("REGISTRY_PROXY_REMOTEURL: 'http://a:5000'", "K012 error services.a.environment.REGISTRY_PROXY_REMOTEURL"),
        ("REGISTRY_PROXY_REMOTEURL: 'http://b:5000'", ""),
    ],
)
def test_variables_that_do_not_do_what_they_should(variable: str, finding: str) -> None:
    service = f"{{image: 'registry:3', volumes: ['/d:/var/lib/registry'], environment: {{{variable}}}}}"
    assert findings_of(f"services:\n  a: {service}\n") == ([finding] if finding else [])


def test_an_empty_image_is_one_mistake() -> None:
    assert findings_of("services:\n  a:\n    image:\n") == ["K002 error services.a.image"]
    assert findings_of("services:\n  a: {command: x}\n") == ["K002 error services.a"]


def test_a_later_document_may_set_again_what_an_earlier_one_has() -> None:
    first = "services: {a: {image: x, environment: [A=1], volumes: ['./a:/d'], ports: ['80:80']}}\n"
    again = "services: {a: {environment: [A=2], volumes: ['./b:/d'], ports: ['80:80']}}\n"
    assert findings_of(f"{first}---\n{again}") == []
    assert findings_of(f"# one document\n---\n{first}".replace("[A=1]", "[A=1, A=2]")) == [
        "P002 warning services.a.environment[1]"
    ]


@pytest.mark.parametrize(
    ("logging", "finding", "fix"),
    [
        ("driver: json-fil", "error driver", "write json-file"),
        ("driver: json-file, options: {max-siz: 1m}", "error options.max-siz", "write max-size"),
        ("driver: journald, options: {max-size: 1m}", "error options.max-size", "take it out"),
        ("driver: local, options: {tag: a}", "warning options.tag", "take it out, or use json-file"),
        ("driver: gelf, options: {tag: a}", "warning options", 'add "gelf-address": "udp://HOST:12201"'),
        ("options: {max-files: 3}", "error options.max-files", "write max-file"),
        ("options: {quux: 3}", "warning options.quux", "take it out"),
        ("options: {max-size: ten}", "error options.max-size", "write for example 10m"),
        ("options: {mode: nonblocking}", "error options.mode", "write non-blocking"),
        ("driver: syslog, options: {syslog-address: 'a:514'}", "error options.syslog-address", "write udp://a:514"),
    ],
)
def test_what_a_log_driver_does_not_accept(logging: str, finding: str, fix: str) -> None:
    (one,) = lint_file(SPEC, f"services: {{a: {{image: 'x:1', logging: {{{logging}}}}}}}".encode())
    severity, option = finding.split()
    assert (one.severity, key_text(one.key)) == (severity, f"services.a.logging.{option}")
    assert (one.fix or "").startswith(fix)


@pytest.mark.parametrize(
    "logging",
    [
        "driver: loki, options: {loki-url: a}",
        "driver: grafana/loki:latest, options: {x: 1}",
        "driver: $D, options: {x: 1}",
        "driver: json-file, options: {max-size: 10m, max-file: 3, mode: non-blocking, max-buffer-size: 4m}",
        "driver: none, options: {x: 1}",
        "driver: local, options: {max-size: -1}",
        "options: {max-size: '${S:-1m}', labels: a, env: b}",
        "driver: syslog, options: {syslog-address: 'udp://a:514', tag: '{{.Name}}'}",
    ],
)
def test_what_a_log_driver_accepts(logging: str) -> None:
    assert findings_of(f"services: {{a: {{image: 'x:1', logging: {{{logging}}}}}}}") == []


@pytest.mark.parametrize("version", ["", "1.29.2", "2.0.0"])
def test_only_compose_1_reads_numbers_in_base_60(version: str) -> None:
    text = b"services: {a: {image: 'x:1', ports: [22:22, '23:23', 8080:80], environment: {A: 1:00}}}"
    findings = compose_rules(REGISTRY.parse(SPEC, text), version=version)
    assert [f"{severity} {key_text(key)} {fix}" for _, severity, key, _, fix in findings] == (
        [
            'error services.a.ports[0] put it in quotes: "22:22"',
            'error services.a.environment.A put it in quotes: "1:00"',
        ]
        if version == "1.29.2"
        else []
    )


@pytest.mark.parametrize(
    "line",
    [
        "cap_add: [ALL, cap_net_admin, NET_RAW, $CAP]",
        "cap_drop: [all]",
        "ulimits: {nofile: 5, nproc: 7, memlock: -1}",
        "sysctls: {net.core.somaxconn: 5, kernel.msgmax: 5, net/ipv4/tcp_syncookies: 0, fs.mqueue.msg_max: 5}",
        "runtime: kata\n    sysctls: {vm.max_map_count: 5}",
        "tmpfs: ['/x', '/y:size=64m,mode=1777,noexec', '/z:ro', '/v:$O', '/p:size=50%,nr_inodes=1k,uid=1000', '/e:']",
        "cpu_quota: -1\n    cpu_period: 1000",
        "cpus: 0.5\n    cpu_shares: 512",
        "cpu_quota: 5000\n    cpu_period: 10000",
        "mem_swappiness: -1",
        "platform: linux/arm/v7",
        "platform: amd64",
        "devices: ['/dev/a:/dev/b:rm', '/dev/c:/dev/c', 'nvidia.com/gpu=all']",
        "ipc: shareable\n    pid: host\n    uts: host\n    userns_mode: host",
        "env_file: [{path: a, required: false, format: raw}]",
        "healthcheck: {test: curl x}",
        "label_file: labels",
    ],
)
def test_what_docker_takes_of_a_service(line: str) -> None:
    assert findings_of(f"services:\n  a:\n    image: x:1\n    {line}\n") == []


@pytest.mark.parametrize(
    ("text", "key", "fix"),
    [
        ("services: {a: {extends: {file: b.yml, services: web}}}", "services.a.extends.services", "write service"),
        ("services: {a: {image: x}}\nsecrets: {s: {file_path: ./s}}", "secrets.s.file_path", "write file"),
        ("services: {a: {image: x, configs: [c]}}\nconfig: {c: {file: ./c}}", "config", "write configs"),
        (
            "services: {a: {image: x, env_file: [{path: a, optional: true}]}}",
            "services.a.env_file[0].optional",
            "write r",
        ),
        ("services: {a: {image: x, cmd: y}}", "services.a.cmd", "write command"),
        ("services: {a: {image: x, memory: 1g}}", "services.a.memory", "write mem_limit"),
        ("services: {a: {image: x}}\nsecrets: {s: {path: ./s}}", "secrets.s.path", "write file"),
        ("services: {a: {image: x, pull_policy: every-12h}}", "services.a.pull_policy", "write every_12h"),
        ("services: {a: {image: x, ports: ['80:80:tcp']}}", "services.a.ports[0]", "write 80:80/tcp"),
        (
            "services: {a: {image: x, volumes: [{type: volume, source: ./d, target: /d}]}}",
            "services.a.volumes[0].source",
            "write type: bind",
        ),
        (
            "services: {a: {image: x, volumes: [{type: volume, target: /d, subpath: e}]}}",
            "services.a.volumes[0].subpath",
            "write volume: {subpath: …}",
        ),
    ],
)
def test_one_mistake_is_one_finding_that_says_what_to_write(text: str, key: str, fix: str) -> None:
    (finding,) = lint_file(SPEC, text.encode())
    assert (finding.severity, key_text(finding.key)) == ("error", key)
    assert (finding.fix or "").startswith(fix)
