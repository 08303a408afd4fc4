"""Every rule that `check`, `diff` and `deploy` run on the files: its title, why it matters, and the fix. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `severity`: the one that it has as a rule; `varies` says when it is another."""

    id: str
    severity: Literal["error", "warning", "info"]
    title: str
    why: str
    fix: str
    varies: str = ""


_ROWS = (
    Rule(
        "D001",
        "error",
        "Unknown key in daemon.json",
        "dockerd refuses a whole file for one key that it does not know, and does not come up at its next start.",
        "Write the key as the message names it, or take it out.",
    ),
    Rule(
        "D002",
        "error",
        "Key of another dockerd version",
        "The host's dockerd does not know the key yet, or no more, and refuses the file.",
        "Take it out for this host, or upgrade Docker there.",
    ),
    Rule(
        "D003",
        "error",
        "Wrong type in daemon.json",
        "dockerd refuses the whole file.",
        "Write the type that the message names.",
    ),
    Rule(
        "D004",
        "error",
        "Option that is no string",
        "Values of log-opts and the like are strings; dockerd refuses numbers and booleans there.",
        'Put the value in quotes: "3".',
    ),
    Rule(
        "D005",
        "error",
        "Mirror that dockerd does not take",
        "A mirror is an http or https URL without user, query or fragment; else dockerd does not start.",
        "Write http://ADDRESS:PORT or https://NAME.",
    ),
    Rule(
        "D006",
        "error",
        "Mirror with a path",
        "dockerd takes a path in a mirror's URL from 25.0 on.",
        "Serve the cache at the root of its address.",
        "a warning while the version is not known",
    ),
    Rule(
        "D007",
        "error",
        "`hosts` in daemon.json beside the unit's -H",
        "The packaged unit starts dockerd with -H, and a key given both ways keeps it from starting.",
        "Take `hosts` out, or give the unit a drop-in whose ExecStart has no -H.",
    ),
    Rule(
        "D008",
        "error",
        "`bip` is no address with a prefix",
        "dockerd does not start.",
        "Write for example 192.168.200.1/24.",
    ),
    Rule(
        "D009",
        "error",
        "Address pool that is none",
        "dockerd does not start.",
        "Write {base: NETWORK, size: PREFIX}, for example {base: 10.231.0.0/16, size: 24}.",
    ),
    Rule("D010", "error", "`dns` with a name", "dockerd takes IP addresses only.", "Write the server's address."),
    Rule(
        "D011",
        "error",
        "`live-restore` in swarm mode",
        "dockerd refuses the combination.",
        "Set `live-restore: false` for this host.",
    ),
    Rule(
        "D012",
        "error",
        "Key in the wrong place of daemon.json",
        "dockerd ignores it there in silence, so it does nothing.",
        "Write it where the message says.",
        "a warning where no known key is near",
    ),
    Rule(
        "D013",
        "error",
        "Name of a flag in daemon.json",
        "dockerd takes the names of its flags in the file and ignores them: lists have the plural there.",
        "Write the plural that the message names.",
    ),
    Rule(
        "D014",
        "error",
        "Word that dockerd does not know",
        "Log levels and formats, modes and back-ends are fixed words; dockerd does not start with another.",
        "Write one of those that the message names.",
        "a warning where it depends on a version that is not known",
    ),
    Rule(
        "D015",
        "error",
        "Number or size out of range",
        "dockerd does not start.",
        "Write a value that the message allows.",
    ),
    Rule(
        "D016",
        "error",
        "Address or network that is none",
        "dockerd does not start.",
        "Write an IP address or a network.",
    ),
    Rule(
        "D017",
        "error",
        "Entry in the wrong form",
        "Labels and exec-opts are NAME=VALUE, dns-search holds domains; dockerd does not start with another.",
        "Write the form that the message names.",
    ),
    Rule(
        "D018",
        "error",
        "Log driver that is not there",
        "`dockerd --validate` does not see it, and dockerd does not start.",
        "Write one of the built-in drivers, or a plugin as NAME:TAG.",
        "a warning where it depends on a version that is not known",
    ),
    Rule(
        "D019",
        "error",
        "Log option that the driver does not take",
        "dockerd does not start, or no container does.",
        "Take the option out, or choose the driver that takes it.",
    ),
    Rule(
        "D020",
        "error",
        "Storage driver that is not there",
        "dockerd does not start.",
        "Write overlay2, or leave the key out.",
        "a warning where it depends on a version that is not known",
    ),
    Rule(
        "D021",
        "error",
        "Runtime that is not there",
        "dockerd does not start.",
        "Define it under `runtimes` with its path.",
    ),
    Rule(
        "D022",
        "error",
        "Keys that exclude each other",
        "dockerd accepts each alone and does not start with both.",
        "Take one of them out.",
    ),
    Rule(
        "D023",
        "error",
        "Insecure registry that is none",
        "dockerd does not start.",
        "Write HOST, HOST:PORT or a network.",
    ),
    Rule(
        "R001",
        "error",
        "`concurrent` below one",
        "gitlab-runner exits on it, on a reload too, and every running job is lost.",
        "Write 1 or more.",
    ),
    Rule(
        "R002",
        "error",
        "Token that cannot be one",
        "White space, a registration token, or one so short that older runners crash on it.",
        "Leave `token` out to keep the host's, or give the one that GitLab showed.",
        "a warning where it is empty",
    ),
    Rule(
        "R003",
        "error",
        "Unknown executor",
        "The runner would take no job with it.",
        "Write one of the executors' names.",
    ),
    Rule(
        "R004",
        "error",
        "URL that is none",
        "The runner would not reach GitLab.",
        "Write GitLab's http or https address.",
    ),
    Rule(
        "R005",
        "warning",
        "One token twice",
        "Both sections take jobs as one runner, and GitLab cannot tell them apart.",
        "Give each its own token.",
    ),
    Rule(
        "R006",
        "error",
        "Unknown key in config.toml",
        "gitlab-runner ignores it in silence, so it does nothing.",
        "Write the key that the message names, in the table that it names.",
        "a warning where no known key is near",
    ),
    Rule(
        "R007",
        "warning",
        "Key of another runner version",
        "The host's gitlab-runner ignores it.",
        "Upgrade gitlab-runner there, or write the key's successor.",
    ),
    Rule(
        "R008",
        "error",
        "Wrong type in config.toml",
        "The runner refuses the whole file.",
        "Write the type that the message names.",
    ),
    Rule(
        "R009",
        "error",
        "Unknown log level or format",
        "The runner would not start.",
        "Write one that the message names.",
    ),
    Rule(
        "C001",
        "error",
        "Unknown key in a registry's config",
        "The registry takes any key in silence, so it does nothing.",
        "Write the key that the message names, or take it out.",
        "a warning where no known key is near",
    ),
    Rule(
        "C002",
        "error",
        "Cache without an upstream",
        "It would be a registry, which anybody can push to, and no cache.",
        "Give it an upstream.",
    ),
    Rule(
        "C003",
        "error",
        "Wrong type in a registry's config",
        "The registry ends at its start.",
        "Write the type that the message names.",
    ),
    Rule(
        "C004",
        "warning",
        "`ttl` with registry 2",
        "Registry 2 ignores it: everything expires after seven days.",
        "Take registry:3 as the image, or the ttl out.",
    ),
    Rule(
        "C005",
        "warning",
        "Upstream that does not answer",
        "A registry ends at its start when its upstream does not answer; it comes up when the upstream does.",
        "Look at the network between the host and the upstream.",
    ),
    Rule("C006", "error", "Compose file without services", "Nothing would run.", "Give it a service for each cache."),
    Rule(
        "C007",
        "warning",
        "Cache without its config's checksum",
        "Compose does not see that a mounted file changed, so every change of the config recreates the cache by force.",
        "Add the label with `{{ cache.config_sha256 }}` to the template.",
    ),
    Rule(
        "P001",
        "error",
        "File that cannot be read",
        "The system cannot read it either.",
        "Mend what stands at the place that the message names.",
    ),
    Rule(
        "P002",
        "warning",
        "Key that stands twice",
        "The last one counts, and a person reads the first.",
        "Take one of them out.",
    ),
    Rule(
        "S001",
        "warning",
        "Secret that is not there",
        "Checked with a placeholder in its place; `diff` and `deploy` need the secret itself.",
        "Set the variable, the file or the command that the message names.",
    ),
)

RULES = {row.id: row for row in _ROWS}
"""By id: D for daemon.json, R for config.toml, C for caches and their Compose file, P for files as such, S for secrets."""
