"""Hosts that people made by hand: adopted without a trace, and their caches taken over in place."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.project import Project
from tests.lab.shell import until

TOKEN = "glrt-canary-" + "t" * 16
TOML = "/etc/gitlab-runner/config.toml"
JSON = dict.fromkeys(("bookworm", "trixie"), "/etc/docker/daemon.json") | {"docker28": "/etc/docker/ansible.json"}
CANARIES = ("glrt-canary", "canary-s3", "canary-http", "canary-login", "canaryhash")
BEYOND = """
    mem_limit: 256m
    labels: {users: "admin:$$apr1$$5gzJ8Dw1$$canaryhashcanaryhash1"}
  guest:
    image: IMAGE
"""
"""What no section says of a cache, and another service, in whose network the cache then is."""
MORE = """
services:
  mirror:
    container_name: ${NAME}
    command: [serve]
    environment: {REGISTRY_CONFIGURATION_PATH: /etc/docker/registry/config.yml, REGISTRY_HTTP_DEBUG_ADDR: ":5001"}
    ports: ["127.0.0.1:5001:5001"]
  other:
    image: none
    profiles: [never]
volumes:
  certs: {}
"""
"""A second file of a project: its names come from `.env`, and the config's path from a variable."""
RUNNER = f"""# how many at once
concurrent = 3
check_interval = 0
listen_address = "127.0.0.1:9252"
connection_max_age = "15m0s"
shutdown_timeout = 0
user = "gitlab-runner"

[session_server]
  session_timeout = 1800

# token = "{TOKEN}" is the one of today
# the old machine's
[[runners]]
  name = "by hand"
  url = "http://127.0.0.1:9"
  id = 7
  token = "{TOKEN}"
  token_obtained_at = 2024-01-01T00:00:00Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "shell"
  limit = 2 # it has two cores
  environment = ["LOGIN_PASSWORD=canary-login", "DEPTH=1"]
  pre_build_script = '''
echo "begin"
export API_TOKEN=canary-script
'''
  [runners.custom_build_dir]
  [runners.cache]
    Type = "s3"
    MaxUploadedArchiveSize = 0
    [runners.cache.s3]
      BucketName = "ci"
      SecretKey = "canary-s3"
    [runners.cache.gcs]
    [runners.cache.azure]
"""
LARGE = RUNNER + "".join(
    f"""
# number {number} of many
[[runners]]
  name = "build {number // 2}"
  url = "http://127.0.0.1:9/"
  {f"id = {number}" if number % 4 > 1 else "# registered by an old release"}
  token = "glrt-canary-{number:02}{"x" * 14}"
  token_obtained_at = 2024-01-01T00:00:00Z
  token_expires_at = 0001-01-01T00:00:00Z
  executor = "docker"
  output_limit = {4096 * number}
  environment = ["NUMBER={number}", "LOGIN_PASSWORD=canary-login-{number}"]
  [runners.custom_build_dir]
  [runners.cache]
    MaxUploadedArchiveSize = 0
  [runners.feature_flags]
    FF_USE_FASTZIP = {str(number % 2 == 0).lower()}
  [runners.docker]
    tls_verify = false
    image = "alpine:3.{number}"
    privileged = {str(number % 3 == 0).lower()}
    volumes = ["/cache", "/srv/{number}:/srv:ro"]
    shm_size = {number}
    pull_policy = ["if-not-present"]
    [runners.docker.sysctls]
      "net.core.somaxconn" = "{number}"
"""
    for number in range(8, 20)
)
"""Two of each name, half of them without an id."""
WRITTEN_BY_ITSELF = {"check_interval", "connection_max_age", "shutdown_timeout", "session_timeout", "user", "tls_verify",
                     "MaxUploadedArchiveSize", "privileged"}  # fmt: skip
