"""What a config.toml lacks, and words that its loader accepts and its jobs fail on. One finding for each mistake."""

from __future__ import annotations

import pytest

from runnerops.planning.lint.file import lint_file
from tests.unit.single_files import TOML

HEAD = """concurrent = 4
[[runners]]
  name = "a"
  url = "https://gitlab.example.com"
  token = "glrt-t9bZ4kXyQ2mP7sWcVnRd"
  executor = "{}"
"""
DOCKER, KUBERNETES = "[runners.docker]\n", "[runners.kubernetes]\n"
EMPTY_DIR = KUBERNETES + "[[runners.kubernetes.volumes.empty_dir]]\nname = 'a'\nmount_path = '/a'\n"
PVC = KUBERNETES + "[[runners.kubernetes.volumes.pvc]]\n"
_NODE, _POD = "node_affinity.preferred_during_scheduling_ignored_during_execution", "pod_affinity.required_during_"
NODES = KUBERNETES + f"[[runners.kubernetes.affinity.{_NODE}]]\n"
PODS = KUBERNETES + f"[[runners.kubernetes.affinity.{_POD}scheduling_ignored_during_execution]]\n"
MACHINE = DOCKER + "[runners.machine]\nMachineName = 'r-%s'\n"
POD_SPEC = KUBERNETES + "[[runners.kubernetes.pod_spec]]\n"
S3 = "[runners.docker]\n[runners.cache]\nType = 's3'\n[runners.cache.s3]\nBucketName = 'b'\n"
AZURE = "[runners.docker]\n[runners.cache]\nType = 'azure'\n[runners.cache.azure]\n"
AUTOSCALER = "[runners.autoscaler]\nplugin = 'aws'\n[runners.autoscaler.connector_config]\n"


def findings_of(text: str) -> list[str]:
    findings = lint_file(TOML, text.encode())
    return [
        f"{finding.rule} {finding.severity} {finding.location.line if finding.location else 0}: {finding.fix}"
        for finding in findings
    ]


