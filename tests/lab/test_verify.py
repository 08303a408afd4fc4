"""verify on real hosts: whole, and with each link of the chain broken in turn. It ends 1 and names the link, each time."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab.host import LabHost
from tests.lab.lab import Lab
from tests.lab.login import Door
from tests.lab.project import Project, cache_section, host_entry, runner_section
from tests.lab.shell import until
from tests.lab.verify_links import ALL, READ, broken, links

URL = "http://172.17.0.1:5000"
CACHE = "docker ps -aq --filter label=com.docker.compose.service=dockerhub"
TURNS = pytest.mark.hosts(turns=True)
"""What hardly has to do with the versions of Docker and Compose."""

RUNNER = ["unit-enabled", "unit-active", "config-loaded"]
STORAGE = "/var/lib/docker/volumes/runnerops-dockerhub/_data"


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path, lab: Lab, host: LabHost) -> Project:
    """A host with a cache of its own, deployed."""
    project = Project(tmp_path, lab)
    sections = {"docker": {"live-restore": True}, "registry": cache_section(host, lab.hub)}
    project.write({"hosts": {host.name: host_entry(host, **sections)}})
    project.deploy()
    return project


def images(host: LabHost) -> str:
    """Every image of a host, with its names and digests."""
    return host.run("docker image ls --all --digests --no-trunc | sort").stdout


@contextmanager
def rule(host: LabHost, words: str) -> Iterator[None]:
    """A rule of the host's firewall, for a while."""
    host.run(f"iptables -I {words}")
    try:
        yield
    finally:
        host.run(f"iptables -D {words}")


def test_a_healthy_host_and_what_is_there_already(project: Project, host: LabHost, lab: Lab) -> None:
    """Cold and warm; each time this pull is in the log, and nothing is left of it."""
    before, runs = images(host), host.run("ls /var/lib/runnerops/runs").stdout
    for _ in range(2):
        by_name = links(project)
        assert list(by_name) == ALL
        assert {link["state"] for link in by_name.values()} == {"pass"}, by_name
        assert images(host) == before
    assert lab.hub.pulls()
    assert host.run("docker ps -aq --filter label=runnerops.verify").stdout == ""
    assert host.run("ls /var/lib/runnerops/runs").stdout == runs
    the_firewall_cuts_off_containers(project, host)
    an_image_that_was_there_stays(project, host)
    a_tag_that_moved_meanwhile_is_put_back(project, host)


def the_firewall_cuts_off_containers(project: Project, host: LabHost) -> None:
    if int(host.docker_info("{{.ServerVersion}}").partition(".")[0]) >= 29:
        return  # it leads containers past INPUT
    with rule(host, "INPUT -i docker0 -p tcp --dport 5000 -j DROP"):
        by_name = broken(project)
    assert list(by_name) == ["answers-container"]
    line = by_name["answers-container"]["fix"].removeprefix(f"on {host.name}: ")
    with rule(host, "INPUT -i docker0 -p tcp --dport 5000 -j DROP"):
        host.run(line)
        links(project)
        host.run(line.replace("-I", "-D", 1))


def an_image_that_was_there_stays(project: Project, host: LabHost) -> None:
    """By the same id, names and digests; of an image that is there nothing is fetched, so the catalog can show nothing."""
    host.run("docker pull -q alpine:3 && docker tag alpine:3 theirs:1")
    before = images(host)
    by_name = links(project)
    assert {link["state"] for link in by_name.values()} == {"pass"}
    assert images(host) == before
    host.run(f"docker stop $({CACHE}); rm -rf /var/lib/docker/volumes/runnerops-dockerhub/_data/docker")
    host.run(f"docker start $({CACHE})")
    until("the cache answers", lambda: host.get(f"{URL}/v2/")[0] == 200, seconds=10)
    assert links(project)["catalog"]["state"] == "skip"
    host.run("docker rmi alpine:3")  # the same image is still there, as theirs:1: only its digest is asked for
    assert links(project)["catalog"]["state"] == "skip"
    assert host.run("docker image ls -q theirs:1").stdout
    assert not host.run("docker image ls -q alpine:3").stdout


