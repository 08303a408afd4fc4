"""Which texts of config.toml may contain anything, for example secrets: scripts, arguments, variables, tables whose
keys the user chooses. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from runnerops.model.common import Key, word_set
from runnerops.services.gitlab_runner.schema import TABLES, Known

_FREE = word_set("""
    environment command entrypoint instance_ready_command machineoptions machineoptionswithname pre_get_sources_script
    post_get_sources_script pre_build_script post_build_script pre_clone_script post_clone_script
""")
"""In lower case, because the runner ignores the case."""

_SHOWN_PAIRS = frozenset({"tmpfs", "services_tmpfs", "sysctls", "ulimit", "services_devices"})
"""Tables whose keys the user chooses, and whose values cannot be secrets."""

SHOWN_BELOW: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("experimental", "monitoring", "referees", "state_storage", "vm_isolation"), frozenset[str]()),
    "custom": word_set("config_exec prepare_exec run_exec cleanup_exec graceful_kill_timeout"),
    "parallels": word_set("base_name template_name disable_snapshots allowed_images"),
    "virtualbox": word_set("base_name base_snapshot base_folder start_type allowed_images"),
    "kubernetes": word_set("""
        allowed_groups allowed_images allowed_pull_policies allowed_services allowed_users api_group api_version
        automount_service_account_token ca_file capabilities cert_file host host_path image image_pull_secrets ip key_file
        hostnames helper_image helper_image_flavor medium mount_path mount_propagation name namespace
        namespace_overwrite_allowed namespace_per_job node_selector_overwrite_allowed operator path
        pod_annotations_overwrite_allowed pod_labels_overwrite_allowed priority_class_name pull_policy runtime_class_name
        scheduler_name service_account service_account_overwrite_allowed size_limit sub_path add drop
        bearer_token_overwrite_allowed dns_policy nameservers searches effect key topology_key type level role user
        run_as_user cap_add cap_drop print_pod_warning_events patch_type patch_path logs_base_dir scripts_base_dir
    """),
}
"""The plain keys of the executors' tables. All other keys of these tables may contain anything."""

QUANTITIES = ("_limit", "_request", "_overwrite_max_allowed")
"""The suffixes of Kubernetes' amounts of CPU, memory and storage."""


def free(key: Key) -> bool:
    """Whether the text at `key` may contain anything. This includes keys that no release has."""
    table = "config"
    names = [part.lower() for part in key if isinstance(part, str)]
    for index, name in enumerate(names):
        known_file = _known(table, name)
        if known_file is None or name in _FREE:
            return True
        word, _, below = known_file.kind.partition(" ")
        if name in SHOWN_BELOW or word == "tree":
            return not _shown_below(name, names[index + 1 :])
        if below:
            table = below.rstrip("]")
        else:
            return word.startswith("{") and name not in _SHOWN_PAIRS
    return False


def _known(table: str, name: str) -> Known | None:
    return _by_small_letters(table).get(name)


@cache
def _by_small_letters(table: str) -> dict[str, Known]:
    """The keys of a table, in lower case."""
    return {word.lower(): known_file for word, known_file in TABLES[table].items()}


def _shown_below(table: str, names: list[str]) -> bool:
    last = names[-1] if names else ""
    return last in SHOWN_BELOW.get(table, ()) or (table == "kubernetes" and last.endswith(QUANTITIES))
