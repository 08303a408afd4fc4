"""Every key of ours in the inventory, described: what it does, its default, an example. Data only.

`schema.py` puts these into the JSON Schema, from which the manual's page is made too.
"""

from __future__ import annotations

from runnerops.frozen import frozen


@frozen
class KeyDescription:
    """One key. `default` says what holds without it, `example` is YAML in one line; both may be empty."""

    text: str
    default: str = ""
    example: str = ""


_LAYER = {
    "ssh": KeyDescription(
        "How the host is reached; all else comes from ssh_config.", example="{user: deploy, port: 2222}"
    ),
    "ssh.user": KeyDescription("Name to log in with.", "ssh_config's, else the local user's", "deploy"),
    "ssh.port": KeyDescription("TCP port of sshd.", "ssh_config's, else 22", "2222"),
    "ssh.key": KeyDescription("Path of a private key.", "ssh_config's and the agent's", "~/.ssh/ci"),
    "ssh.gateway": KeyDescription(
        "Jump host: another host of the inventory, or USER@ADDRESS:PORT. Its key is verified too.", "none", "bastion"
    ),
    "ssh.sudo": KeyDescription("Whether commands run through sudo.", "true where the user is not root", "true"),
    "ssh.sudo_password": KeyDescription(
        "What sudo asks the user for there; it goes over standard input, nowhere else.",
        "--ask-sudo-password, else RUNNEROPS_SUDO_PASSWORD, else sudo must not ask",
        "!command pass show ci/sudo",
    ),
    "docker": KeyDescription(
        "The keys of daemon.json. An empty section counts: the host's Docker is managed then.",
        "not managed",
        "{live-restore: true}",
    ),
    "docker.on_change": KeyDescription(
        "`restart`: restart Docker for every change, also where a reload is enough.",
        "reload where that is enough",
        "restart",
    ),
    "docker.keep": KeyDescription(
        "Dotted keys that stay as the host has them, whatever the inventory says.",
        "none",
        "[runtimes, log-opts.max-size]",
    ),
    "registry": KeyDescription("Pull-through caches that run on this host.", "not managed", "{caches: [{}]}"),
    "registry.on_change": KeyDescription(
        "`restart`: recreate every cache for any change.", "only those whose config changed", "restart"
    ),
    "registry.keep": KeyDescription(
        "Dotted keys of a cache's config that stay as the host has them.", "none", "[storage.maintenance]"
    ),
    "registry.directory": KeyDescription(
        "Where the Compose file and the configs lie.", "/opt/registry", "/srv/registry"
    ),
    "registry.caches": KeyDescription(
        "One container each. Merged by `name` across defaults, groups and hosts.",
        "none",
        "[{upstream: https://registry-1.docker.io}]",
    ),
    "registry.caches[].name": KeyDescription(
        "Name of the cache, its Compose service and its config file.",
        "`dockerhub` for a cache of docker.io, else what it serves",
        "ghcr",
    ),
    "registry.caches[].upstream": KeyDescription(
        "Registry that it pulls from.", "https://registry-1.docker.io", "https://ghcr.io"
    ),
    "registry.caches[].serves": KeyDescription(
        "Registry whose images it holds. Only caches that serve docker.io become `registry-mirrors`.",
        "known for the well-known upstreams; must be said for others",
        "docker.io",
    ),
    "registry.caches[].listen": KeyDescription(
        "Address and port that it is published on. Other hosts need an address that they reach.",
        "the Docker bridge's address, port 5000",
        "192.0.2.10:5000",
    ),
    "registry.caches[].url": KeyDescription(
        "URL that clients use.", "http:// and `listen`", "https://mirror.example.com"
    ),
    "registry.caches[].image": KeyDescription(
        "Image of the registry.", "an exact version of the official image", "registry:3.1.1"
    ),
    "registry.caches[].username": KeyDescription(
        "Account at the upstream. Every client of the cache can then read what that account can.", "anonymous", "acme"
    ),
    "registry.caches[].password": KeyDescription("Its password or access token.", "none", "!env DOCKERHUB_TOKEN"),
    "registry.caches[].ttl": KeyDescription(
        "How long content is kept after its first pull; 0: for ever. Registry 3 only.", "168h", "720h"
    ),
    "registry.caches[].volume": KeyDescription(
        "Name of the Docker volume with the content, or the path of a folder of the host.",
        "runnerops-NAME",
        "hub-cache",
    ),
    "registry.caches[].environment": KeyDescription(
        "Variables of the container.", "OTEL_TRACES_EXPORTER=none", "{REGISTRY_LOG_LEVEL: debug}"
    ),
    "registry.caches[].config": KeyDescription(
        "Any further key of the registry's own configuration, merged into it; null takes out one that it has by default.",
        "none",
        "{log: {level: warn}}",
    ),
    "registry.caches[].use": KeyDescription(
        "`false`: the cache is in no list of mirrors, without its host being contacted.", "true", "false"
    ),
    "registry.caches[].for": KeyDescription(
        "Groups whose hosts may use it as a mirror.", "all hosts that reach it", "[builders]"
    ),
    "gitlab_runner": KeyDescription("The keys of config.toml.", "not managed", "{concurrent: 4, runners: []}"),
    "gitlab_runner.on_change": KeyDescription(
        "`restart`: drain and restart the runner for every change.",
        "the runner's own reload where that is enough",
        "restart",
    ),
    "gitlab_runner.keep": KeyDescription(
        "Dotted keys that stay as the host has them; `runners.KEY` is of every runner.",
        "none",
        "[listen_address, runners.limit]",
    ),
    "gitlab_runner.state": KeyDescription(
        "`stopped`: drain and stop the runner, keep it stopped over deploys and boots, and manage its file all the same.",
        "started",
        "stopped",
    ),
    "gitlab_runner.runners": KeyDescription(
        "The list of `[[runners]]`. Merged by `name` across defaults, groups and hosts.",
        "none",
        "[{name: shared-1, url: https://gitlab.example.com}]",
    ),
    "gitlab_runner.runners[].name": KeyDescription("Name of the runner, by which layers merge.", "", "shared-{host}"),
    "gitlab_runner.runners[].was": KeyDescription(
        "The name that the runner has on its host still, where it is renamed while its token is left out. Where just one"
        " runner of its `url` and `executor` can be meant, it is found without.",
        "none",
        "ci-old",
    ),
    "gitlab_runner.runners[].called": KeyDescription(
        "The name that config.toml has for it, where that is another: one that several runners share, or `''` for none."
        " Its `id` tells which of them it is, or where it has none, its other keys and its place among them.",
        "its name",
        "ci-old",
    ),
    "gitlab_runner.runners[].docker_in_docker": KeyDescription(
        "Give every job a `docker:dind` service that pulls through the cache. Needs the docker executor, `privileged: true`.",
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
        "Whether the job talks TLS with it (port 2376).", "false", "true"
    ),
    "gitlab_runner.runners[].docker_in_docker.pool": KeyDescription(
        "Network that the inner networks are cut from; it must hold no cache.",
        "one beside every cache",
        "10.231.0.0/16",
    ),
    "gitlab_runner.runners[].docker_in_docker.command": KeyDescription(
        "Further flags of the inner dockerd.", "none", "[--mtu=1400]"
    ),
    "gitlab_runner.runners[].gitlab": KeyDescription(
        "What the runner is to have in GitLab itself: `diff` compares, `deploy` sets it. What is left out stays as it is there."
        " Needs `gitlab: {url, token}`; nothing of it stands in config.toml.",
        "GitLab is not asked about it",
        "{tags: [docker], run_untagged: false}",
    ),
    "gitlab_runner.runners[].gitlab.group": KeyDescription(
        "The group, by number or path, in which `deploy` creates the runner where neither the inventory nor the host has a"
        " token for it. One of `group`, `project` and `instance`.",
        "it is created by hand",
        "42",
    ),
    "gitlab_runner.runners[].gitlab.project": KeyDescription(
        "The same: the project in which it is created.", "it is created by hand", "team/app"
    ),
    "gitlab_runner.runners[].gitlab.instance": KeyDescription(
        "The same: `true` creates it for the whole GitLab.", "it is created by hand", "true"
    ),
    "gitlab_runner.runners[].gitlab.description": KeyDescription(
        "Its description, by which GitLab's pages call it.",
        "as GitLab has it; with `group`, `project` or `instance` the runner's `name`",
        '"docker on {host}"',
    ),
    "gitlab_runner.runners[].gitlab.tags": KeyDescription(
        "Its tags, all of them; their order means nothing.", "as GitLab has it", "[docker, linux]"
    ),
    "gitlab_runner.runners[].gitlab.run_untagged": KeyDescription(
        "Whether it takes jobs without tags. One that has no tags must.", "as GitLab has it", "false"
    ),
    "gitlab_runner.runners[].gitlab.locked": KeyDescription(
        "Whether it is kept to the projects that it is assigned to.", "as GitLab has it", "true"
    ),
    "gitlab_runner.runners[].gitlab.paused": KeyDescription(
        "Whether it takes no new jobs; those that run go on.", "as GitLab has it", "false"
    ),
    "gitlab_runner.runners[].gitlab.access_level": KeyDescription(
        "`ref_protected`: only jobs of protected branches and tags; `not_protected`: all.",
        "as GitLab has it",
        "ref_protected",
    ),
    "gitlab_runner.runners[].gitlab.maximum_timeout": KeyDescription(
        "The longest that a job may take, in seconds, from 600.", "as GitLab has it", "3600"
    ),
    "gitlab_runner.runners[].gitlab.maintenance_note": KeyDescription(
        "A note for those who administer it; an empty text takes it away.", "as GitLab has it", '"rack 4, team ci"'
    ),
    "gitlab": KeyDescription(
        "The GitLab that is asked how these runners stand there, and whether it knows a new token, and that is told what a"
        " runner's own `gitlab` sets. It is never asked without.",
        "not asked",
        "{url: https://gitlab.example.com, token: !env GITLAB_TOKEN}",
    ),
    "gitlab.url": KeyDescription(
        "Its address. Only runners with this very `url` are asked about.", "", "https://gitlab.example.com"
    ),
    "gitlab.token": KeyDescription(
        "A token of its API with the scope `manage_runner`, by which `status` tells more, and settings are set; to create"
        " runners with `create_runner` and `read_api` too, or with `api` alone.",
        "only what a runner's own token allows is asked",
        "!env GITLAB_TOKEN",
    ),
    "gitlab.ca_file": KeyDescription(
        "Certificate of its CA, a path beside the inventory.", "the system's CAs", "certs/gitlab-ca.pem"
    ),
    "vars": KeyDescription(
        "Free values for `{{ vars.NAME }}` in other values, and for your own templates.", "none", "{team: web}"
    ),
    "maintenance": KeyDescription(
        "Why no deploy is to touch the host, and until when: `diff`, `deploy`, `rollback` and `remove` leave it out, without"
        " contacting it, and say so (`--allow maintenance@HOST` overrides). A time without a zone is that of the machine that"
        " deploys; without `until` it has no end. `runnerops hold` does the same on the host itself.",
        "none",
        '"until 2026-12-01 18:00 Europe/Berlin, disk swap"',
    ),
    "versions": KeyDescription(
        "What `check` assumes to run on a host, which it cannot ask.", "any version", '{docker: "26.1"}'
    ),
    "versions.docker": KeyDescription("Version of dockerd.", "any", '"26.1"'),
    "versions.compose": KeyDescription("Version of Docker Compose.", "any", '"2.26"'),
    "versions.gitlab_runner": KeyDescription("Version of gitlab-runner.", "any", '"18.4"'),
    "versions.registry": KeyDescription(
        "Version of the registry image, where its tag does not say it.", "any", '"3.1"'
    ),
    "runs": KeyDescription("What a host keeps of past runs.", example="{keep: 20}"),
    "runs.keep": KeyDescription(
        "How many runs it keeps with their files (never more than 32 MiB together).", "10", "20"
    ),
    "ignore": KeyDescription(
        "Rules that are silenced here, each with a reason, which `check` and `diff` show; null takes one back. "
        "Rules about the project as a whole (X002, S001) are silenced by "
        "what stands in `defaults`. Single files (`check FILE`) are judged whole.",
        "none",
        '{R005: "one runner on purpose"}',
    ),
}