def a_tag_that_moved_meanwhile_is_put_back(project: Project, host: LabHost) -> None:
    """And the name that somebody gave the newer image stays with it."""
    host.run("docker pull -q alpine:3 && docker tag alpine:3 theirs:1 && docker rmi alpine:3")
    host.run("docker pull -q alpine:3.1 && docker tag alpine:3.1 alpine:3 && docker rmi alpine:3.1")
    before = host.run("docker image inspect -f '{{.Id}}' alpine:3").stdout
    assert {link["state"] for link in links(project).values()} == {"pass"}
    assert host.run("docker image inspect -f '{{.Id}}' alpine:3").stdout == before
    assert host.run("docker image ls -q | sort -u | wc -l").stdout.strip() == "4"
    assert host.run("docker image ls -q theirs:1").stdout


@TURNS
def test_verify_finds_pulls_that_bypass_the_cache(project: Project, host: LabHost, lab: Lab) -> None:
    """First of a host that is whole, then with a mirror that is not loaded, or loaded second."""
    quick_reads_only(project, host, lab)
    links(project)
    the_mirror_is_not_loaded_and_the_catalog_is_full(project, host)
    a_pull_that_goes_past_the_cache(project, host, lab)


def quick_reads_only(project: Project, host: LabHost, lab: Lab) -> None:
    lab.hub.forget()
    began = host.run("date +%s.%N").stdout.strip()
    by_name = links(project, "--quick")
    assert list(by_name) == READ
    assert {link["state"] for link in by_name.values()} == {"pass"}
    assert not lab.hub.pulls()
    events = host.run(
        f"docker events --since {began} --until $(date +%s.%N) --format '{{{{.Type}}}} {{{{.Action}}}}'"
    ).stdout
    acts = ("image ", "container create", "container start", "container exec", "container destroy", "volume ")
    assert [line for line in events.splitlines() if line.startswith(acts)] == []


def the_mirror_is_not_loaded_and_the_catalog_is_full(project: Project, host: LabHost) -> None:
    assert "library/alpine" in host.get(f"{URL}/v2/_catalog")[1]
    host.write("/etc/docker/daemon.json", b'{"live-restore": true, "registry-mirrors": []}')
    host.run("systemctl reload docker")
    until("it is unloaded", lambda: host.docker_info("{{json .RegistryConfig.Mirrors}}") in {"[]", "null"}, seconds=10)
    assert list(broken(project)) == ["mirror-loaded"]
    assert list(broken(project, "--quick")) == ["mirror-loaded"]


def a_pull_that_goes_past_the_cache(project: Project, host: LabHost, lab: Lab) -> None:
    """Loaded and answering, with a full catalog: only the log of this pull tells."""
    text = json.dumps({"live-restore": True, "registry-mirrors": [lab.hub.url, URL]})
    host.write("/etc/docker/daemon.json", text.encode())
    host.run("systemctl reload docker")
    until("it is loaded", lambda: lab.hub.url in host.docker_info("{{json .RegistryConfig.Mirrors}}"), seconds=10)
    by_name = broken(project)
    assert list(by_name) == ["pull"]
    assert "no cache was asked for it" in by_name["pull"]["reason"]
    assert lab.hub.url in by_name["pull"]["fix"]


@TURNS
def test_the_cache_is_not_where_the_mirror_is(project: Project, host: LabHost) -> None:
    host.run(f"docker stop $({CACHE})")
    by_name = broken(project)
    assert list(by_name) == ["cache-running", "answers-host"]
    assert by_name["cache-running"]["fix"] == f"runnerops deploy {host.name}"
    project.deploy()
    links(project)
    the_cache_listens_elsewhere(project, host)
    the_mirror_has_another_port(project, host)


def the_cache_listens_elsewhere(project: Project, host: LabHost) -> None:
    compose = host.read("/opt/registry/docker-compose.yml").decode()
    host.write("/opt/registry/docker-compose.yml", compose.replace(":5000:5000", ":5001:5000").encode())
    host.run(f"{' '.join(host.compose)} -p runnerops -f /opt/registry/docker-compose.yml up -d")
    by_name = broken(project)
    assert list(by_name) == ["cache-running", "answers-host"]
    assert "172.17.0.1:5001" in by_name["cache-running"]["reason"]
    host.write("/opt/registry/docker-compose.yml", compose.encode())


