"""What adopt is tried with: trees of any values, lines of an inventory, and observed hosts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from runnerops.adopt.entry import Entry, make_entry
from runnerops.adopt.secrets import Vault
from runnerops.model.facts import DockerFacts, RunnerFacts
from runnerops.model.host_state import HostState
from runnerops.services import SERVICES
from runnerops.services.gitlab_runner.format.toml_writer import to_toml
from tests.unit.plan_builders import CONFIG, UNIT
from tests.unit.services.builders import DAEMON, engine
from tests.unit.services.builders import state as state_of

ODD_TEXTS = [
    *("yes", "no", "~", "null", "1", "0600", "1.0", "12:30", "2024-01-01", "<<", "=", "?", ",", "'", '"'),
    *("a: b", "a #b", "#a", "- a", "{a}", "[a", "!env X", "&a", "*a", "%a", "@a", "`a", "? a", "a:", ":a", "a,b"),
    *("a\nb\n", "\n", " a", "a ", "a\tb", "\u00e9", "a\r\nb", "\x85", "\ufeff", " a\n b\n", "a\n\n\n"),
    *("{host}", "x {host}\n", "${host}", "{{ vars.x }}", "{{.Name}}", "{{ vars.x }}\n{host}\n", "{{ host.x"),
]
TEXTS = st.text(max_size=12) | st.sampled_from(ODD_TEXTS)
LEAVES = TEXTS | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.dictionaries(
    TEXTS,
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
    ),
    max_size=4,
)


def docker(indent: int, step: int) -> list[str]:
    return [f"{' ' * indent}new:", f"{' ' * (indent + step)}docker: {{}}"]


def observed(daemon_json: bytes | None, config: bytes | None, docker_facts: DockerFacts | None = None) -> HostState:
    files = {path: content for path, content in ((DAEMON, daemon_json), (CONFIG, config)) if content is not None}
    return state_of(files, docker_facts or engine(), runner_facts=RunnerFacts(UNIT, "16.11.0"))


def entry_of(state: HostState, name: str = "h", taken: dict[str, str] | None = None) -> Entry:
    adopted = {service.NAME: service.adopt(state, {}) for service in SERVICES}
    return make_entry(Vault(name, taken or {}), {"address": "192.0.2.10"}, adopted, {})


EXECUTORS = ("shell", "docker")


def blocks(*runners: dict[str, Any]) -> bytes:
    usual = {"url": "https://g", "executor": "shell"}
    return to_toml({"concurrent": 4, "runners": [{**usual, **runner} for runner in runners]}).encode()
