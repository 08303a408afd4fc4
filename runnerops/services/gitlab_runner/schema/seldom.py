"""The tables of config.toml that few files have: usage logs, referees, delays of jobs, isolated machines. Data only.

Source: `common/config.go`, `common/config/runner` and `referees` of gitlab-runner, 15.0 to 19.3.
"""

from __future__ import annotations

SELDOM_TABLES = {
    "drained_machine": """
        table shutdown_drain: shutdown_drain
    """,
    "shutdown_drain": """
        bool: enabled
        int: concurrency max_retries
        duration: retry_backoff
    """,
    "experimental": """
        table usage_logger: usage_logger
    """,
    "usage_logger": """
        bool: enabled
        [str]: writers@19.2
        str: log_dir
        int?: max_backup_files
        duration?: max_rotation_age
        {str}: labels
        table logrotate: logrotate@19.2
        table snowplow: snowplow_billing@19.2
    """,
    "logrotate": """
        str: log_dir
        int?: max_backup_files
        duration?: max_rotation_age
        {str}: labels
    """,
    "snowplow": """
        str: collector_uri app_id category realm deployment_type
        {str}: metadata
        bool: enable_oidc
        bool?: skip_oidc_if_unsupported_cloud skip_runner_system_failure
        [float]: batch_delivery_duration_buckets
    """,
    "boot": """
        table boot_verify: boot_verify
    """,
    "boot_verify": """
        bool: enabled
        duration: timeout acquire_min_backoff acquire_max_backoff
    """,
    "referees": """
        table referee_metrics: metrics
    """,
    "referee_metrics": """
        str: prometheus_address
        int: query_interval
        [str]: queries
    """,
    "monitoring": """
        [table queuing]: job_queuing_durations
    """,
    "queuing": """
        [str]: periods
        str: timezone jobs_running_for_project
        duration: threshold
    """,
    "scale_throttle": """
        int: limit burst
    """,
    "vm_isolation": """
        bool: enabled
        str: nesting_host image
        tree: nesting_config
        table connector: connector_config
    """,
    "state_storage": """
        bool: enabled keep_instance_with_acquisitions
        str: dir
    """,
}
"""By name: lines of `KIND: NAME …`, as in the tables of every file."""