"""What `gitlab-runner register` writes though it means nothing, and a deploy leaves out."""
COMPOSE = """
services:
  mirror:
    image: {image}
    restart: always
    ports: ["5000:5000"]
    environment: {{REGISTRY_PROXY_REMOTEURL: "{hub}", REGISTRY_HTTP_SECRET: canary-http}}
    volumes: {volumes}
"""
CONFIG = """version: 0.1
log: {{fields: {{service: registry}}}}
storage: {{cache: {{blobdescriptor: inmemory}}, filesystem: {{rootdirectory: /data}}}}
http:
  addr: :5000
  secret: canary-http
proxy:
  remoteurl: {hub} # the Hub
"""
DAEMON = (
    b'{"registry-mirrors": ["http://127.0.0.1:5000"], "live-restore": true,\r\n "log-opts": {"max-size": "10m"}}\r\n'
)
SEEN = "find /etc /opt /srv /home /var/lib/runnerops -path /srv/cache -prune -o -printf '%p %T@ %C@ %s\\n' 2>/dev/null"
"""All that a user or a deploy would change; what a registry itself keeps apart."""
GONE = "rm -rf /srv/cache /srv/registry /home/deploy/cache"


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Iterator[Project]:
    yield Project(tmp_path, lab)
    host.run(GONE)


def compose_in(host: LabHost, folder: str, volumes: str, hub: str, files: str = "", settings: str = "") -> None:
    text = COMPOSE.format(image=host.registry_image, hub=hub, volumes=volumes) + settings
    host.write(f"{folder}/docker-compose.yml", text.encode())
    host.run(f"cd {folder} && {' '.join(host.compose)} {files} up -d")


def way_of(host: LabHost) -> str:
    """The name of the host in whose way it is set up: a Docker that was given has the newest one's."""
    return host.name if host.name in JSON else "docker28"


def lay_out(host: LabHost, hub: str) -> str:
    """Three ways in which people do it; the volume that the cache has."""
    text = LARGE if way_of(host) == "docker28" else RUNNER.replace("\n", "\r\n") if host.name == "trixie" else RUNNER
    host.write("/etc/gitlab-runner/config.toml", text.encode(), 0o600)
    if way_of(host) != "docker28":
        host.write("/etc/docker/daemon.json", DAEMON)
        host.run("systemctl restart docker gitlab-runner")
    if host.name == "bookworm":  # an anonymous volume: the image declares one
        host.write("/home/deploy/cache/.env", f"HUB={hub}\nNAME=hub-mirror\n".encode())
        host.write("/home/deploy/cache/more.yml", MORE.encode())
        compose_in(host, "/home/deploy/cache", "[certs:/certs:ro]", "${HUB}", "-f docker-compose.yml -f more.yml")
        return host.run("docker volume ls -q | grep -v certs").stdout.strip()
    if host.name == "trixie":
        host.write("/srv/registry/config.yml", CONFIG.format(hub=hub).encode())
        mounts = "-v /srv/registry/config.yml:/etc/docker/registry/config.yml:ro -v /srv/cache:/data"
        host.run(f"docker run -d --name mirror -p 127.0.0.1:5000:5000 --restart always {mounts} {host.registry_image}")
        return "/srv/cache"
    host.write("/etc/docker/ansible.json", b"\xef\xbb\xbf" + DAEMON)
    host.write("/etc/docker/daemon.json", b'{\n  // "debug": true,\n}\n')  # what nothing reads any more
    host.run(
        "mkdir -p /etc/systemd/system/docker.service.d; start=$(systemctl cat docker | sed -n 's/^ExecStart=//p' | tail -n 1); "
        'printf "[Service]\\nExecStart=\\nExecStart=%s --config-file=/etc/docker/ansible.json\\n" "$start" '
        ">/etc/systemd/system/docker.service.d/10-ansible.conf; systemctl daemon-reload; "
        "mv /etc/gitlab-runner/config.toml /etc/gitlab-runner/site.toml; cd /etc/gitlab-runner; ln -s site.toml config.toml; "
        "systemctl restart docker gitlab-runner"
    )
    beyond = BEYOND.replace("IMAGE", host.registry_image)
    compose_in(host, "/srv/registry", "[data:/var/lib/registry]", hub, settings=f"{beyond}volumes: {{data: {{}}}}\n")
    return "registry_data"