def the_mirror_has_another_port(project: Project, host: LabHost) -> None:
    wrong = "http://172.17.0.1:5009"
    project.set(host.name, "docker", "registry-mirrors", value=[wrong])
    project.deploy("--allow", "unproven-mirror")
    by_name = broken(project)
    assert list(by_name) == ["answers-host"]
    assert wrong in by_name["answers-host"]["what"]
    assert "inventory.yml:" in by_name["answers-host"]["fix"]
    assert URL in by_name["answers-host"]["fix"]


@TURNS
def test_verify_names_an_upstream_that_is_down(project: Project, host: LabHost, lab: Lab) -> None:
    """What is cached is served all the same; what is not goes past the cache, and says so."""
    links(project)
    lab.hub.stop()
    by_name = broken(project)
    assert list(by_name) == ["upstream"]
    assert f"does not answer {host.name} itself" in by_name["upstream"]["reason"]
    by_name = broken(project, "--image", "alpine:3.1")
    assert list(by_name) == ["upstream", "pull"]
    assert "answered 404" in by_name["pull"]["reason"]
    assert list(broken(project, "--quick")) == ["upstream"]
    host.run(
        f"rm -rf $(find {STORAGE}/docker/registry/v2/blobs -name data -printf '%s %h\\n' | sort -n | sed -n '$s/.* //p')"
    )
    by_name = broken(project)  # the manifest is served, a layer is not
    assert list(by_name)[:2] == ["upstream", "pull"]
    assert "the pull failed" in by_name["pull"]["reason"] or "came from elsewhere" in by_name["pull"]["reason"]
    a_registry_that_cannot_start_without_its_upstream(project, host)


def a_registry_that_cannot_start_without_its_upstream(project: Project, host: LabHost) -> None:
    host.run(f"docker restart $({CACHE})")
    by_name = broken(project)
    assert {"cache-running", "answers-host"} & set(by_name)
    assert "upstream" not in by_name


@pytest.mark.hosts("trixie")
def test_a_full_disk_an_upstream_with_other_images_and_a_host_at_work_or_down(
    project: Project, host: LabHost, lab: Lab
) -> None:
    """It passes the pull on and keeps nothing; an upstream that answers 404 has answered."""
    host.run(f"docker stop $({CACHE}); mount -t tmpfs -o size=24k tmpfs {STORAGE} && docker start $({CACHE})")
    until("the cache answers", lambda: host.get(f"{URL}/v2/")[0] == 200, seconds=30)
    try:
        by_name = broken(project)
    finally:
        host.run(f"docker stop $({CACHE}); umount {STORAGE} && docker start $({CACHE})")
    assert {"pull", "stored"} & set(by_name), by_name
    until("the cache answers", lambda: host.get(f"{URL}/v2/")[0] == 200, seconds=30)
    other = links(project, "--image", "nobody/nothing:1")
    assert other["pull"]["state"] == "skip", other
    assert "has no nobody/nothing" in other["pull"]["reason"]
    a_run_that_goes_on_is_left_alone(project, host)
    a_cache_that_logs_nothing_shows_nothing(project, host, lab)
    docker_is_stopped(project, host)


@TURNS
def test_the_upstream_refuses_the_login(project: Project, host: LabHost, lab: Lab) -> None:
    with Door(lab.hub, "acme", "right-password") as door:
        section = cache_section(host, lab.hub, upstream=door.url, username="acme", password="right-password")
        project.set(host.name, "registry", value=section)
        project.deploy()
        assert {link["state"] for link in links(project).values()} == {"pass"}
        door.login = "acme:revoked-since"
        door.forget()
        by_name = broken(project, "--image", "alpine:3.1")
    assert "upstream" in by_name
    assert "refuses the login of the cache (acme)" in by_name["upstream"]["reason"]
    assert "right-password" not in json.dumps(by_name)


