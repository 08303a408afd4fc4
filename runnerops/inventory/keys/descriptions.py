"""Descriptions of all our keys in the inventory: what each does, its default, an example. Data only.

`schema.py` puts them into the JSON Schema, from which the page of the manual is generated too.
"""

from __future__ import annotations

from runnerops.frozen import frozen


@frozen
class KeyDescription:
    """A key. `default` describes the behaviour without it, `example` is YAML on one line. Both may be empty."""

    text: str
    default: str = ""
    example: str = ""


_LAYER = {
    "ssh": KeyDescription(
        "How the host is reached. Everything else comes from ssh_config.", example="{user: deploy, port: 2222}"
    ),
    "ssh.user": KeyDescription("Name to log in with.", "that of ssh_config, else the local user", "deploy"),
    "ssh.port": KeyDescription("TCP port of sshd.", "that of ssh_config, else 22", "2222"),
    "ssh.key": KeyDescription("Path of a private key.", "those of ssh_config and the agent", "~/.ssh/ci"),
    "ssh.gateway": KeyDescription(
        "Jump host: another host of the inventory, or USER@ADDRESS:PORT. Its key is verified too.", "none", "bastion"
    ),
    "ssh.sudo": KeyDescription("Whether commands run through sudo.", "true if the user is not root", "true"),
    "ssh.sudo_password": KeyDescription(
        "Password of the user for sudo. It is passed over standard input only.",
        "--ask-sudo-password, else RUNNEROPS_SUDO_PASSWORD, else sudo must not ask for one",
        "!command pass show ci/sudo",
    ),
    "docker": KeyDescription(
        "The keys of daemon.json. With an empty section, Docker is managed too.",
        "not managed",
        "{live-restore: true}",
    ),
    "docker.on_change": KeyDescription(
        "`restart`: restart Docker for every change, even if a reload would be enough.",
        "reload if that is enough",
        "restart",
    ),
    "docker.keep": KeyDescription(
        "Dotted keys that stay as the host has them, whatever the inventory says.",
        "none",
        "[runtimes, log-opts.max-size]",
    ),
    "registry": KeyDescription("Pull-through caches that run on this host.", "not managed", "{caches: [{}]}"),
    "registry.on_change": KeyDescription(
        "`restart`: recreate all caches for any change.", "only caches whose config changed are recreated", "restart"
    ),
    "registry.keep": KeyDescription(
        "Dotted keys of a cache's config that stay as the host has them.", "none", "[storage.maintenance]"
    ),
    "registry.directory": KeyDescription(
        "Folder of the Compose file and the configs.", "/opt/registry", "/srv/registry"
    ),
    "registry.caches": KeyDescription(
        "The caches, each a container. Merged by `name` across defaults, groups and hosts.",
        "none",
        "[{upstream: https://registry-1.docker.io}]",
    ),
    "registry.caches[].name": KeyDescription(
        "Name of the cache, its Compose service and its config file.",
        "`dockerhub` for a cache of docker.io, else the registry that it serves",
        "ghcr",
    ),
    "registry.caches[].upstream": KeyDescription(
        "Registry that it pulls from.", "https://registry-1.docker.io", "https://ghcr.io"
    ),
    "registry.caches[].serves": KeyDescription(
        "Registry whose images it holds. Only caches that serve docker.io become `registry-mirrors`.",
        "known for well-known upstreams, required for others",
        "docker.io",
    ),
    "registry.caches[].listen": KeyDescription(
        "Address and port on which it is published. To serve other hosts, use an address that they can reach.",
        "address of the Docker bridge, port 5000",
        "192.0.2.10:5000",
    ),
    "registry.caches[].url": KeyDescription(
        "URL that clients use.", "http:// and `listen`", "https://mirror.example.com"
    ),
    "registry.caches[].image": KeyDescription(
        "Image of the registry.", "an exact version of the official image", "registry:3.1.1"
    ),
    "registry.caches[].username": KeyDescription(
        "Account at the upstream. Every client of the cache can then read what this account can.", "anonymous", "acme"
    ),
    "registry.caches[].password": KeyDescription("Its password or access token.", "none", "!env DOCKERHUB_TOKEN"),
    "registry.caches[].ttl": KeyDescription(
        "How long content is kept after its first pull (0: for ever). Registry 3 only.", "168h", "720h"
    ),
    "registry.caches[].volume": KeyDescription(
        "Docker volume with the content, or the path of a folder on the host.",
        "runnerops-NAME",
        "hub-cache",
    ),
    "registry.caches[].environment": KeyDescription(
        "Variables of the container. It gets numbers and booleans as they are written here.",
        "OTEL_TRACES_EXPORTER=none",
        "{REGISTRY_LOG_LEVEL: debug}",
    ),
    "registry.caches[].config": KeyDescription(
        "Further keys of the registry's own configuration, merged into it. null removes a key.",
        "none",
        "{log: {level: warn}}",
    ),
    "registry.caches[].use": KeyDescription(
        "`false`: no host uses the cache as a mirror. Its own host need not be contacted for that.", "true", "false"
    ),
    "registry.caches[].for": KeyDescription(
        "Groups whose hosts may use it as a mirror.", "all hosts that can reach it", "[builders]"
    ),
    "gitlab_runner": KeyDescription("The keys of config.toml.", "not managed", "{concurrent: 4, runners: []}"),
    "gitlab_runner.on_change": KeyDescription(
        "`restart`: drain and restart the runner for every change.",
        "the runner's own reload if that is enough",
        "restart",
    ),
    "gitlab_runner.keep": KeyDescription(
        "Dotted keys that stay as the host has them. `runners.KEY` means the key of every runner.",
        "none",
        "[listen_address, runners.limit]",
    ),
    "gitlab_runner.state": KeyDescription(
        "`stopped`: drain and stop the runner, and keep it stopped after deploys and boots. Its file is still managed.",
        "started",
        "stopped",
    ),
    "gitlab_runner.runners": KeyDescription(
        "The list of `[[runners]]`. Merged by `name` across defaults, groups and hosts.",
        "none",
        "[{name: shared-1, url: https://gitlab.example.com}]",
    ),
    "gitlab_runner.runners[].name": KeyDescription(
        "Name of the runner. Defaults, groups and hosts are merged by it.", "", "shared-{host}"
    ),
    "gitlab_runner.runners[].was": KeyDescription(
        "Old name of a runner that you rename and whose token is left out. Not needed if the host has just one"
        " other runner with this `url` and `executor`.",
        "none",
        "ci-old",
    ),
    "gitlab_runner.runners[].called": KeyDescription(
        "Name in config.toml, if it differs: a name that several runners share, or `''` for none. The runner is"
        " then found by its `id`, or else by its other keys and its position.",
        "its name",
        "ci-old",
    ),
    "gitlab_runner.runners[].docker_in_docker": KeyDescription(
        "Give every job a `docker:dind` service that pulls through the cache. Needs the docker executor and"
        " `privileged: true`.",
        "false",
        "true",
    ),
    "gitlab_runner.runners[].docker_in_docker.image": KeyDescription(
        "Image of the service.", "docker:dind", "docker:28-dind"
    ),
    "gitlab_runner.runners[].docker_in_docker.alias": KeyDescription(
        "Host name of the service in the job.", "docker", "dind"
    ),
    "gitlab_runner.runners[].docker_in_docker.tls": KeyDescription(
        "Whether the job uses TLS to reach it (port 2376).", "false", "true"
    ),
    "gitlab_runner.runners[].docker_in_docker.pool": KeyDescription(
        "Network from which the inner networks are taken. It must not contain a cache.",
        "one that contains no cache",
        "10.231.0.0/16",
    ),
    "gitlab_runner.runners[].docker_in_docker.command": KeyDescription(
        "Further flags of the inner dockerd.", "none", "[--mtu=1400]"
    ),
    "gitlab_runner.runners[].gitlab": KeyDescription(
        "Settings of the runner in GitLab itself. `diff` compares them, and `deploy` sets them. What you leave"
        " out stays as it is in GitLab. Needs `gitlab: {url, token}`. Nothing of it is written into config.toml.",
        "GitLab is not asked about it",
        "{tags: [docker], run_untagged: false}",
    ),
    "gitlab_runner.runners[].gitlab.group": KeyDescription(
        "Group (number or path) in which `deploy` creates the runner if neither the inventory nor the host has a"
        " token for it. Give only one of `group`, `project` and `instance`.",
        "you create it by hand",
        "42",
    ),
    "gitlab_runner.runners[].gitlab.project": KeyDescription(
        "The same, with a project.", "you create it by hand", "team/app"
    ),
    "gitlab_runner.runners[].gitlab.instance": KeyDescription(
        "The same. `true` creates the runner for the whole GitLab instance.", "you create it by hand", "true"
    ),
    "gitlab_runner.runners[].gitlab.description": KeyDescription(
        "Its description, which GitLab shows as its name.",
        "as GitLab has it; with `group`, `project` or `instance` the `name` of the runner",
        '"docker on {host}"',
    ),
    "gitlab_runner.runners[].gitlab.tags": KeyDescription(
        "All its tags, in any order.", "as GitLab has it", "[docker, linux]"
    ),
    "gitlab_runner.runners[].gitlab.run_untagged": KeyDescription(
        "Whether it takes jobs without tags. A runner without tags must.", "as GitLab has it", "false"
    ),
    "gitlab_runner.runners[].gitlab.locked": KeyDescription(
        "Whether it is locked to the projects that it is assigned to.", "as GitLab has it", "true"
    ),
    "gitlab_runner.runners[].gitlab.paused": KeyDescription(
        "Whether it takes no new jobs. Running jobs continue.", "as GitLab has it", "false"
    ),
    "gitlab_runner.runners[].gitlab.access_level": KeyDescription(
        "`ref_protected`: only jobs of protected branches and tags. `not_protected`: all jobs.",
        "as GitLab has it",
        "ref_protected",
    ),
    "gitlab_runner.runners[].gitlab.maximum_timeout": KeyDescription(
        "Longest time that a job may take, in seconds (at least 600).", "as GitLab has it", "3600"
    ),
    "gitlab_runner.runners[].gitlab.maintenance_note": KeyDescription(
        "A note for administrators. An empty text removes it.", "as GitLab has it", '"rack 4, team ci"'
    ),
    "gitlab": KeyDescription(
        "GitLab to ask for the status of these runners, and whether it knows a new token, and to set what"
        " `gitlab` of a runner says. Without this section GitLab is not asked.",
        "not asked",
        "{url: https://gitlab.example.com, token: !env GITLAB_TOKEN}",
    ),
    "gitlab.url": KeyDescription(
        "Its address. It is asked only about runners with exactly this `url`.", "", "https://gitlab.example.com"
    ),
    "gitlab.token": KeyDescription(
        "Token for its API. `manage_runner` is the scope to show more in `status` and to set settings. To create"
        " runners it also needs `create_runner` and `read_api`, or just `api`.",
        "GitLab is asked only what the token of a runner allows",
        "!env GITLAB_TOKEN",
    ),
    "gitlab.ca_file": KeyDescription(
        "PEM file with its CA, relative to the folder of the inventory.", "the CAs of the system", "certs/gitlab-ca.pem"
    ),
    "vars": KeyDescription(
        "Values of your own, for `{{ vars.NAME }}` in other values and for your templates.", "none", "{team: web}"
    ),
    "maintenance": KeyDescription(
        "Why no deploy may touch the host, and until when. `diff`, `deploy`, `rollback` and `remove` leave the"
        " host out without contacting it, and say so. (`--allow maintenance@HOST` overrides that.) A time"
        " without a zone is in that of the machine that deploys. Without `until` there is no end. `runnerops"
        " hold` does the same on the host itself.",
        "none",
        '"until 2026-12-01 18:00 Europe/Berlin, disk swap"',
    ),
    "versions": KeyDescription(
        "Versions that `check` assumes on a host, because it does not ask the host.", "any version", '{docker: "26.1"}'
    ),
    "versions.docker": KeyDescription("Version of dockerd.", "any", '"26.1"'),
    "versions.compose": KeyDescription("Version of Docker Compose.", "any", '"2.26"'),
    "versions.gitlab_runner": KeyDescription("Version of gitlab-runner.", "any", '"18.4"'),
    "versions.registry": KeyDescription("Version of the registry image, if its tag does not say it.", "any", '"3.1"'),
    "runs": KeyDescription("What a host keeps about past runs.", example="{keep: 20}"),
    "runs.keep": KeyDescription("How many runs it keeps with their files (at most 32 MiB in total).", "10", "20"),
    "ignore": KeyDescription(
        "Rules to silence here, each with a reason, which `check` and `diff` show. null takes one back. Rules"
        " about the whole project (X002, S001) are silenced in `defaults`. This has no effect on single files"
        " (`check FILE`).",
        "none",
        '{R005: "one runner on purpose"}',
    ),
}

