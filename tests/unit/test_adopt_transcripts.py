"""The complete text of entries that `adopt` makes of whole hosts."""

from __future__ import annotations

import pytest

from tests.unit.adopt_builders import entry_of, observed

REGISTERED = """concurrent = 1
check_interval = 0
connection_max_age = "15m0s"
shutdown_timeout = 0

[session_server]
  session_timeout = 1800

[[runners]]
  name = "ci-1"
  url = "https://gitlab.example.com"
  id = 11
  token = "glrt-aaaaaaaaaaaaaaaaaaaa"
  token_obtained_at = 2024-01-01T00:00:00Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "shell"
  [runners.cache]
    MaxUploadedArchiveSize = 0
    [runners.cache.s3]
    [runners.cache.gcs]
    [runners.cache.azure]

[[runners]]
  name = "ci-1"
  url = "https://gitlab.example.com"
  id = 12
  token = "glrt-bbbbbbbbbbbbbbbbbbbb"
  token_obtained_at = 2024-01-01T00:00:00Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "docker"
  [runners.custom_build_dir]
  [runners.cache]
    MaxUploadedArchiveSize = 0
  [runners.docker]
    tls_verify = false
    image = "alpine:latest"
    privileged = false
    disable_entrypoint_overwrite = false
    oom_kill_disable = false
    disable_cache = false
    volumes = ["/cache"]
    shm_size = 0
    network_mtu = 0

[[runners]]
  name = "ssh to the mac"
  url = "https://gitlab.example.com"
  id = 13
  token = "glrt-cccccccccccccccccccc"
  token_obtained_at = 2024-01-01T00:00:00Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "ssh"
  [runners.cache]
    MaxUploadedArchiveSize = 0
  [runners.ssh]
    user = "ci"
    password = "canary-ssh"
    host = "mac.example.com"
    port = "22"
"""
GROWN = '''# Managed by nobody
concurrent = 10   # it has 16 cores
log_level = "warning"
sentry_dsn = "https://key:canary-dsn@sentry.example.com/1"

[[runners]]
  name = "build: big, \\"quoted\\""
  url = "https://gitlab.example.com/"
  token = "glrt-dddddddddddddddddddd"
  executor = "docker"
  limit = 8
  environment = ["DOCKER_TLS_CERTDIR=", "S3_SECRET=canary-env", "GIT_DEPTH=0"]
  # clone by hand
  pre_build_script = """
set -e
echo 'begin: of' "$CI_JOB_ID"
"""
  clone_url = "http://10.0.0.5"
  [runners.docker]
    image = "docker:24"
    privileged = true
    volumes = ["/certs/client", "/cache", "/var/run/docker.sock:/var/run/docker.sock", "/srv/very/long/path/of/a/folder:/x:ro"]
    extra_hosts = ["gitlab.example.com:10.0.0.5"]
    pull_policy = ["always", "if-not-present"]
    [[runners.docker.services]]
      name = "docker:24-dind"
      alias = "docker"
    [runners.docker.tmpfs]
      "/tmp" = "rw,noexec"
  [runners.machine]
    IdleCount = 2
    MachineOptions = ["amazonec2-secret-key=canary-aws", "amazonec2-region=eu-1"]
    [[runners.machine.autoscaling]]
      Periods = ["* * 9-17 * * mon-fri *"]
      IdleCount = 5
'''
DAEMON = b"""\xef\xbb\xbf{\r
  "registry-mirrors": ["https://mirror.example.com"],\r
  "log-driver": "json-file", "log-opts": {"max-size": "50m", "max-file": "3"},\r
  "default-address-pools": [{"base": "10.200.0.0/16", "size": 24}],\r
  "proxies": {"http-proxy": "http://u:canary-proxy@p:3128", "no-proxy": "localhost,.example.com"},\r
  "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 64000, "Soft": 64000}},\r
  "insecure-registries": [], "debug": false, "data-root": "/srv/docker"\r
}\r
"""


REGISTERED_ENTRY = """\
ci-1:
  address: 192.0.2.10
  gitlab_runner:
    concurrent: 1
    runners:
      - name: ci-1
        id: 11
        url: https://gitlab.example.com
        token: keep
        executor: shell
      - name: ci-1-2
        called: ci-1
        id: 12
        url: https://gitlab.example.com
        token: keep
        executor: docker
        docker:
          image: alpine:latest
          volumes: [/cache]
      - name: ssh to the mac
        url: https://gitlab.example.com
        token: keep
        executor: ssh
        ssh:
          user: ci
          password: !env CI_1_SSH_PASSWORD
          host: mac.example.com
          port: "22"
"""
GROWN_ENTRY = """\
ci-1:
  address: 192.0.2.10
  docker:
    registry-mirrors: [https://mirror.example.com]
    log-driver: json-file
    log-opts: {max-size: 50m, max-file: "3"}
    default-address-pools:
      - base: 10.200.0.0/16
        size: 24
    proxies: {http-proxy: !env CI_1_PROXIES_HTTP_PROXY, no-proxy: "localhost,.example.com"}
    default-ulimits:
      nofile: {Name: nofile, Hard: 64000, Soft: 64000}
    insecure-registries: []
    debug: false
    data-root: /srv/docker
  gitlab_runner:
    # Managed by nobody
    # it has 16 cores
    concurrent: 10
    log_level: warning
    sentry_dsn: !env CI_1_SENTRY_DSN
    runners:
      - name: "build: big, \\"quoted\\""
        url: https://gitlab.example.com/
        token: keep
        executor: docker
        limit: 8
        environment: [DOCKER_TLS_CERTDIR=, !env CI_1_S3_SECRET, GIT_DEPTH=0]
        # clone by hand
        pre_build_script: |
          set -e
          echo 'begin: of' "$CI_JOB_ID"
        clone_url: http://10.0.0.5
        docker:
          image: docker:24
          privileged: true
          volumes:
            - /certs/client
            - /cache
            - /var/run/docker.sock:/var/run/docker.sock
            - /srv/very/long/path/of/a/folder:/x:ro
          extra_hosts: [gitlab.example.com:10.0.0.5]
          pull_policy: [always, if-not-present]
          services:
            - name: docker:24-dind
              alias: docker
          tmpfs: {/tmp: "rw,noexec"}
        machine:
          IdleCount: 2
          MachineOptions:
            - !env CI_1_MACHINE_MACHINE_OPTIONS_AMAZONEC2_SECRET_KEY
            - amazonec2-region=eu-1
          autoscaling:
            - Periods: ["* * 9-17 * * mon-fri *"]
              IdleCount: 5
"""


@pytest.mark.parametrize(
    ("daemon_json", "config", "entry"), [(None, REGISTERED, REGISTERED_ENTRY), (DAEMON, GROWN, GROWN_ENTRY)]
)
def test_the_entry_of_each_host(daemon_json: bytes | None, config: str, entry: str) -> None:
    made = entry_of(observed(daemon_json, config.encode()), "ci-1")
    assert "".join(f"{line}\n" for line in made.lines(0, 2)) == entry
    assert "canary" not in entry
    assert "glrt-" not in entry