def a_cache_that_logs_nothing_shows_nothing(project: Project, host: LabHost, lab: Lab) -> None:
    silent = {"log": {"level": "error", "accesslog": {"disabled": True}}}
    project.set(host.name, "registry", value=cache_section(host, lab.hub, config=silent))
    project.deploy()
    by_name = broken(project)
    assert list(by_name) == ["pull"]
    assert "logs no requests" in by_name["pull"]["reason"]


def docker_is_stopped(project: Project, host: LabHost) -> None:
    host.run("systemctl stop docker.socket docker")
    by_name = broken(project)
    assert list(by_name) == ["daemon"]
    assert "inactive" in by_name["daemon"]["reason"]


def a_run_that_goes_on_is_left_alone(project: Project, host: LabHost) -> None:
    """Nothing is pulled under it; the rest is told."""
    host.run("mkdir -p /var/lib/runnerops/runs/9; echo '{}' >/var/lib/runnerops/runs/9/meta")
    host.run("systemd-run --quiet --collect --unit=runnerops-9 flock /var/lib/runnerops/lock sleep 60")
    try:
        by_name = links(project)
    finally:
        host.run("systemctl stop runnerops-9; rm -r /var/lib/runnerops/runs/9")
    assert by_name["pull"]["state"] == "skip"
    assert "run 9" in by_name["pull"]["reason"]
    assert [name for name, link in by_name.items() if link["state"] == "pass"] == READ


@pytest.mark.parametrize("name", ["bookworm"])
def test_a_client_of_another_hosts_cache(tmp_path: Path, lab: Lab, name: str) -> None:
    """Its pull stands in the other host's log, whether that is a target or not; and hosts side by side."""
    for host in lab.hosts:
        host.reset()
    lab.hub.start()
    cache, client = lab.host(name), next(host for host in lab.hosts if host.name != name)
    project = Project(tmp_path, lab)
    section = cache_section(cache, lab.hub, listen=f"{cache.address}:5000")
    hosts = {
        client.name: host_entry(client, docker={"live-restore": True}),
        name: host_entry(cache, docker={"live-restore": True}, registry=section),
    }
    project.write({"hosts": hosts})
    project.deploy()
    by_name = links(project, client.name)
    assert {link["state"] for link in by_name.values()} == {"pass"}, by_name
    assert f"of {name}" in by_name["pull"]["what"]
    assert project.run("verify").count("FAIL") == 0
    with rule(cache, f"DOCKER-USER -p tcp -s {client.address} -j DROP"):
        kept_out = broken(project, client.name)["answers-host"]
        assert f"TCP from {client.address} ({client.name}) to {cache.address} port 5000 ({name})" in kept_out["reason"]
        (line,) = re.findall(rf"on {name}: (iptables .*ACCEPT)", kept_out["fix"])
        with rule(cache, line.removeprefix("iptables -I ")):
            assert project.run("verify", "--quick", client.name).count("FAIL") == 0
    cache.run("docker stop $(docker ps -q --filter label=com.docker.compose.service=dockerhub)")
    assert broken(project, "--quick", client.name)["answers-host"]["fix"] == f"runnerops deploy {name}"
    project.deploy(name)
    past = {"live-restore": True, "registry-mirrors": [lab.hub.url, f"http://{cache.address}:5000"]}
    client.write("/etc/docker/daemon.json", json.dumps(past).encode())
    client.run("systemctl reload docker")
    until("it is loaded", lambda: lab.hub.url in client.docker_info("{{json .RegistryConfig.Mirrors}}"), seconds=10)
    by_host = {load["host"]: load for load in json.loads(project.run("verify", "-o", "json", code=1))["hosts"]}
    assert by_host[name]["result"] == "verified"  # whose pull in the same log is no proof for the client's
    assert [link["check"] for link in by_host[client.name]["checks"] if link["state"] == "fail"] == ["pull"]
    project.set(name, "ssh", value={"user": "root", "port": 9})
    (found_pull,) = [link for link in broken(project, client.name).values() if link["check"] == "pull"]
    assert "could not be read" in found_pull["reason"]
    output = project.run("verify", code=1)
    assert f"{name}: unreachable" in output