@pytest.mark.parametrize(
    ("executor", "below", "says"),
    [
        # misspelt, or in another table: not missing too
        ("docker", "[runners.dockers]\n", "R006 error 7: write docker"),
        ("docker", "[docker]\n", "R006 error 7: move it there"),
        ("docker", "[runner.docker]\n", "R006 error 7: write runners"),
        ("custom", "[runners.custom]\nrun_exe = '/run'\n", "R006 error 8: write run_exec"),
        ("docker", S3.replace("BucketName", "Bucket"), "R006 error 11: write BucketName"),
        ("docker", S3.replace("[runners.cache.s3]\n", ""), "R006 error 10: move it there"),
        ("docker", S3.replace("cache.s3", "cache.s33"), "R006 error 10: write s3"),
        ("docker", AZURE + "ContainerNme = 'c'\nAccountName = 'a'\n", "R006 error 11: write ContainerName"),
        ("docker", AZURE + "ContainerName = 'c'\nAcountName = 'a'\n", "R006 error 12: write AccountName"),
        ("docker", "[runners.docker]\n[[runners.docker.services]]\nimage = 'redis'\n", "R006 error 9: write name"),
        (
            "docker",
            "[runners.docker]\n[[runners.docker.services]]\nname = 'docker:dind'\nprivileged = true\n",
            "R006 error 10: move it there",
        ),
        # missing
        ("virtualbox", "[runners.ssh]\n[runners.virtualbox]\n", "R011 error 8: add base_name, the name of a virtual"),
        ("parallels", "[runners.ssh]\n[runners.parallels]\n", "R011 error 8: add base_name, the name of a virtual"),
        ("ssh", "[runners.ssh]\nuser = 'u'\n", "R011 warning 7: add host, the name or address of a machine"),
        ("ssh", "[runners.ssh]\nhots = 'h'\n", "R006 error 8: write host"),
        (
            "virtualbox",
            "[runners.ssh]\n[runners.virtualbox]\nbase_name = 'a'\nstart_type = 'headles'\n",
            "R012 error 10: write headless",
        ),
        ("instance", "[runners.autoscaler]\n", "R011 error 7: add plugin, the name of a fleeting plugin"),
        (
            "docker+machine",
            "[runners.docker]\n[runners.machine]\n",
            'R011 error 8: add MachineName, "runner-%s" and MachineDriver',
        ),
        (
            "docker",
            "[runners.docker]\n[[runners.docker.services]]\nalias = 'db'\n",
            "R011 error 8: add for example name",
        ),
        ("docker", AZURE + "ContainerName = 'c'\n", "R014 error 10: add AccountName"),
        (
            "docker",
            S3 + "AccessKey = 'a'\nSecretKey = 's'\n",
            'R014 warning 12: write AuthenticationType = "access-key"',
        ),
        ("docker", S3 + "ServerAddress = 'a'\nAccessKey = 's'\n", "R014 warning 13: add SecretKey"),
        ("docker", S3 + "ServerAddress = 'a'\nAccessKey = 's'\nSecretkeys = 's'\n", "R006 error 14: write SecretKey"),
        # words and forms
        ("docker", S3 + "AuthenticationType = 'credentials'\n", "R014 warning 12: "),
        ("docker", S3 + "ServerSideEncryption = 'KSM'\n", "R014 warning 12: write KMS"),
        ("docker", DOCKER + "cpus = '2 cores'\n", 'R015 error 8: write for example "2"'),
        ("docker", DOCKER + "service_cpus = '500m'\n", 'R015 error 8: write for example "2"'),
        ("docker", DOCKER + "ulimit = { nofile = 'unlimited' }\n", 'R015 error 8: write for example "1024:4096"'),
        (
            "docker",
            DOCKER + "log_options = { max-size = '10m' }\n",
            "R015 error 8: set it in daemon.json, under log-opts",
        ),
        ("docker", DOCKER + "devices = ['/dev/a:/dev/b:rwm:x']\n", "R015 error 8: write /HOST:/CONTAINER:rwm"),
        ("docker", DOCKER + "dns = ['ns.example.com']\n", "R015 error 8: write an address such as 192.0.2.53"),
        ("docker", DOCKER + "mac_address = '92:d0'\n", "R015 error 8: write for example 92:d0:c6:0a:29:33"),
        ("docker", DOCKER + "service_memory_reservation = 'lots'\n", "R013 error 8: write a number with k, m or g"),
        ("docker", DOCKER + "isolation = 'hyper-v'\n", "R012 error 8: write hyperv"),
        ("kubernetes", KUBERNETES + "dns_policy = 'ClusterFirst'\n", "R012 error 8: write cluster-first"),
        ("kubernetes", KUBERNETES + "node_tolerations = { a = 'NoSchedul' }\n", "R012 error 8: write NoSchedule"),
        (
            "kubernetes",
            KUBERNETES + "[[runners.kubernetes.pod_spec]]\npatch = 'a: 1'\npatch_type = 'strategic-merge'\n",
            "R012 error 10: ",
        ),
        (
            "kubernetes",
            KUBERNETES + "[[runners.kubernetes.pod_spec]]\npatch = 'a: 1'\npatch_path = '/a'\n",
            "R012 error 9: take one of the two out",
        ),
        (
            "kubernetes",
            KUBERNETES
            + "[[runners.kubernetes.volumes.pvc]]\nname = 'a'\nmount_path = '/a'\nmount_propagation = 'rslave'\n",
            "R012 error 11: ",
        ),
        (
            "kubernetes",
            KUBERNETES + "[runners.kubernetes.pod_security_context.seccomp_profile]\ntype = 'Runtime'\n",
            "R012 warning 9: write RuntimeDefault",
        ),
        ("instance", AUTOSCALER + "protocol = 'wirnm'\n", "R012 error 10: write winrm"),
        ("instance", AUTOSCALER + "protocol = 'winrm+http'\n", "R012 error 10: write winrm+https"),
        ("instance", AUTOSCALER + "protocol_port = 70000\n", "R012 error 10: write for example 22"),
        ("instance", AUTOSCALER + "use_static_credentials = true\n", "R012 error 10: add username"),
        ("instance", "[runners.autoscaler]\nplugin = 'a'\nmax_instances = -1\n", "R012 error 9: write 0 for no limit"),
        ("kubernetes", EMPTY_DIR + "size_limit = '500MB'\n", "R022 warning 11: write 500Mi"),
        ("kubernetes", POD_SPEC + "patch = 'a: [b'\n", "R012 error 9: correct its brackets, quotes and indentation"),
        ("kubernetes", POD_SPEC + "patch = 'a: b'\npatch_type = 'json'\n", "R012 error 9: write for example [{"),
        ("kubernetes", POD_SPEC + 'patch = \'[{"op": "test"}]\'\n', 'R012 error 9: write patch_type = "json"'),
        ("kubernetes", POD_SPEC + "patch = 'hostname'\n", "R012 error 9: write for example hostname: a"),
        ("kubernetes", KUBERNETES + "cap_drop = ['NET_ROW']\n", "R012 warning 8: write NET_RAW"),
        ("kubernetes", KUBERNETES + "host = 'a'\ncert_file = '/c'\nca_file = '/a'\n", "R011 error 9: add key_file"),
        ("kubernetes", KUBERNETES + "dns_policy = 'none'\n", "R011 error 8: add them there"),
        ("kubernetes", KUBERNETES + "namespace = 'CI_Jobs'\n", "R022 error 8: write ci-jobs"),
        ("kubernetes", EMPTY_DIR.replace("'a'", "'a_b'"), "R022 error 9: write a-b"),
        ("kubernetes", EMPTY_DIR.replace("mount_path = '/a'\n", ""), "R011 error 8: add mount_path"),
        ("kubernetes", PVC + "claim_name = 'a'\nmount_path = '/a'\n", "R006 error 9: write name"),
        (
            "kubernetes",
            KUBERNETES + "[[runners.kubernetes.host_aliases]]\nip = 'a.lan'\n",
            "R022 error 9: write for example",
        ),
        ("kubernetes", KUBERNETES + "dns_config = { nameservers = ['a.lan'] }\n", "R022 error 8: write an address"),
        ("kubernetes", NODES + "weight = 0\n", "R022 error 9: write for example weight = 1"),
        ("kubernetes", NODES, "R022 error 8: write for example weight = 1"),
        ("kubernetes", PODS, 'R011 error 8: add for example topology_key = "kubernetes.io/hostname"'),
        (
            "kubernetes",
            PODS + "topology_key = 'a'\nlabel_selector = { match_expressions = [{ key = 'a', operator = 'Gt' }] }\n",
            "R012 error 10: write one of them",
        ),
        ("kubernetes", KUBERNETES + "helper_image_flavor = 'alpin'\n", "R012 warning 8: write alpine"),
        (
            "kubernetes",
            KUBERNETES + "pull_policy = 'never'\nallowed_pull_policies = ['always']\n",
            "R012 error 9: allow it",
        ),
        ("docker", DOCKER + "ipcmode = 'sharable'\n", "R012 error 8: write shareable"),
        ("docker", DOCKER + "pid_mode = 'hosts'\n", "R012 error 8: write host"),
        ("docker", DOCKER + "userns_mode = 'private'\n", "R012 error 8: "),
        ("docker", DOCKER + "gpus = 'yes'\n", 'R015 error 8: write for example "all"'),
        ("docker", DOCKER + "extra_hosts = ['db=192.0.2.7']\n", "R015 error 8: write db:192.0.2.7"),
        ("docker", DOCKER + "extra_hosts = ['192.0.2.7:db']\n", "R015 error 8: write db:192.0.2.7"),
        ("docker", DOCKER + "extra_hosts = ['db:[::1]']\n", "R015 error 8: write db:::1"),
        ("docker", DOCKER + "extra_hosts = ['db:db.lan']\n", "R015 error 8: write for example db:192.0.2.7"),
        ("docker", DOCKER + "device_cgroup_rules = ['c 81:* rwx']\n", 'R015 error 8: write for example "c 81:* rwm"'),
        ("docker", DOCKER + "cap_add = ['NET_ADMN']\n", "R012 error 8: write NET_ADMIN"),
        ("docker", DOCKER + "ulimit = { nofiles = '1' }\n", "R015 error 8: write nofile"),
        ("docker", DOCKER + "oom_score_adjust = 1001\n", "R015 error 8: write a number in this range"),
        ("docker", DOCKER + "shm_size = -1\n", "R015 error 8: write the number of bytes"),
        ("docker", DOCKER + "cpuset_cpus = '0-a'\n", 'R015 error 8: write for example "0-3"'),
        ("docker", DOCKER + "volumes = ['/']\n", "R015 error 8: write /HOST:/CONTAINER"),
        ("docker", "builds_dir = './builds'\n" + DOCKER, "R015 error 7: write /builds"),
        ("docker", "builds_dir = '/'\n" + DOCKER, "R015 error 7: write for example /builds"),
        ("shell", "clone_url = 'gitlab.lan'\n", "R004 warning 7: write https://gitlab.lan"),
        ("shell", "environment = ['A: b']\n", "R012 warning 7: write A=b"),
        ("ssh", "[runners.ssh]\nhost = 'h'\nport = 'ssh'\n", 'R012 error 9: write for example "22"'),
        ("ssh", "[runners.ssh]\nhost = 'h:23'\n", 'R012 error 8: write host = "h" and port = "23"'),
        ("docker+machine", MACHINE + "MachineDriver = 'amazonec'\n", "R012 error 10: write amazonec2"),
        ("docker+machine", MACHINE, "R011 error 8: add MachineDriver, such as amazonec2 or google"),
        (
            "docker+machine",
            MACHINE + "MachineDriver = 'mine'\n[[runners.machine.autoscaling]]\nIdleCount = 1\n",
            "R019 warning 11: add for example Periods",
        ),
        ("docker", DOCKER + "memory = '2g'\nmemory_swap = '1g'\n", 'R015 error 9: write more, or "-1"'),
        ("docker", DOCKER + "memory_swap = '1g'\n", "R015 error 8: add memory"),
        ("docker", DOCKER + "memory = '512k'\n", "R015 error 8: write 6m or more"),
        (
            "docker",
            DOCKER + "service_memory = '1g'\nservice_memory_reservation = '2g'\n",
            "R015 error 9: write at most",
        ),
        ("docker", DOCKER + "tmpfs = { run = 'rw' }\n", 'R015 error 8: write "/run"'),
        ("docker", DOCKER + "tmpfs = { '/run' = 'rw,noexc' }\n", "R015 error 8: write noexec"),
        ("docker", DOCKER + "services_tmpfs = { '/run' = 'size=1gb' }\n", "R015 error 8: write for example size=64m"),
        ("docker", DOCKER + "image = 'Alpine:3'\n", "R015 error 8: write alpine:3"),
        ("docker", DOCKER + "image = '\"docker:27\"'\n", "R015 error 8: write docker:27"),
        ("docker", DOCKER + "image = 'https://r.example.com/a:1'\n", "R015 error 8: write r.example.com/a:1"),
        ("docker", DOCKER + "helper_image = 'a:b:c'\n", "R015 error 8: write NAME:TAG"),
        ("docker", DOCKER + "[[runners.docker.services]]\nname = 'Redis'\n", "R015 error 9: write redis"),
        ("kubernetes", EMPTY_DIR + "medium = 'memory'\n", "R012 error 11: write Memory"),
        ("kubernetes", KUBERNETES + "cpu_limit = '500m'\ncpu_request = '1'\n", "R022 error 9: write at most"),
        ("kubernetes", KUBERNETES + "helper_memory_limit = '1Gi'\nhelper_memory_request = '2e9'\n", "R022 error 9: "),
        ("kubernetes", KUBERNETES + "image = 'Alpine:3'\n", "R015 error 8: write alpine:3"),
        (
            "kubernetes",
            KUBERNETES + "[[runners.kubernetes.services]]\nname = 'a:b:c'\n",
            "R015 error 9: write NAME:TAG",
        ),
        ("kubernetes", KUBERNETES + "image_pull_secrets = [{ name = 'a' }]\n", 'R008 error 8: write "a"'),
        (
            "kubernetes",
            KUBERNETES + "node_tolerations = ['a=b:NoExecute']\n",
            'R008 warning 8: write { "a=b" = "NoExecute" }',
        ),
        (
            "kubernetes",
            KUBERNETES + "[[runners.kubernetes.node_selector]]\na = 'b'\n",
            "R008 warning 8: write [runners.",
        ),
        ("docker", DOCKER + "security_opt = ['apparmor']\n", "R012 error 8: write apparmor=…"),
        ("docker", DOCKER + "security_opt = ['secomp=unconfined']\n", "R012 error 8: write seccomp=unconfined"),
        # what to write instead of a key
        ("kubernetes", KUBERNETES + "run_as_user = 1\n", "R006 error 8: move it there"),
        ("kubernetes", KUBERNETES + "max_pause_pods = 1\n", "R006 error 8: move it there"),
        ("kubernetes", KUBERNETES + "[runners.kubernetes.node_affinity]\n", "R006 error 8: move it there"),
        ("kubernetes", KUBERNETES + "[runners.kubernetes.lifecycle]\n", "R006 error 8: write container_lifecycle"),
        (
            "kubernetes",
            KUBERNETES + "volumes = ['/a:/b']\n",
            "R008 error 8: write [[runners.kubernetes.volumes.host_path]] with its keys, or another of host_path, pvc",
        ),
        ("shell", "cache = ['s3']\n", "R008 error 7: write [runners.cache], and below it its keys, such as Type"),
        (
            "instance",
            "[runners.autoscaler]\nplugin = 'a'\nregion = 'b'\n",
            "R006 warning 9: if it is a setting of the plugin, move it to [runners.autoscaler.plugin_config]",
        ),
        ("docker", DOCKER + "username = 'root'\n", "R006 error 8: write user"),
        ("docker", DOCKER + "userns = 'host'\n", "R006 error 8: write userns_mode"),
        ("docker", DOCKER + "env = ['A=b']\n", 'R006 error 8: write environment = ["NAME=VALUE"] there'),
        ("ssh", "[runners.ssh]\nusername = 'root'\nhost = 'h'\n", "R006 error 8: write user"),
        (
            "instance",
            "[runners.autoscaler]\nplugin = 'a'\n[[runners.autoscaler.policies]]\n",
            "R006 error 9: write policy",
        ),
        ("kubernetes", KUBERNETES + "memory = '1Gi'\n", "R006 error 8: write memory_limit"),
        ("docker", DOCKER + "memory_limit = '1g'\n", "R006 error 8: write memory"),
        ("docker", DOCKER + "tags = ['a']\n", "R006 error 8: take it out, and set it in GitLab"),
        ("docker", DOCKER + "[runners.cache]\nType = 'local'\n", "R014 error 9: take it out: without a type"),
        ("docker", S3.replace("s3", "gcs").replace("BucketName", "Bucket"), "R006 error 11: write BucketName"),
        ("instance", AUTOSCALER + "user = 'a'\n", "R006 error 10: write username"),
        ("instance", "[runners.autoscaler]\nplugin = 'a'\nname = 'asg'\n", "R006 error 9: move it there"),
        ("kubernetes", KUBERNETES + "resources = {}\n", "R006 error 8: write for example cpu_request"),
        ("docker", DOCKER + "allowed_pull_policies = ['allways']\n", "R012 error 8: write always"),
        (
            "docker+machine",
            DOCKER + "[runners.machine]\nMachineName = '%s'\nMachineDriver = 'a'\n"
            "[runners.machine.autoscaling]\nPeriods = ['* * * * * * *']\n",
            "R008 error 11: write [[runners.machine.autoscaling]], with two brackets",
        ),
        ("docker", DOCKER + "network_per_build = true\n", "R006 error 8: write FF_NETWORK_PER_BUILD there"),
        ("docker", DOCKER + "mounts = ['/a:/b']\n", "R006 error 8: write volumes"),
        ("docker", DOCKER + "host = '/run/docker.sock'\n", "R015 error 8: write unix:///run/docker.sock"),
        ("docker", DOCKER + "image_pull_policy = 'always'\n", "R006 error 8: write pull_policy"),
        ("docker", DOCKER + "mtu = 1400\n", "R006 error 8: write network_mtu"),
        ("docker", DOCKER + "volumes = [['/a']]\n", 'R008 error 8: write "/a"'),
        ("docker", DOCKER + "volumes = [{ a = 'b', c = 'd' }]\n", "R008 error 8: write one text for each item"),
        ("docker", DOCKER + "extra_hosts = { a = '192.0.2.1' }\n", 'R008 error 8: write ["a:192.0.2.1"]'),
        ("docker", DOCKER + "sysctls = ['a.b=1']\n", 'R008 warning 8: write { "a.b" = "1" }'),
        ("shell", "feature_flags = ['FF_USE_FASTZIP']\n", "R008 warning 7: write { FF_USE_FASTZIP = true }"),
        ("shell", "environment = { A = 'b', C = 1 }\n", 'R008 error 7: write ["A=b", "C=1"]'),
        ("shell", "environment = { A = [] }\n", 'R008 error 7: write ["ONE", "TWO"]'),
        (
            "docker",
            DOCKER + "[[runners.docker.services]]\nname = 'a'\nvariables = {}\n",
            "R006 error 10: write environment",
        ),
        ("shell", "timeout = 9\n", "R006 error 7: take it out, and set it in GitLab"),
        ("shell", "variables = {}\n", "R006 error 7: write environment"),
        ("shell", "tls-skip-verify = true\n", "R006 error 7: take it out, and name the certificate of your own"),
        (
            "kubernetes",
            KUBERNETES + "terminationGracePeriodSeconds = 9\n",
            "R007 warning 8: take it out, or write pod_termination_grace_period_seconds",
        ),
    ],
)
def test_one_mistake_gives_one_finding(executor: str, below: str, says: str) -> None:
    (text,) = findings_of(HEAD.format(executor) + below)
    assert text.startswith(says)


