"""What the demo shows, as data: what is said, what is typed, and how it must end."""

from __future__ import annotations

from runnerops.frozen import frozen

INVENTORY = """\
hosts:
  demo:
    address: 127.0.0.1
    ssh: {{user: root, port: {port}, key: {key}}}
    docker:                        # the keys of daemon.json
      live-restore: true
      log-driver: json-file
      log-opts: {{max-size: 10m}}
    registry: {{caches: [{{}}]}}       # a pull-through cache of Docker Hub
    gitlab_runner:                 # the keys of config.toml
      concurrent: 2
      runners:
        - name: demo
          url: https://gitlab.example.com
          token: !env RUNNER_TOKEN
          executor: docker
          docker: {{image: "alpine:3"}}
"""
ENVIRONMENT = "RUNNER_TOKEN=glrt-{0}\n"


@frozen
class Scene:
    """`says` comes before what is typed, one paragraph; `ends` is the exit status of each line typed."""

    title: str
    says: str
    types: tuple[tuple[str, int], ...]


SCENES = (
    Scene(
        "One file says it all",
        "The keys below docker are those of daemon.json, those below gitlab_runner are config.toml's. "
        "What follows from others is not written down: Docker is given the cache as its mirror.",
        (("cat inventory.yml", 0),),
    ),
    Scene(
        "The first deploy",
        "Docker and gitlab-runner were just installed on the host; neither has a file yet. All that will happen is "
        "shown before it happens, the runner's token only as a fingerprint.",
        (("runnerops deploy --yes", 0),),
    ),
    Scene(
        "The second deploy has nothing to do",
        "The host is looked at, in one round trip, and left alone.",
        (("runnerops deploy --yes", 0),),
    ),
    Scene(
        "One value changes",
        "diff tells what a deploy would do. A running runner reloads this key by itself, so Docker, the cache and "
        "every CI job go on; only gitlab-runner acts, and is shown to have loaded it.",
        (
            ("sed -i 's/concurrent: 2/concurrent: 4/' inventory.yml", 0),
            ("runnerops diff", 0),
            ("runnerops deploy --yes", 0),
        ),
    ),
    Scene(
        "A mistake that only the daemon can see",
        "The host has no plugin called loki. The file is sound, so check finds nothing, and dockerd --validate "
        "accepts it. Docker itself does not come up with it.",
        (
            ("sed -i 's/log-driver: json-file/log-driver: loki:latest/' inventory.yml", 0),
            ("runnerops check", 0),
            ("runnerops deploy --yes", 4),
        ),
    ),
    Scene(
        "And the host is as it was",
        "The old file is back, and Docker, the cache and the runner run with it. With the inventory put right "
        "there is nothing to deploy.",
        (
            ("grep log-driver {root}/etc/docker/daemon.json", 0),
            ("sed -i 's/log-driver: loki:latest/log-driver: json-file/' inventory.yml", 0),
            ("runnerops diff --exit-code", 0),
        ),
    ),
)
