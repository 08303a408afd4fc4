"""The keys that the runner knows, table by table in the order in which it writes them; `=` where it writes always."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .version import since

ZERO_TIME = "0001-01-01T00:00:00Z"

CONFIG = (
    "listen_address concurrent=1 check_interval=0 log_level log_format user connection_max_age=15m0s@16.9 sentry_dsn"
    " shutdown_timeout=0 labels machine experimental"
)
SESSION_SERVER = "listen_address advertise_address session_timeout=1800"
RUNNER = (
    "name= limit output_limit request_concurrency strict_check_interval unhealthy_requests_limit unhealthy_interval"
    " job_status_final_update_retry_limit url= id=0 token= token_obtained_at=never token_expires_at=never tls-ca-file"
    " tls-cert-file tls-key-file executor= builds_dir cache_dir clone_url environment pre_get_sources_script"
    " post_get_sources_script pre_build_script post_build_script debug_trace_disabled safe_directory_checkout"
    " clean_git_config proxy_exec prepare_timeout get_sources_timeout shell use_slot_cgroups slot_cgroup_template"
    " step_runner_image labels feature_flags custom_build_dir artifact referees monitoring instance ssh parallels"
    " virtualbox machine kubernetes custom autoscaler experimental"
)
DOCKER = (
    "host tls_cert_path tls_verify=no hostname image= runtime memory memory_swap memory_reservation cgroup_parent"
    " cpuset_cpus cpuset_mems cpus cpu_shares dns dns_search privileged=no services_privileged"
    " disable_entrypoint_overwrite=no user allowed_users group_add userns_mode cap_add cap_drop oom_kill_disable=no"
    " oom_score_adjust security_opt services_security_opt devices device_cgroup_rules gpus services_devices"
    " disable_cache=no volumes volume_keep volume_driver volume_driver_ops cache_dir extra_hosts volumes_from"
    " network_mode pid_mode ipcmode mac_address links services_limit service_memory service_memory_swap"
    " service_memory_reservation service_cgroup_parent service_slot_cgroup_template service_cpuset_cpus service_cpus"
    " service_cpu_shares service_gpus wait_for_services_timeout allowed_images allowed_privileged_images"
    " allowed_privileged_services allowed_pull_policies allowed_services pull_policy isolation shm_size=0 tmpfs"
    " services_tmpfs sysctls helper_image helper_image_flavor container_labels enable_ipv6 ulimit network_mtu=0@16.5"
    " log_options"
)
SERVICE = "name alias command entrypoint environment"
CACHE = "Type Path Shared MaxUploadedArchiveSize=0 s3 gcs azure"

KEYS = {
    "": CONFIG,
    "session_server": SESSION_SERVER,
    "runners": RUNNER,
    "docker": DOCKER,
    "services": SERVICE,
    "cache": CACHE,
}
TABLES = {"": ("session_server", "runners"), "runners": ("cache", "docker"), "docker": ("services",)}
"""Tables, by the table they stand in, whose keys are known here; other tables are passed on as they are."""


def always(table: str) -> Iterator[tuple[str, Any]]:
    """The table's keys in order, with the value that is written where none was given; None where nothing is."""
    for word in KEYS[table].split():
        key, _, release = word.partition("@")
        name, equals, value = key.partition("=")
        zero = {"no": False, "never": ZERO_TIME}.get(value, int(value) if value.isdigit() else value)
        yield name, zero if equals and since(release or "0") else None


def unknown(tree: dict[str, Any], table: str = "", place: str = "") -> Iterator[str]:
    """The keys that the runner ignores, with their tables."""
    names = {name for name, _ in always(table)} | set(TABLES.get(table, ()))
    for name, value in tree.items():
        if name not in names:
            yield f"{place}{name}"
        elif name in TABLES.get(table, ()):
            for part in value if isinstance(value, list) else [value]:
                yield from unknown(part, name, f"{place}{name}.") if isinstance(part, dict) else ()