_GROUP = {"groups": KeyDescription("Groups that it is in or builds on; later ones win.", "none", "[builders]")}

_HOST = {
    "address": KeyDescription(
        "Name or address to connect to. A range (`10.0.0.[1:40]`) goes with one in the host's name.",
        "the host's own name, as ssh_config or DNS knows it",
        "192.0.2.10",
    ),
    "allow": KeyDescription(
        "Blockers that `diff` and `deploy` override on this host, each with a reason, which they show, as `--allow` does "
        "on the command line; not `maintenance`. One that no longer arises is named: take it out. `rollback` and `remove` do "
        "not read it.",
        "none",
        '{drop-runner: "moved to host b, 2026-11"}',
    ),
}

ROLLOUT = {
    "canary": KeyDescription(
        "The host that goes first; the others are touched once it has ended well. A cache that it uses goes before it.",
        "none",
        "runner-1",
    ),
    "batch": KeyDescription(
        "How many hosts may be disturbed at a time (a restart of the runner, or of Docker): a number, or a percentage of those "
        "that are, at least one. Hosts whose jobs notice nothing go all at once.",
        "25%",
        "5",
    ),
    "max_failures": KeyDescription(
        "After so many failed runs no further host is begun; those left are named.", "1", "3"
    ),
    "pause": KeyDescription("Time between batches, and after the canary.", "none", "10m"),
    "health": KeyDescription(
        "`verify`: a host whose run has ended well must pass `runnerops verify` too, or it counts as failed; a batch ends "
        "before the next one begins.",
        "none",
        "verify",
    ),
}
"""By key below `rollout`."""

TOP = {
    "rollout": KeyDescription(
        "In which order `deploy` goes over the hosts, and when it stops. Flags of the same names count first.",
        example="{canary: runner-1, batch: 25%, max_failures: 1, pause: 10m, health: verify}",
    ),
    "defaults": KeyDescription(
        "What holds for every host; groups, then hosts override it.", example="{ssh: {user: deploy}}"
    ),
    "groups": KeyDescription(
        "Named layers between defaults and hosts.", example="{builders: {gitlab_runner: {concurrent: 8}}}"
    ),
    "hosts": KeyDescription(
        "The hosts, by name. `runner-[01:40]` is forty of them.", example="{runner-1: {address: 192.0.2.10}}"
    ),
}

HOST_KEYS = {**_HOST, **_GROUP, **_LAYER}
"""By dotted key below a host; `[]` stands for each item of a list. Groups have no `address` and no `allow`, defaults no
`groups` either."""
