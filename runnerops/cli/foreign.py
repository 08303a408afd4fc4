"""Options of other programs that people know, and what does the same here."""

from __future__ import annotations

from collections.abc import Collection

_TARGETS = "name hosts, groups or globs as arguments: `runnerops {command} runner-1 'web-*'`"
_DIFF = "`runnerops diff` shows what a deploy would do, and changes nothing"
_SSH = "write it into the inventory: `ssh: {key}`, for all hosts below `defaults`"
_LIST = "`runnerops hosts` lists the hosts, and `runnerops hosts --explain HOST` shows its values"
_HINTS = {
    ("--limit", "-l", "--target", "--host", "--hosts"): _TARGETS,
    ("--check", "-C", "--diff", "-D", "--noop", "--dry-run"): _DIFF,
    ("--tags", "-t", "--skip-tags", "--service"): "`--only SERVICE` of diff and deploy takes one service",
    (
        "--forks",
        "-f",
        "--serial",
        "--parallel",
    ): "`--batch N|N%` of deploy says how many hosts may be disturbed at a time",
    ("--become", "-b"): "users other than root use sudo by themselves; `ssh: {sudo: false}` turns that off",
    ("--ask-become-pass", "-K"): "`--ask-sudo-password` asks for the sudo password",
    ("--ask-pass", "-k"): "there is no login with a password: name a key with `ssh: {key: PATH}`, or use the agent",
    ("--user", "-u"): _SSH.replace("{key}", "{user: NAME}"),
    ("--private-key", "--key-file", "--ssh-key"): _SSH.replace("{key}", "{key: PATH}"),
    ("--extra-vars", "-e"): "variables are in the inventory: `vars: {team: infra}`, and `{{ vars.team }}` in values",
    ("--list", "--list-hosts", "--graph"): _LIST,
    ("--auto-approve", "--assume-yes"): "`--yes` answers the question of a plan",
    (
        "--ask-vault-pass",
        "--ask-vault-password",
        "--vault-password-file",
    ): "secrets come from `!env`, `!file` or `!command`",
}


def hint_for(option: str, command: str, own_options: Collection[str]) -> str:
    """What to write instead of an option that a command does not have; empty for one that no other program has. `own_options`:
    the options of the command.
    """
    hint = next((hint for options, hint in _HINTS.items() if option in options), "")
    if "--ask-sudo-password" not in own_options and "--ask-sudo-password" in hint:
        return ""
    return hint.replace("{command}", command)
