"""Checks keys of one Compose service that take only certain words, which the schema does not list. Pure.

Source: `mapRestartPolicyCondition` in Compose, `healthcheck` and `env_file` in compose-go, and `docker stack deploy`.
"""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import Key, Tree, value_at
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.compose.parts import REFUSED, REFUSES, items, mapping
from runnerops.services.registry.rules.found import Found
from runnerops.services.registry.schema.json_schema import open_text

_RESTARTS = ("no", "always", "unless-stopped", "on-failure")
_RESTART = late_pattern(r"no|always|unless-stopped|on-failure(:\d+)?")
_CONDITIONS = ("none", "on-failure", "any", "no", "always", "unless-stopped")
"""Words of `deploy.restart_policy.condition`. Compose accepts those of `restart` too."""
_OF_SWARM: Mapping[Key, tuple[str, ...]] = {
    ("mode",): ("replicated", "global", "replicated-job", "global-job"),
    ("endpoint_mode",): ("vip", "dnsrr"),
    ("update_config", "failure_action"): ("continue", "pause", "rollback"),
    ("rollback_config", "failure_action"): ("continue", "pause"),
}
"""Words of `deploy` that only Swarm reads."""
_TESTS = ("CMD", "CMD-SHELL", "NONE")


def fixed_words(service: Tree, key: Key) -> Found:
    """Runs all rules on one service."""
    yield from _restart(service, key)
    yield from _deploy(mapping(service.get("deploy")), (*key, "deploy"))
    yield from _test(mapping(service.get("healthcheck")), (*key, "healthcheck", "test"))
    yield from _env_file(service, key)


def _restart(service: Tree, key: Key) -> Found:
    restart = service.get("restart")
    if isinstance(restart, str) and restart and "$" not in restart and not _RESTART.fullmatch(restart):
        text = f"must be {', '.join(_RESTARTS[:-1])} or {_RESTARTS[-1]}: {REFUSES}"
        fix = 'write "no"' if restart == "never" else near_fix(restart, _RESTARTS)
        yield "K002", "error", (*key, "restart"), text, fix


def _deploy(deploy: Tree, key: Key) -> Found:
    """Compose reads only the condition. The other words are for `docker stack deploy`, which refuses unknown ones."""
    for where, words in _OF_SWARM.items():
        word = value_at(deploy, where)
        if isinstance(word, str) and word and not open_text(word) and word not in words:
            text = f"must be {', '.join(words[:-1])} or {words[-1]}: Compose ignores it, and Swarm refuses the file"
            yield "K002", "warning", (*key, *where), text, near_fix(word, words)
    condition = value_at(deploy, ("restart_policy", "condition"))
    if isinstance(condition, str) and condition and not open_text(condition) and condition not in _CONDITIONS:
        text = f"must be none, on-failure or any: {REFUSES}"
        yield "K002", "error", (*key, "restart_policy", "condition"), text, near_fix(condition, _CONDITIONS)


def _test(healthcheck: Tree, key: Key) -> Found:
    test = healthcheck.get("test")
    first = items(test)[0] if items(test) else None
    if isinstance(first, str) and not open_text(first) and first not in _TESTS:
        text = f"must begin with CMD, CMD-SHELL or NONE: {REFUSED}"
        yield "K002", "error", (*key, 0), text, "put CMD before it, or write the whole command as one string"
    word = test.partition(" ")[0] if isinstance(test, str) else ""
    if word in _TESTS:
        text = f"is run by a shell, which knows no command {word}: the container is never healthy"
        fix = "write disable: true instead" if word == "NONE" else f"take {word} out, or write a list: [{word}, …]"
        yield "K002", "warning", key, text, fix


def _env_file(service: Tree, key: Key) -> Found:
    for index, entry in enumerate(items(service.get("env_file"))):
        form = mapping(entry).get("format")
        if isinstance(form, str) and form not in {"", "raw"} and not open_text(form):
            text = f"must be raw, or left out: {REFUSED}"
            yield "K002", "error", (*key, "env_file", index, "format"), text, "write raw, or take it out"