@pytest.mark.parametrize(
    ("executor", "below"),
    [
        ("docker", S3 + "AccessKey = 'a'\nSecretKey = 's'\nAuthenticationType = 'access-key'\n"),
        ("docker", S3 + "AuthenticationType = 'IAM'\nServerSideEncryption = 'aws:kms'\n"),
        ("docker", S3 + "AccessKey = ''\nSecretKey = ''\n"),
        ("docker", AZURE + "ContainerName = 'c'\nAccountName = 'a'\n"),
        ("docker", DOCKER + "cpus = '1/2'\nservice_cpus = '.5'\nulimit = { core = '-1', nofile = '1024:4096' }\n"),
        ("docker", DOCKER + "log_options = { env = 'A', labels = 'b' }\nmac_address = '92:d0:c6:0a:29:33'\n"),
        ("docker", DOCKER + "dns = ['2001:db8::1']\ndevices = ['/dev/a:/dev/b:rwm']\nisolation = 'default'\n"),
        ("docker", DOCKER + "[[runners.docker.services]]\nname = '$DB'\n"),
        ("docker", DOCKER + "host = 'tcp://192.0.2.1:2376'\n"),
        ("kubernetes", KUBERNETES + "dns_policy = 'default'\nnode_tolerations = { 'a' = '', b = 'NoExecute' }\n"),
        ("kubernetes", KUBERNETES + "[[runners.kubernetes.services]]\nalias = 'db'\n"),
        ("instance", AUTOSCALER + "protocol = 'winrm+https'\n"),
        ("instance", AUTOSCALER + "protocol_port = 65535\nuse_static_credentials = true\nusername = 'a'\n"),
        ("kubernetes", EMPTY_DIR + "size_limit = '1.5Gi'\n"),
        ("kubernetes", EMPTY_DIR.replace("'a'", "'a-$CI_CONCURRENT_ID'")),
        ("kubernetes", NODES + "weight = 100\n"),
        ("docker", DOCKER + "security_opt = ['no-new-privileges', 'label:disable', 'seccomp=unconfined', '$A']\n"),
        (
            "kubernetes",
            KUBERNETES + "memory_limit = '1024Mi'\nmemory_request = '1Gi'\ncpu_request = '1'\ncpu_limit = ''\n",
        ),
        ("kubernetes", EMPTY_DIR + "medium = 'HugePages-2Mi'\n"),
        (
            "docker",
            DOCKER + "memory = '2g'\nmemory_swap = '-1'\nmemory_reservation = '2g'\nservice_memory_swap = '-1'\n",
        ),
        (
            "docker",
            DOCKER + "image = '$REGISTRY/A'\ntmpfs = { '/run' = '' }\nhelper_image = 'r.example.com:5/a/b@$D'\n",
        ),
        ("docker", DOCKER + "tmpfs = { '/b' = 'rw,size=50%', '/c' = 'size=$SIZE' }\n"),
        (
            "kubernetes",
            KUBERNETES + "cap_add = ['CAP_NET_RAW', 'ALL', 'sys_time']\nnamespace = '{{ .Release.Name }}'\n",
        ),
        ("docker", DOCKER + "ipcmode = 'container:a'\npid_mode = 'host'\nuserns_mode = 'host'\ngpus = 'device=0'\n"),
        ("docker", DOCKER + "extra_hosts = ['a:::1', 'b:host-gateway', 'c:$IP']\ncap_add = ['sys_time', 'all']\n"),
        ("docker", DOCKER + "device_cgroup_rules = ['a *:* rwm']\noom_score_adjust = -1000\nshm_size = 0\n"),
        ("docker", DOCKER + "cpuset_cpus = '0-3,5'\nulimit = { NOFILE = '-1' }\n"),
        ("docker", "builds_dir = '/builds'\n" + DOCKER),
        ("shell", "builds_dir = 'builds'\nenvironment = ['A=']\nclone_url = 'http://gitlab.lan/a'\n"),
        ("ssh", "[runners.ssh]\nhost = '2001:db8::1'\nport = '2222'\n"),
        ("docker+machine", MACHINE + "MachineDriver = 'a-driver-of-ours'\n"),
        ("kubernetes", POD_SPEC + "patch = 'hostname: {{ .Values.a }}'\n"),
        ("kubernetes", POD_SPEC + "patch = '[{\"op\": \"test\"}]'\npatch_type = 'json'\n"),
        ("kubernetes", POD_SPEC + "patch = ''\npatch_path = '/a'\npatch_type = 'merge'\n"),
        ("ssh", "[runners.ssh]\nhost = 'h'\n"),
        ("virtualbox", "[runners.ssh]\n[runners.virtualbox]\nbase_name = 'a'\nstart_type = 'GUI'\n"),
        ("shell", "[runners.docker]\n[runners.virtualbox]\n"),
    ],
)
def test_nothing_is_missing(executor: str, below: str) -> None:
    assert findings_of(HEAD.format(executor) + below) == []


