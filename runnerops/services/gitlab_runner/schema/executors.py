"""The tables of the executors that have many keys: kubernetes, custom, parallels, virtualbox. Data only.

Source: `common/config.go` of gitlab-runner 13.0 to 19.3, and of its main branch for 19.4. Backports to a patch release
are not recorded.
"""

from __future__ import annotations

EXECUTOR_TABLES = {
    "kubernetes": """
        str: host context@18.5 cert_file key_file ca_file bearer_token image namespace namespace_overwrite_allowed
        str: cpu_limit cpu_limit_overwrite_max_allowed cpu_request cpu_request_overwrite_max_allowed memory_limit
        str: memory_limit_overwrite_max_allowed memory_request memory_request_overwrite_max_allowed
        str: ephemeral_storage_limit@13.5 ephemeral_storage_limit_overwrite_max_allowed@13.5
        str: ephemeral_storage_request@13.5
        str: ephemeral_storage_request_overwrite_max_allowed@13.5 service_cpu_limit
        str: service_cpu_limit_overwrite_max_allowed@13.4 service_cpu_request
        str: service_cpu_request_overwrite_max_allowed@13.4 service_memory_limit
        str: service_memory_limit_overwrite_max_allowed@13.4 service_memory_request
        str: service_memory_request_overwrite_max_allowed@13.4 service_ephemeral_storage_limit@13.5
        str: service_ephemeral_storage_limit_overwrite_max_allowed@13.5 service_ephemeral_storage_request@13.5
        str: service_ephemeral_storage_request_overwrite_max_allowed@13.5 helper_cpu_limit
        str: helper_cpu_limit_overwrite_max_allowed@13.4 helper_cpu_request
        str: helper_cpu_request_overwrite_max_allowed@13.4
        str: helper_memory_limit helper_memory_limit_overwrite_max_allowed@13.4 helper_memory_request
        str: helper_memory_request_overwrite_max_allowed@13.4 helper_ephemeral_storage_limit@13.5
        str: helper_ephemeral_storage_limit_overwrite_max_allowed@13.5 helper_ephemeral_storage_request@13.5
        str: helper_ephemeral_storage_request_overwrite_max_allowed@13.5 pod_cpu_limit@18.10
        str: pod_cpu_limit_overwrite_max_allowed@18.10 pod_cpu_request@18.10
        str: pod_cpu_request_overwrite_max_allowed@18.10
        str: pod_memory_limit@18.10 pod_memory_limit_overwrite_max_allowed@18.10 pod_memory_request@18.10
        str: pod_memory_request_overwrite_max_allowed@18.10 node_selector_overwrite_allowed@15.6
        str: node_tolerations_overwrite_allowed@16.9 helper_image helper_image_flavor@14.0
        str: pod_labels_overwrite_allowed@15.1
        str: scheduler_name@15.5 service_account service_account_overwrite_allowed pod_annotations_overwrite_allowed
        str: dns_policy@13.7 priority_class_name@15.1 logs_base_dir@17.2 scripts_base_dir@17.2 suspend_pvc_size@19.4
        str: suspend_pvc_storage_class@19.4
        bool: bearer_token_overwrite_allowed namespace_per_job@16.10 use_service_account_image_pull_secrets@16.9
        bool: helper_image_autoset_arch_and_os@16.5
        bool?: privileged allow_privilege_escalation@13.6 automount_service_account_token@16.9
        bool?: print_pod_warning_events@18.0
        bool?: pod_disruption_budget@18.11
        str?: runtime_class_name@14.9
        [str]: allowed_images@14.2 allowed_pull_policies@15.2 allowed_services@14.2 allowed_users@18.4
        [str]: allowed_groups@18.4
        [str]: image_pull_secrets cap_add@13.5 cap_drop@13.5
        str|[str]: pull_policy
        {str}: node_selector node_tolerations pod_labels pod_annotations
        table affinity: affinity@13.4
        int?: terminationGracePeriodSeconds@-17.0
        int?: pod_termination_grace_period_seconds@14.5 cleanup_grace_period_seconds@14.5
        duration?: cleanup_resources_timeout@16.4
        int: poll_interval poll_timeout resource_availability_check_max_attempts@15.0 retry_limit@16.9
        int: retry_backoff_max@17.1
        {int}: retry_limits@16.9
        table pod_security: pod_security_context
        table container_security: init_permissions_container_security_context@15.2
        table container_security: build_container_security_context@14.5
        table container_security: helper_container_security_context@14.5 service_container_security_context@14.5
        table k8s_volumes: volumes
        [table host_alias]: host_aliases@13.7
        [table service]: services
        table dns_config: dns_config@13.7
        table lifecycle: container_lifecycle@14.2
        [table pod_spec]: pod_spec@15.10
        table k8s_autoscaler: autoscaler@18.11
    """,
    "affinity": """
        table node_affinity: node_affinity
        table pod_affinity: pod_affinity@14.3 pod_anti_affinity@14.3
    """,
    "node_affinity": """
        table node_selector: required_during_scheduling_ignored_during_execution
        [table preferred_term]: preferred_during_scheduling_ignored_during_execution
    """,
    "node_selector": """
        [table node_selector_term]: node_selector_terms
    """,
    "node_selector_term": """
        [table requirement]: match_expressions match_fields
    """,
    "requirement": """
        str: key operator
        [str]: values
    """,
    "preferred_term": """
        int32: weight
        table node_selector_term: preference
    """,
    "pod_affinity": """
        [table pod_affinity_term]: required_during_scheduling_ignored_during_execution
        [table weighted_term]: preferred_during_scheduling_ignored_during_execution
    """,
    "pod_affinity_term": """
        table label_selector: label_selector namespace_selector
        [str]: namespaces match_label_keys@19.1 mismatch_label_keys@19.1
        str: topology_key
    """,
    "label_selector": """
        {str}: match_labels
        [table requirement]: match_expressions
    """,
    "weighted_term": """
        int32: weight
        table pod_affinity_term: pod_affinity_term
    """,
    "pod_security": """
        int?: fs_group run_as_group run_as_user
        bool?: run_as_non_root
        [int]: supplemental_groups
        str: selinux_type@15.3
        table security_profile: seccomp_profile@18.11 app_armor_profile@18.11
    """,
    "security_profile": """
        str: type localhost_profile
    """,
    "container_security": """
        table capabilities: capabilities
        bool?: privileged run_as_non_root read_only_root_filesystem allow_privilege_escalation
        int?: run_as_user run_as_group
        str: selinux_type@15.3 proc_mount@15.9
        table security_profile: seccomp_profile@18.11 app_armor_profile@18.11
    """,
    "capabilities": """
        [str]: add drop
    """,
    "k8s_volumes": """
        [table k8s_host_path]: host_path
        [table k8s_pvc]: pvc
        [table k8s_items_volume]: config_map secret
        [table k8s_empty_dir]: empty_dir
        [table k8s_csi]: csi@13.11
        [table k8s_nfs]: nfs@19.0
    """,
    "k8s_host_path": """
        str: name mount_path sub_path@13.6 host_path
        bool: read_only
        str?: mount_propagation@17.8
    """,
    "k8s_pvc": """
        str: name mount_path sub_path@13.6
        bool: read_only
        str?: mount_propagation@17.2
    """,
    "k8s_items_volume": """
        str: name mount_path sub_path@13.6
        bool: read_only
        {str}: items
    """,
    "k8s_empty_dir": """
        str: name mount_path sub_path@13.6 medium size_limit@16.6
        str?: mount_propagation@19.0
    """,
    "k8s_csi": """
        str: name mount_path sub_path driver fs_type
        bool: read_only
        {str}: volume_attributes
    """,
    "k8s_nfs": """
        str: name mount_path sub_path server path
        bool: read_only
    """,
    "dns_config": """
        [str]: nameservers searches
        [table dns_option]: options
    """,
    "dns_option": """
        str: name
        str?: value
    """,
    "lifecycle": """
        table lifecycle_handler: post_start pre_stop
    """,
    "lifecycle_handler": """
        table lifecycle_exec: exec
        table lifecycle_http: http_get
        table lifecycle_tcp: tcp_socket
    """,
    "lifecycle_exec": """
        [str]: command
    """,
    "lifecycle_http": """
        str: host path scheme
        [table http_header]: http_headers
        int: port
    """,
    "http_header": """
        str: name value
    """,
    "lifecycle_tcp": """
        str: host
        int: port
    """,
    "pod_spec": """
        str: name patch_path patch patch_type
    """,
    "k8s_autoscaler": """
        int: max_pause_pods
        str: pause_pod_image pause_pod_priority_class_name
        [table policy]: policy
        [str]: pause_pod_image_pull_secrets@19.1
    """,
    "custom": """
        str: config_exec prepare_exec run_exec cleanup_exec
        [str]: config_args prepare_args run_args cleanup_args
        int?: config_exec_timeout prepare_exec_timeout cleanup_exec_timeout graceful_kill_timeout
        int?: force_kill_timeout
    """,
    "parallels": """
        str: base_name template_name time_server
        bool: disable_snapshots
        [str]: allowed_images@14.2
    """,
    "virtualbox": """
        str: base_name base_snapshot base_folder@13.7 start_type@15.7
        bool: disable_snapshots
        [str]: allowed_images@14.2
    """,
    "host_alias": """
        str: ip
        [str]: hostnames
    """,
}
"""By name: lines of `KIND: NAME …`, as in `schema.py`."""