_GROUP = {
    "groups": KeyDescription(
        "Groups that it belongs to or builds on. Later ones take precedence.", "none", "[builders]"
    )
}

_HOST = {
    "address": KeyDescription(
        "Name or address to connect to. A range (`10.0.0.[1:40]`) goes together with a range in the name of the host.",
        "the name of the host, as ssh_config or DNS knows it",
        "192.0.2.10",
    ),
    "allow": KeyDescription(
        "Blockers to override on this host, each with a reason, which `diff` and `deploy` show. The same as"
        " `--allow`, but not for `maintenance`, and not for `rollback` and `remove`. If a blocker no longer"
        " occurs, you are told to take it out.",
        "none",
        '{drop-runner: "moved to host b, 2026-11"}',
    ),
}

ROLLOUT = {
    "canary": KeyDescription(
        "The host that goes first. The others follow once it has ended well. A cache that it uses goes before it.",
        "none",
        "runner-1",
    ),
    "batch": KeyDescription(
        "How many hosts may be disturbed at a time (by a restart of the runner or of Docker): a number, or a"
        " percentage of the hosts that are disturbed. At least one. Hosts whose jobs notice nothing all go at once.",
        "25%",
        "5",
    ),
    "max_failures": KeyDescription(
        "After so many failed runs, no further host is begun. The remaining hosts are named.", "1", "3"
    ),
    "pause": KeyDescription("Time between batches, and after the canary.", "none", "10m"),
    "health": KeyDescription(
        "`verify`: a host whose run has ended well must also pass `runnerops verify`. Otherwise it counts as"
        " failed. A batch ends before the next one begins.",
        "none",
        "verify",
    ),
}
"""By key below `rollout`."""

TOP = {
    "rollout": KeyDescription(
        "In which order `deploy` goes over the hosts, and when it stops. Flags of the same names take precedence.",
        example="{canary: runner-1, batch: 25%, max_failures: 1, pause: 10m, health: verify}",
    ),
    "defaults": KeyDescription(
        "Values for every host. Groups override them, and hosts override both.", example="{ssh: {user: deploy}}"
    ),
    "groups": KeyDescription(
        "Named sets of values for several hosts.", example="{builders: {gitlab_runner: {concurrent: 8}}}"
    ),
    "hosts": KeyDescription(
        "The hosts, by name. `runner-[01:40]` is forty hosts.", example="{runner-1: {address: 192.0.2.10}}"
    ),
}

HOST_KEYS = {**_HOST, **_GROUP, **_LAYER}
"""By dotted key below a host. `[]` stands for each item of a list. Groups have no `address` and no `allow`. Defaults
have no `groups` either.
"""
