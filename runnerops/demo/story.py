"""The scenes of the demo as data: the text that is printed, the commands that run, and their expected exit status."""

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
    """One step of the demo. `paragraph` is printed before the commands. `types`: command lines, each with
    its expected exit status. `{root}` in a command stands for the root folder of the simulated host.
    """

    title: str
    paragraph: str
    types: tuple[tuple[str, int], ...]


SCENES = (
    Scene(
        "Everything is in one file",
        "Under docker are the keys of daemon.json, under gitlab_runner those of config.toml. Settings that follow from "
        "others are filled in: Docker gets the cache as its registry mirror.",
        (("cat inventory.yml", 0),),
    ),
    Scene(
        "The first deploy",
        "Docker and gitlab-runner are freshly installed on the host, and none of their files exists yet. deploy shows "
        "the plan before it does anything. The runner's token is masked; the four characters in brackets let you see "
        "whether it changed.",
        (("runnerops deploy --yes", 0),),
    ),
    Scene(
        "The second deploy has nothing to do",
        "deploy reads the state of the host with one command, finds that nothing differs, and changes nothing.",
        (("runnerops deploy --yes", 0),),
    ),
    Scene(
        "One value changes",
        "diff shows what deploy would do. gitlab-runner reloads this key while it runs, so Docker, the cache and all CI "
        "jobs are left alone. The deploy waits until gitlab-runner has loaded the new file.",
        (
            ("sed -i 's/concurrent: 2/concurrent: 4/' inventory.yml", 0),
            ("runnerops diff", 0),
            ("runnerops deploy --yes", 0),
        ),
    ),
    Scene(
        "A mistake that only the daemon can see",
        "The logging plugin loki is not installed on this host. check cannot know that, and dockerd --validate accepts "
        "the file, but Docker does not start with it. The deploy fails and is rolled back.",
        (
            ("sed -i 's/log-driver: json-file/log-driver: loki:latest/' inventory.yml", 0),
            ("runnerops check", 0),
            ("runnerops deploy --yes", 4),
        ),
    ),
    Scene(
        "The host is as it was before",
        "The old file is back, and Docker, the cache and the runner are running with it. Once the inventory is "
        "corrected, there is nothing to deploy.",
        (
            ("grep log-driver {root}/etc/docker/daemon.json", 0),
            ("sed -i 's/log-driver: loki:latest/log-driver: json-file/' inventory.yml", 0),
            ("runnerops diff --exit-code", 0),
        ),
    ),
)
