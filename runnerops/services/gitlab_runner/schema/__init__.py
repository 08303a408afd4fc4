"""The keys of config.toml as data: the type of each, and the releases that have it. Pure.

Source: `common/config.go` of gitlab-runner 13.0 to 19.3, and of its main branch for 19.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from runnerops.frozen import frozen
from runnerops.services.gitlab_runner.schema.executors import EXECUTOR_TABLES
from runnerops.services.gitlab_runner.schema.seldom import SELDOM_TABLES

Kind: TypeAlias = str
"""A type: one of `str int int32 bool float time duration [str] [int] [float] str|[str]`. Also `{str}`, `{int}`, `{bool}`
and `{[str]}`: a table with any keys and values of this type; `tree`: a table that is not checked; `table NAME` and
`[table NAME]`: one of `TABLES`, or a list of such tables.
"""


@frozen
class Known:
    """A key, with the first release that has it and the first that no longer has it. Each is empty if there is none.

    `zero_counts`: the runner treats a zero value differently from a missing key.
    """

    kind: Kind
    since: str = ""
    until: str = ""
    zero_counts: bool = False


Table: TypeAlias = Mapping[str, Known]

HOST_OWNED = ("id", "token", "token_obtained_at", "token_expires_at")
"""Keys that the runner itself writes into `[[runners]]`."""

NEWEST = (19, 3)
"""The newest release with which these tables were compared. Keys that a later one adds are unknown here."""

LINT_SINCE = (19, 3)
"""The first release whose `gitlab-runner lint` can validate the staged file."""

EXECUTORS = (
    "custom",
    "docker",
    "docker-autoscaler",
    "docker+machine",
    "docker-windows",
    "instance",
    "kubernetes",
    "parallels",
    "shell",
    "ssh",
    "virtualbox",
)


def _table(text: str) -> Table:
    """Parses lines of `KIND: name name@since name@since-until …`. A `?` after the kind sets `zero_counts`."""
    keys: dict[str, Known] = {}
    for line in text.strip().splitlines():
        kind, _, names = line.strip().partition(": ")
        for word in names.split():
            name, _, releases = word.partition("@")
            since, _, until = releases.partition("-")
            keys[name] = Known(kind.rstrip("?"), since, until, kind.endswith("?"))
    return keys


TABLES: Mapping[str, Table] = {
    **{name: _table(text) for name, text in (EXECUTOR_TABLES | SELDOM_TABLES).items()},
    "config": _table("""
        str: listen_address user
        str?: log_level log_format sentry_dsn
        int: concurrent check_interval shutdown_timeout@15.6
        duration?: connection_max_age@16.9
        {str}: labels@18.5
        table drained_machine: machine@18.10
        table experimental: experimental@17.9
        table session_server: session_server
        [table runner]: runners
    """),
    "session_server": _table("str: listen_address advertise_address\nint: session_timeout"),
    "runner": _table("""
        str: name url token executor builds_dir cache_dir clone_url pre_get_sources_script@15.9
        str: post_get_sources_script@15.9 pre_build_script post_build_script shell slot_cgroup_template@18.6
        str: tls-ca-file tls-cert-file tls-key-file step_runner_image@17.9
        str: pre_clone_script@-17.0 post_clone_script@14.9-17.0
        int: limit output_limit request_concurrency unhealthy_requests_limit@15.7 id@15.3
        int: job_status_final_update_retry_limit@17.9
        bool: debug_trace_disabled use_slot_cgroups@18.6
        bool?: strict_check_interval@18.9 proxy_exec@17.10 safe_directory_checkout@16.3 clean_git_config@17.10
        duration?: unhealthy_interval@15.7 prepare_timeout@19.0 get_sources_timeout@19.1
        time: token_obtained_at@15.3 token_expires_at@15.3
        [str]: environment
        {bool}: feature_flags@13.11
        {str}: labels@18.5
        table boot: experimental@19.2
        table referees: referees
        table monitoring: monitoring@16.10
        table kubernetes: kubernetes
        table custom: custom
        table parallels: parallels
        table virtualbox: virtualbox
        table artifact: artifact@18.10
        table autoscaler: autoscaler@15.5
        table build_dir: custom_build_dir
        table cache: cache
        table docker: docker
        table instance: instance@15.8
        table machine: machine
        table ssh: ssh
    """),
    "artifact": _table("duration?: upload_timeout response_header_timeout"),
    "build_dir": _table("bool?: enabled"),
    "instance": _table("[str]: allowed_images\nbool: use_common_build_dir@16.1"),
    "ssh": _table("""
        str: user password host port identity_file known_hosts_file
        bool?: disable_strict_host_key_checking
    """),
    "docker": _table("""
        str: host tls_cert_path hostname image runtime memory memory_swap memory_reservation cgroup_parent@16.10
        str: cpuset_cpus cpuset_mems@17.0 cpus user@15.5 userns_mode gpus@13.9 volume_driver cache_dir network_mode
        str: pid_mode@19.1 ipcmode@15.7 mac_address@15.8 service_memory@16.9 service_memory_swap@16.9
        str: service_memory_reservation@16.9 service_cgroup_parent@16.10 service_slot_cgroup_template@18.6
        str: service_cpuset_cpus@16.9 service_cpus@16.9 service_gpus@17.10 isolation@15.8 helper_image
        str: helper_image_flavor@14.0
        int: cpu_shares oom_score_adjust service_cpu_shares@16.9 wait_for_services_timeout shm_size network_mtu@16.5
        int?: services_limit@16.9
        bool: tls_verify privileged disable_entrypoint_overwrite oom_kill_disable disable_cache volume_keep@18.10
        bool: enable_ipv6@15.5
        bool?: services_privileged@15.7
        [str]: dns dns_search allowed_users@16.8 group_add@16.6 cap_add cap_drop security_opt
        [str]: services_security_opt@15.10 devices device_cgroup_rules@15.1 volumes extra_hosts volumes_from links
        [str]: allowed_images allowed_privileged_images@16.1 allowed_privileged_services@16.1
        [str]: allowed_pull_policies@15.1 allowed_services
        str|[str]: pull_policy
        {str}: volume_driver_ops@15.5 tmpfs services_tmpfs sysctls container_labels@14.10 ulimit@16.2 log_options@18.9
        {[str]}: services_devices@17.10
        [table service]: services
    """),
    "service": _table("""
        str: name alias suspend_data_path@19.4
        [str]: command@13.6 entrypoint@13.6 environment@15.10
    """),
    "cache": _table("""
        str: Type Path
        bool: Shared
        int: MaxUploadedArchiveSize@15.6
        table s3: s3
        table gcs: gcs
        table azure: azure@13.4
    """),
    "s3": _table("""
        str: ServerAddress AccessKey SecretKey SessionToken@16.8 BucketName BucketLocation AuthenticationType@14.4
        str: ServerSideEncryption@15.3 ServerSideEncryptionKeyID@15.3 RoleARN@17.8 UploadRoleARN@17.5
        bool: Insecure Accelerate@17.5 DisableAssumeRoleCredentialsCaching@18.11
        bool?: DualStack@17.5 PathStyle@17.5
        int: AssumeRoleMaxConcurrency@18.11
    """),
    "gcs": _table("str: CredentialsFile BucketName UniverseDomain@18.9 AccessID PrivateKey"),
    "azure": _table("str: ContainerName StorageDomain AccountName AccountKey"),
    "machine": _table("""
        str: MachineDriver MachineName OffPeakTimezone
        int: MaxGrowthRate@13.6 IdleCount IdleCountMin@14.6 IdleTime MaxBuilds MaxRemovalAttempts@19.1
        int: OffPeakIdleCount OffPeakIdleTime
        float: IdleScaleFactor@14.6
        [str]: MachineOptions MachineOptionsWithName@18.6 OffPeakPeriods
        [table machine_period]: autoscaling
    """),
    "machine_period": _table("""
        str: Timezone
        int: IdleCount IdleCountMin@14.6 IdleTime
        float: IdleScaleFactor@14.6
        [str]: Periods
    """),
    "autoscaler": _table("""
        str: plugin instance_ready_command@16.11
        int: capacity_per_instance max_use_count max_instances shutdown_deletion_retries@18.3 failure_threshold@18.3
        bool: log_internal_ip@18.2 log_external_ip@18.2 delete_instances_on_shutdown@16.0
        bool?: reservation_throttling@18.7
        duration: instance_acquire_timeout@18.1 update_interval@17.0 update_interval_when_expecting@17.0
        duration: deletion_retry_interval@18.3 shutdown_deletion_interval@18.3
        [float]: instance_operation_time_buckets instance_creation_time_buckets@15.11
        [float]: instance_is_running_time_buckets@15.11 instance_deletion_time_buckets@15.11
        [float]: instance_readiness_time_buckets@15.11 instance_life_duration_buckets@15.11
        tree: plugin_config
        table scale_throttle: scale_throttle@17.0
        table vm_isolation: vm_isolation@15.8
        table state_storage: state_storage@17.5
        table connector: connector_config
        [table policy]: policy
    """),
    "connector": _table("""
        str: os arch protocol username password key_path
        int: protocol_port@17.11
        bool: use_static_credentials use_external_addr@15.9
        duration: keepalive timeout
    """),
    "policy": _table("""
        str: timezone
        int: idle_count scale_factor_limit
        float: scale_factor
        bool?: preemptive_mode@18.1
        duration: idle_time
        [str]: periods
    """),
}

IN_GITLAB = frozenset(
    {"tag_list", "tags", "run_untagged", "locked", "paused", "active", "access_level", "maximum_timeout", "description"}
    | {"maintenance_note", "protected"}
)
"""Settings of a runner that are kept in GitLab and in no file."""

EXECUTORS_UNTIL: Mapping[str, str] = {"docker-ssh": "16.0", "docker-ssh+machine": "16.0"}
"""Executors that were removed, with the first release that no longer has them."""
