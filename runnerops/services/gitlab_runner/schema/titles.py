"""Where the tables of the schema are in config.toml: the headings that messages name. Data only."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "config": "the top of the file, before the first [table]",
    "session_server": "[session_server]",
    "runner": "[[runners]]",
    "docker": "[runners.docker]",
    "kubernetes": "[runners.kubernetes]",
    "cache": "[runners.cache]",
    "s3": "[runners.cache.s3]",
    "gcs": "[runners.cache.gcs]",
    "azure": "[runners.cache.azure]",
    "machine": "[runners.machine]",
    "machine_period": "[[runners.machine.autoscaling]]",
    "autoscaler": "[runners.autoscaler]",
    "connector": "[runners.autoscaler.connector_config]",
    "policy": "[[runners.autoscaler.policy]]",
    "service": "[[runners.docker.services]]",
    "custom": "[runners.custom]",
    "ssh": "[runners.ssh]",
    "virtualbox": "[runners.virtualbox]",
    "parallels": "[runners.parallels]",
    "build_dir": "[runners.custom_build_dir]",
    "instance": "[runners.instance]",
}
"""Where a table is in the file, for tables whose keys are often confused."""

INNER_TITLES: Mapping[str, str] = {
    "affinity": "[runners.kubernetes.affinity]",
    "k8s_volumes": "[runners.kubernetes.volumes]",
    "pod_security": "[runners.kubernetes.pod_security_context]",
    "container_security": "[runners.kubernetes.build_container_security_context]",
    "dns_config": "[runners.kubernetes.dns_config]",
    "lifecycle": "[runners.kubernetes.container_lifecycle]",
    "k8s_autoscaler": "[runners.kubernetes.autoscaler]",
    "scale_throttle": "[runners.autoscaler.scale_throttle]",
    "vm_isolation": "[runners.autoscaler.vm_isolation]",
}
"""The same for tables whose keys are confused only with those of the tables around them."""
