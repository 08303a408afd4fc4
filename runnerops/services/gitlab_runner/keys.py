"""The keys of config.toml as data: type, and the first release that knows them or no longer does. Pure.

From `common/config.go` of gitlab-runner, 13.0 to 19.3. Tables that are not listed take any key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Kind: TypeAlias = str
"""`str int bool float time duration [str] str|[str] {str} {bool} any`, or `table NAME`, `[table NAME]`."""

RESTART = frozenset({"listen_address", "session_server"})
"""Read once, at the start of the process; everything else is loaded while it runs."""

HOST_OWNED = ("id", "token", "token_obtained_at", "token_expires_at")
"""Written into `[[runners]]` by the runner itself."""

POINTERS = frozenset(
    {
        "strict_check_interval",
        "proxy_exec",
        "safe_directory_checkout",
        "clean_git_config",
        "services_privileged",
        "enabled",
        "disable_strict_host_key_checking",
        "DualStack",
        "PathStyle",
        "reservation_throttling",
        "preemptive_mode",
        "services_limit",
    }
)
"""Neither on nor off, or no number, by default: `false` and 0 are words of their own there."""

EXECUTORS = (
    "custom",
    "docker",
    "docker-autoscaler",
    "docker-ssh",
    "docker-ssh+machine",
    "docker+machine",
    "docker-windows",
    "instance",
    "kubernetes",
    "parallels",
    "shell",
    "ssh",
    "virtualbox",
)


def _table(text: str) -> dict[str, tuple[Kind, str]]:
    """Lines of `KIND: name name@SINCE name@-UNTIL …`."""
    found: dict[str, tuple[Kind, str]] = {}
    for line in text.strip().splitlines():
        kind, _, names = line.strip().partition(": ")
        for name in names.split():
            key, _, since = name.partition("@")
            found[key] = (kind, since)
    return found


TABLES: Mapping[str, Mapping[str, tuple[Kind, str]]] = {
    "config": _table("""
        str: listen_address log_level log_format user sentry_dsn
        int: concurrent check_interval shutdown_timeout@15.6
        duration: connection_max_age@16.9
        any: labels@18.5 machine@18.10 experimental@17.9
        table session_server: session_server
        [table runner]: runners
    """),
    "session_server": _table("""
        str: listen_address advertise_address
        int: session_timeout
    """),
    "runner": _table("""
        str: name url token executor builds_dir cache_dir clone_url pre_get_sources_script@15.9
        str: post_get_sources_script@15.9 pre_build_script post_build_script shell slot_cgroup_template@18.6
        str: tls-ca-file tls-cert-file tls-key-file step_runner_image@17.9 pre_clone_script@-17.0
        str: post_clone_script@-17.0
        int: limit output_limit request_concurrency unhealthy_requests_limit@15.7 id@15.3
        int: job_status_final_update_retry_limit@17.9
        bool: strict_check_interval@18.9 proxy_exec@17.10 debug_trace_disabled safe_directory_checkout@16.3
        bool: clean_git_config@17.10 use_slot_cgroups@18.6
        duration: unhealthy_interval@15.7 prepare_timeout@19.0 get_sources_timeout@19.1
        time: token_obtained_at@15.3 token_expires_at@15.3
        [str]: environment
        {bool}: feature_flags@13.11
        any: experimental@19.2 labels@18.5 referees monitoring@16.10 instance@15.8 parallels virtualbox
        any: kubernetes custom autoscaler@15.5
        table artifact: artifact@18.10
        table custom_build_dir: custom_build_dir
        table machine: machine
        table ssh: ssh
        table docker: docker
        table cache: cache
    """),
    "ssh": _table("""
        str: user password host port identity_file known_hosts_file
        bool: disable_strict_host_key_checking
    """),
    "docker": _table("""
        str: host tls_cert_path hostname image runtime memory memory_swap memory_reservation cgroup_parent@16.10
        str: cpuset_cpus cpuset_mems@17.0 cpus user@15.5 userns_mode gpus@13.9 volume_driver cache_dir network_mode
        str: pid_mode@19.1 ipcmode@15.7 mac_address@15.8 service_memory@16.9 service_memory_swap@16.9
        str: service_memory_reservation@16.9 service_cgroup_parent@16.10 service_slot_cgroup_template@18.6
        str: service_cpuset_cpus@16.9 service_cpus@16.9 service_gpus@17.10 isolation@15.8 helper_image
        str: helper_image_flavor@14.0
        int: cpu_shares oom_score_adjust services_limit@16.9 service_cpu_shares@16.9 wait_for_services_timeout shm_size
        int: network_mtu@16.5
        bool: tls_verify privileged services_privileged@15.7 disable_entrypoint_overwrite oom_kill_disable
        bool: disable_cache volume_keep@18.10 enable_ipv6@15.5
        [str]: dns dns_search allowed_users@16.8 group_add@16.6 cap_add cap_drop security_opt
        [str]: services_security_opt@15.10 devices device_cgroup_rules@15.1 volumes extra_hosts volumes_from links
        [str]: allowed_images allowed_privileged_images@16.1 allowed_privileged_services@16.1
        [str]: allowed_pull_policies@15.1 allowed_services
        str|[str]: pull_policy
        {str}: volume_driver_ops@15.5 tmpfs services_tmpfs sysctls container_labels@14.10 ulimit@16.2 log_options@18.9
        any: services_devices@17.10
        [table service]: services
    """),
    "service": _table("""
        str: name alias suspend_data_path
        [str]: command@13.6 entrypoint@13.6 environment@15.10
    """),
    "cache": _table("""
        str: Type Path
        bool: Shared
        int: MaxUploadedArchiveSize
        table s3: s3
        table gcs: gcs
        table azure: azure
    """),
    "s3": _table("""
        str: ServerAddress AccessKey SecretKey SessionToken BucketName BucketLocation AuthenticationType
        str: ServerSideEncryption ServerSideEncryptionKeyID RoleARN UploadRoleARN
        int: AssumeRoleMaxConcurrency
        bool: Insecure DualStack PathStyle Accelerate DisableAssumeRoleCredentialsCaching
    """),
    "gcs": _table("str: CredentialsFile BucketName UniverseDomain AccessID PrivateKey"),
    "azure": _table("str: ContainerName StorageDomain AccountName AccountKey"),
    "artifact": _table("duration: upload_timeout@18.10 response_header_timeout@18.10"),
    "custom_build_dir": _table("bool: enabled"),
    "machine": _table("""
        str: MachineDriver MachineName OffPeakTimezone
        int: MaxGrowthRate@13.6 IdleCount IdleCountMin@14.6 IdleTime MaxBuilds MaxRemovalAttempts@19.1 OffPeakIdleCount
        int: OffPeakIdleTime
        float: IdleScaleFactor@14.6
        [str]: MachineOptions MachineOptionsWithName@18.6 OffPeakPeriods
        any: autoscaling
    """),
}