def leaves(value: object, at: str = "") -> dict[str, object]:
    """Every value by its place."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    by_key = {key: leaf for name, tree in inside for key, leaf in leaves(tree, f"{at}.{name}".lstrip(".")).items()}
    return by_key if isinstance(value, dict | list) else {at: value}


def answers(host: LabHost) -> bool:
    return host.get("http://127.0.0.1:5000/v2/")[0] == 200


def old_one(host: LabHost, form: str) -> str:
    """Of the container that was there before the first deploy."""
    ids = "docker ps -aq | xargs docker inspect --format '{{.Name}} {{.Id}}' | grep -v -e runnerops- -e runnerops_ -e guest"
    return host.run(f"docker inspect --format '{form}' $({ids} | cut -d' ' -f2)").stdout.strip()


def test_a_hand_made_host_is_adopted_and_its_cache_taken_over(project: Project, lab: Lab, host: LabHost) -> None:
    volume = lay_out(host, lab.hub.url)
    until("the cache answers", lambda: answers(host), seconds=30)
    host.run("docker pull -q alpine:3")
    before = set(host.run(SEEN, check=False).stdout.splitlines())
    user = "deploy" if host.name == "bookworm" else "root"  # the first with sudo
    printed = project.run("adopt", f"{user}@{host.address}", "--name", host.name)
    assert not (project.folder / "inventory.yml").exists()
    output = project.run("init", "--adopt", f"{host.name}={user}@{host.address}")
    assert "known_hosts exists already, and is not changed" in output
    assert "runnerops deploy" in output.splitlines()[-1]
    assert set(host.run(SEEN, check=False).stdout.splitlines()) ^ before == set()
    inventory = (project.folder / "inventory.yml").read_text()
    for canary in CANARIES:
        assert canary not in printed + output + inventory
    for word in (
        "# how many at once",
        "# the old machine's",
        "# it has two cores",
        "token: keep",
        "limit: 2",
        f"volume: {volume}",
    ):
        assert word in inventory
    for word in ("check_interval", "custom_build_dir", "registry-mirrors", "blobdescriptor", "session"):
        assert word not in inventory
    assert ((project.folder / ".env").stat().st_mode & 0o777) == 0o600
    assert ".env" in (project.folder / ".gitignore").read_text().split()

    (shown,) = project.diff()["hosts"]
    assert [action["service"] for action in shown["actions"]] == ["registry"], shown
    assert shown["blockers"] == []
    assert {file["path"].rpartition("/")[0] for file in shown["files"] if file["state"] != "in sync"} == {
        "/opt/registry"
    }
    if host.name == "trixie":
        comes_back(project, host)
    lab.hub.forget()
    config = leaves(tomllib.loads(host.read(TOML).decode()))
    daemon = host.read(JSON[way_of(host)])
    changed = inventory.replace("concurrent: 3", "concurrent: 5")
    (project.folder / "inventory.yml").write_text(changed)
    took = project.deploy("--allow", "unmanaged-file")
    now = leaves(tomllib.loads(host.read(TOML).decode()))
    assert {key for key in now if now[key] != config.get(key)} == {"concurrent"}
    assert {key.rpartition(".")[2] for key in config.keys() - now.keys()} <= WRITTEN_BY_ITSELF
    assert host.read(JSON[way_of(host)]) == daemon
    assert "stays on the host, stopped" in took
    assert old_one(host, "{{.State.Running}} {{.HostConfig.RestartPolicy.Name}}") == "false no"
    served_from_what_was_there(lab, host)
    if way_of(host) == "docker28":
        says_the_rest_in_a_template(project, host)
    if host.name == "bookworm":
        assert host.get("http://127.0.0.1:5001/debug/vars")[0] == 200
        form = "{{range .Mounts}}{{.Name}} {{.Destination}} {{.RW}} {{end}}"
        mounts = host.run(f"docker inspect --format '{form}' runnerops_dockerhub_1").stdout
        assert "cache_certs /certs false" in mounts
    (shown,) = project.diff()["hosts"]
    assert shown["result"] == "unchanged"
    refused = project.run("adopt", host.name, "--write", code=1)
    assert "nothing is overwritten" in refused
    assert (project.folder / "inventory.yml").read_text() == changed
    if host.name == "trixie":
        going_back_starts_it_again(project, host)


def says_the_rest_in_a_template(project: Project, host: LabHost) -> None:
    """It is there once the cache has its place; a project that has lost it adopts it again."""
    template = (project.folder / "templates/docker-compose.yml.j2").read_text()
    assert "mem_limit: 256m" in template
    form = '{{.HostConfig.Memory}} {{index .Config.Labels "users"}} {{json .NetworkSettings.Networks}}'
    now = host.run(f"docker inspect --format '{form}' runnerops-dockerhub-1").stdout
    for word in ("268435456 admin:$apr1$", "registry_default", "runnerops_default"):
        assert word in now
    folder = project.folder / "again"
    folder.mkdir()
    again = Project(folder, project.lab)
    output = again.run("init", "--adopt", f"{host.name}=root@{host.address}")
    assert f"{host.name}: a deploy of this changes nothing" in output
    for text in (template, (folder / "templates/docker-compose.yml.j2").read_text(), output):
        assert not any(canary in text for canary in CANARIES)


def comes_back(project: Project, host: LabHost) -> None:
    """The new one is not proven, so the old one has its place again."""
    written = (project.folder / "inventory.yml").read_text()
    listens = 'environment: {REGISTRY_HTTP_ADDR: ":5009"}'
    broken = written.replace("volume: /srv/cache", f"volume: /srv/cache\n          {listens}")
    silenced = f"  {host.name}:\n    ignore: {{C018: it is to fail}}\n"
    (project.folder / "inventory.yml").write_text(broken.replace(f"  {host.name}:\n", silenced, 1))
    project.run("deploy", "--yes", "--verify-timeout", "4", code=4)
    until("the old one answers", lambda: answers(host), seconds=30)
    assert old_one(host, "{{.State.Running}} {{.HostConfig.RestartPolicy.Name}}") == "true always"
    assert not host.exists("/opt/registry/docker-compose.yml")
    (project.folder / "inventory.yml").write_text(written)


def going_back_starts_it_again(project: Project, host: LabHost) -> None:
    """By a rollback, which another one undoes, and by a removal: each leaves one of the two with the port."""
    how = "{{.State.Running}} {{.HostConfig.RestartPolicy.Name}}"
    assert "container mirror, whose place" in project.run("rollback", host.name, "--yes")
    assert old_one(host, how) == "true always"
    assert not host.exists("/opt/registry/docker-compose.yml")
    until("the old one answers", lambda: answers(host), seconds=30)
    project.run("rollback", host.name, "--yes")
    assert old_one(host, how) == "false no"
    until("the cache answers", lambda: answers(host), seconds=30)
    inventory = (project.folder / "inventory.yml").read_text()
    (project.folder / "inventory.yml").write_text(inventory.replace("127.0.0.1:5000", "127.0.0.1:5003"))
    project.deploy()
    assert not answers(host)
    back = project.run("rollback", host.name, "--to", "0", "--dry-run")
    assert "container mirror, whose place" in back
    assert "blocked" not in back  # though nothing answers where the mirror of then is
    assert "container mirror, whose place" in project.run("remove", host.name, "--yes")
    assert old_one(host, how) == "true always"
    until("the old one answers", lambda: answers(host), seconds=30)
    assert host.run("cat /var/lib/runnerops/originals/containers").stdout == ""


def served_from_what_was_there(lab: Lab, host: LabHost) -> None:
    """The same image again: its layers were pulled from the Hub by the old cache, and not once more."""
    catalog = json.loads(host.get("http://127.0.0.1:5000/v2/_catalog")[1])
    assert "library/alpine" in catalog["repositories"]
    host.run("docker image rm -f alpine:3 && docker pull -q alpine:3")
    blobs = [request for request in lab.hub.requests() if request.method == "GET" and "/blobs/" in request.path]
    assert blobs == []