@pytest.mark.hosts("trixie")
def test_the_runner_is_there_for_jobs(tmp_path: Path, lab: Lab, host: LabHost) -> None:
    """Its unit, at boot too, and the file that it has loaded; and one that is to be stopped is."""
    project = Project(tmp_path, lab)
    project.write({"hosts": {host.name: host_entry(host, gitlab_runner=runner_section())}})
    project.deploy()
    assert {name: link["state"] for name, link in links(project).items()} == dict.fromkeys(RUNNER, "pass")
    good = host.read("/etc/gitlab-runner/config.toml")
    since = host.cursor()
    host.write("/etc/gitlab-runner/config.toml", good.replace(b"concurrent = 2", b'concurrent = "two"'), 0o600)
    until("it is refused", lambda: "Failed to load config" in host.journal("gitlab-runner", since), seconds=30)
    refused = broken(project, "--quick")
    assert (list(refused), refused["config-loaded"]["fix"]) == (["config-loaded"], f"runnerops deploy {host.name}")
    host.write("/etc/gitlab-runner/config.toml", good, 0o600)
    until("it is loaded", lambda: links(project, "--quick", code=None)["config-loaded"]["state"] == "pass", seconds=40)
    host.run("systemctl disable -q --now gitlab-runner")
    assert set(broken(project)) == {"unit-enabled", "unit-active"}
    project.deploy()
    assert {link["state"] for link in links(project).values()} == {"pass"}
    project.set(host.name, "gitlab_runner", "state", value="stopped")
    assert "unit-active" in broken(project)
    project.deploy()
    assert {name: link["state"] for name, link in links(project).items()} == dict.fromkeys(RUNNER[1::-1], "pass")


@TURNS
def test_a_client_that_is_gone_a_deploy_meanwhile_and_a_job(project: Project, host: LabHost) -> None:
    a_client_that_is_gone_leaves_nothing(project, host)
    a_deploy_meanwhile_is_not_disturbed(project, host)
    an_image_that_a_job_may_want_stays(project, host)


def a_deploy_meanwhile_is_not_disturbed(project: Project, host: LabHost) -> None:
    """Neither its lock nor its run's number is taken, and what verify leaves for a second stops nothing."""
    busy = subprocess.Popen(
        ["sh", "-c", f"while :; do {shlex.join(project.command('verify'))} || :; done"],
        cwd=project.folder,
        env=project.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for size in ("5m", "6m", "7m"):
            project.set(host.name, "docker", "log-opts", value={"max-size": size})
            assert f"{host.name}: applied" in project.deploy()
    finally:
        os.killpg(busy.pid, signal.SIGKILL)
        busy.wait()
    until(
        "nothing is left",
        lambda: host.run("docker ps -aq --filter label=runnerops.verify").stdout == "",
        seconds=90,
    )
    assert {link["state"] for link in links(project).values()} == {"pass"}


def a_client_that_is_gone_leaves_nothing(project: Project, host: LabHost) -> None:
    """What it had begun goes on to its end."""
    before = images(host)
    typed = subprocess.Popen(
        project.command("verify"),
        cwd=project.folder,
        env=project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    until("it pulls", lambda: "alpine" in images(host), seconds=30)
    typed.kill()
    typed.communicate()
    until("all is put back", lambda: images(host) == before, seconds=30)
    until(
        "nothing is left",
        lambda: host.run("docker ps -aq --filter label=runnerops.verify").stdout == "",
        seconds=30,
    )


def an_image_that_a_job_may_want_stays(project: Project, host: LabHost) -> None:
    labels = "--label com.gitlab.gitlab-runner.managed=true --label com.gitlab.gitlab-runner.job.id=4711"
    host.run(f"docker run -d --name job {labels} {host.busybox_image} sleep 600")
    host.run("docker rmi -f alpine:3", check=False)
    assert "CI jobs run on the host" in links(project)["pull"]["reason"]
    assert "alpine" in images(host)