@pytest.mark.parametrize(
    ("line", "instead", "says"),
    [
        ("  token = ", "# ", "R002 warning 2: write the token"),
        ("  token = ", "tokn = ", "R006 error 5: write token"),
        ("  url = ", "ulr = ", "R006 error 4: write url"),
        ("  executor = ", "# ", "R003 error 2: write one of custom"),
        ("  executor = ", "executer = ", "R006 error 6: write executor"),
        ('token = "glrt', 'token = "glpat', "R002 error 5: write the token"),
        ('token = "glrt-t9bZ4kXyQ2mP7sWcVnRd"', "token = 1", "R008 error 5: put it in quotes"),
        ('url = "https://gitlab.example.com"', "url = 1", "R008 error 4: put it in quotes"),
        ('executor = "shell"', "executor = ['shell']", "R008 error 6: write one text"),
        ("[[runners]]\n", "[session_server]\n", "R006 error 4: write a line [[runners]] above it"),
        ("[[runners]]\n", "", "R006 error 3: write a line [[runners]] above it"),
        ('url = "', 'url = " ', "R004 error 4: write https://gitlab.example.com"),
    ],
)
def test_what_a_runner_lacks(line: str, instead: str, says: str) -> None:
    text = HEAD.format("shell")
    (message,) = findings_of(text.replace(line, instead))
    assert message.startswith(says)


def test_an_excerpt_may_lack_much() -> None:
    excerpt = '[[runners]]\nexecutor = "docker-autoscaler"\n[runners.docker]\n[runners.autoscaler]\nmax_instances = 2\n'
    assert [text.partition(":")[0] for text in findings_of(excerpt)] == ["R004 warning 1"]
