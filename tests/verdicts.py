"""Files that the systems themselves refuse or die of, and near misses that they take.

`tests/unit/test_verdicts.py` holds our rules against them, `tests/lab/test_verdicts.py` the systems' own programs: so a rule is
an error because a program says so, or says nothing of what it will not do. A file is judged as its system does that: dockerd
and the registry by starting, Compose by `config`, gitlab-runner by loading.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["daemon", "compose", "registry", "runner"]

Says: TypeAlias = Literal["refused", "taken", "unnoticed"]
"""`unnoticed`: the program takes the file; what is wrong in it does nothing, or shows in a container or a job. An error too."""


class Verdict(NamedTuple):
    """`file` is whole; `says` is what a system of any version that the lab has makes of it.

    `since` and `until`: the first release that refuses it, and the first that does not; with them, other releases take it.
    """

    kind: Kind
    says: Says
    file: str
    since: str = ""
    until: str = ""


def _file(kind: Kind, says: Says, line: str, since: str = "", until: str = "") -> Verdict:
    return Verdict(kind, says, line.strip().replace("\\n", "\n") + "\n", since, until)


def _of(kind: Kind, refused: str, taken: str, unnoticed: str) -> tuple[Verdict, ...]:
    files: tuple[tuple[Says, str], ...] = (("refused", refused), ("taken", taken), ("unnoticed", unnoticed))
    return tuple(_file(kind, says, line) for says, lines in files for line in lines.strip().splitlines())


DAEMON = _of(
    "daemon",
    """
    {"registry-mirror-list": []}
    {"debug": "yes"}
    {"log-opts": {"max-file": 3}}
    {"registry-mirrors": ["192.0.2.10:5000"]}
    {"registry-mirrors": ["https://${MIRROR}"]}
    {"log-ops": {"max-size": "10m"}}
    {"bip": "192.168.200.1"}
    {"bip": "192.168.200.0/24"}
    {"default-address-pools": [{"base": "10.231.0.0/16", "size": 8}]}
    {"dns": ["name.example.com"]}
    {"log-level": "verbose"}
    {"default-ipc-mode": "host"}
    {"mtu": -1}
    {"fixed-cidr": "192.168.200.0"}
    {"labels": ["production"]}
    {"exec-opts": ["native.cgroupdriver=system"]}
    {"log-driver": "json-log", "log-opts": {"max-size": "10m"}}
    {"log-opts": {"mode": "unblocking"}}
    {"log-opts": {"max-buffer-size": "4m"}}
    {"log-driver": "journald", "log-opts": {"max-size": "10m"}}
    {"storage-driver": "overlay-2"}
    {"storage-driver": "overlay2", "storage-opts": ["overlay2.sise=1G"]}
    {"default-runtime": "nvidia"}
    {"runtimes": {"runc": {"path": "runc"}}}
    {"runtimes": {"nvidia": {}}}
    {"bridge": "docker0", "bip": "192.168.200.1/24"}
    {"icc": false, "iptables": false}
    {"tlsverify": true}
    {"insecure-registries": ["192.0.2.10:99999"]}
    {"insecure-registries": ["http://192.0.2.10:5000/"]}
    {"exec-opts": ["native.cgroupdriver=systemd"], "cgroup-parent": "/docker"}
    {"metrics-addr": "127.0.0.1"}
    {"metrics-addr": ":9323"}
    {"builder": {"gc": {"enabled": "yes"}}}
    {"builder": {"gc": {"enabled": true, "defaultKeepStorage": "20 gigs"}}}
    {"log-opts": {"mode": "non-blocking", "max-buffer-size": "4 MBs"}}
    {"log-driver": "syslog", "log-opts": {"syslog-address": "192.0.2.1:514"}}
    {"log-driver": "syslog", "log-opts": {"syslog-facility": "deamon"}}
    {"log-driver": "gelf", "log-opts": {"gelf-address": "192.0.2.1:12201"}}
    {"log-driver": "awslogs", "log-opts": {"awslogs-region": "eu-west-1"}}
    {"log-opts": {"cache-disabled": "maybe"}}
    {"bip": "192.168.200.255/24"}
    {"bip": "192.168.200.1/24", "default-gateway": "192.168.201.254"}
    {"fixed-cidr": "fd00::/64"}
    {"bridge": "averyveryverylongname"}
    {"labels": ["a=b", "a=c"]}
    {"labels": ["com.docker.x=y"]}
    {"insecure-registries": ["example.com/path"]}
    {"storage-driver": "vfs", "storage-opts": ["overlay2.size=1G"]}
    {"node-generic-resources": ["gpu=1", "gpu=2"]}
    {"default-shm-size": ""}
    {"tlsverify": false}
    {"builder": {"gc": {"enabled": true, "policy": [{"keepStorage": "1GB", "filter": ["unused-for=soon"]}]}}}
    {"seccomp-profile": "default"}
    {"default-runtime": "/usr/bin/runc"}
    """,
    """
    {"registry-mirrors": ["http://192.0.2.10:5000"], "log-opts": {"max-file": "3"}, "log-level": "info"}
    {"bip": "192.168.200.1/24", "fixed-cidr": "192.168.200.128/25", "dns": ["192.0.2.53"], "labels": ["a=b=c"]}
    {"default-address-pools": [{"base": "10.231.0.1/16", "size": 24}], "icc": false, "metrics-addr": "127.0.0.1:9323"}
    {"log-driver": "local", "log-opts": {"max-size": "10m", "mode": "non-blocking"}, "default-runtime": "io.containerd.runc.v2"}
    {"runtimes": {"x": {"path": "/usr/bin/runc"}}, "builder": {"gc": {"enabled": true, "defaultKeepStorage": "1GB"}}}
    {"builder": {"gc": {"enabled": false, "defaultKeepStorage": "20 gigs"}}, "log-driver": "none", "log-opts": {"mode": "none"}}
    {"insecure-registries": ["192.0.2.0/24", "http://192.0.2.10:5000"], "features": {"x": true}}
    {"log-driver": "syslog", "log-opts": {"syslog-address": "tcp+tls://192.0.2.1:6514", "syslog-facility": "local3"}}
    {"default-gateway": "172.17.0.254", "default-address-pools": [{"Base": "172.17.0.0/16", "Size": 24}], "labels": ["=c"]}
    """,
    """
    {"registry-mirror": ["http://192.0.2.10:5000"]}
    {"network": {"dns": ["192.0.2.53"]}}
    {"builder": {"gcc": {"enabled": true}}}
    {"features": {"containerd-snapshoter": true}}
    {"log-driver": "json-log"}
    {"log-opts": {"max-size": "10m", "max-file": "0"}}
    """,
)

DAEMON_BY_RELEASE = (
    _file("daemon", "refused", '{"registry-mirrors": ["http://192.0.2.10:5000/hub"]}', until="25.0"),
    _file("daemon", "refused", '{"proxies": {"no-proxy": "192.0.2.10"}}', until="23.0"),
    _file("daemon", "refused", '{"log-format": "json"}', until="25.0"),
    _file("daemon", "refused", '{"allow-direct-routing": true}', until="28.2"),
    _file("daemon", "refused", '{"oom-score-adjust": 0}', since="26.0"),
    _file("daemon", "refused", '{"api-cors-header": "*"}', since="28.0"),
    _file("daemon", "refused", '{"log-level": "warning"}', since="25.0"),
    _file(
        "daemon",
        "refused",
        '{"storage-driver": "overlay2", "storage-opts": ["overlay2.override_kernel_check=true"]}',
        since="24.0",
    ),
    _file("daemon", "refused", '{"bip": "192.168.200.1/31"}', until="23.0"),
    _file("daemon", "refused", '{"ip6tables": true}', until="27.0"),
    _file("daemon", "refused", '{"exec-opts": ["native.umask=normal"]}', since="28.0"),
    _file(
        "daemon", "refused", '{"runtimes": {"x": {"path": "/x", "runtimeType": "io.containerd.runc.v2"}}}', since="24.0"
    ),
    _file("daemon", "refused", '{"storage-driver": "overlayfs"}', until="29.0"),
    _file("daemon", "refused", '{"log-driver": "local", "log-opts": {"tag": "x"}}', until="29.5"),
    _file("daemon", "refused", '{"dns": ["fe80::1%eth0"]}', until="29.0"),
    _file("daemon", "refused", '{"log-driver": "logentries", "log-opts": {"logentries-token": "a"}}', since="25.0"),
)
"""What one release of Docker refuses, and another takes."""

_SERVICE = "services: {a: {image: x, %s}}"
COMPOSE = _of(
    "compose",
    "\n".join(
        (
            *(
                _SERVICE % one
                for one in (
                    "restrat: always",
                    "ports: '80:80'",
                    "ports: ['99999:80']",
                    "ports: ['80:http']",
                    "ports: ['80:80/http']",
                    "privileged: maybe",
                    "deploy: {replicas: two}",
                    "mem_limit: 2gigs",
                    "stop_grace_period: 1 minute",
                    "healthcheck: {interval: 30}",
                    "healthcheck: {test: [curl, x]}",
                    "network_mode: host, networks: [default]",
                    "networks: [inner]",
                    "volumes: ['data:/x']",
                    "volumes: ['/a::/b']",
                    "depends_on: [b]",
                    "depends_on: [a]",
                    "secrets: [s]",
                    "command: 'price ${5}'",
                    "command: '${A:?set it}'",
                    "environment: [{A: b}]",
                    "env_file:",
                    "build: {contxt: .}",
                    "extra_hosts: [db]",
                    "ports: ['80:0']",
                    "ports: [{published: '80'}]",
                    "ports: [80.5]",
                    "volumes: [{type: bind, target: /b}]",
                    "secrets: [{target: s}]",
                    "command: it's",
                    "hostname: 080",
                    "user: 0X10",
                    "container_name: 1_0e3",
                    "user: 2030-01-01",
                    "labels: [2030-1-1T1:2:3Z]",
                    "labels: [-08]",
                    "entrypoint: 'echo (a'",
                    "post_start: [{command: 'a \"b'}]",
                    "links: [b]",
                    "volumes_from: [b]",
                    "ipc: 'service:a'",
                    "depends_on: {b: {condition: service_started, required: false}}",
                    "extends: a",
                    "attach: maybe",
                    "mem_swappiness: low",
                    "mem_limit: 1g, deploy: {resources: {limits: {memory: 2g}}}",
                    "pids_limit: 5, deploy: {resources: {limits: {memory: 1g}}}",
                    "cpus: 1, deploy: {resources: {limits: {cpus: half}}}",
                    "deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: few}]}}}",
                    "gpus: [{count: 1, device_ids: ['0']}]",
                    "platform: linux/amd64, build: {context: ., platforms: [linux/arm64]}",
                    "build: {context: ., additional_contexts: {c: 'service:b'}}",
                    "build: {context: ., ulimits: {nofile: many}}",
                    "develop: {watch: [{path: ., action: sync}]}",
                    "pull_policy: often",
                    "blkio_config: {weight: heavy}",
                    "deploy: {resources: {limits: {pids: lots}}}",
                )
            ),
            "services: {a: {image: x}}\\n---\\nservices:",
            "services: {a: {image: x, extends: {service: b}}}\\n---\\nservices: {b: {image: y}}",
            "x-a: &a {image: x}\\nservices:\\n  a:\\n    <<: *a\\n    <<: *a",
            "%YAML 1.2\\n---\\nservices: {a: {image: x}}",
            "services: {a: {labels: {b: c}}}",
            "services: {1: {image: x}}",
            "services: {a: {image: x}}\\n---\\nservices: {a: {restrat: always}}",
            "services: {a: {image: x}}\\n---\\n- a",
            "services: {a: {image: x}}\\n---",
            "services: {a: {image: x}}\\n---\\nservices: [a]",
            "services: {a: {image: x, ports: ['80:80']}}\\n---\\nservices: {a: {ports: {x: y}}}",
            "services: {a: {image: x}}\\nvolumes: {d: {external: true, driver: local}}",
            "services: {a: {image: x}}\\nsecrets: {s: {}}",
            "services: {a: {image: x}}\\nvolumes: {d: {external: {name: e}, name: f}}",
            "version: '3'",
            "web: {image: x}",
            "services: [a]",
        )
    ),
    "\n".join(
        (
            *(
                _SERVICE % one
                for one in (
                    "restart: 'no', ports: [80, '443:443', '60:60/', '127.0.0.1::53/udp', '8000-8005:80'], x-mine: 1",
                    "privileged: 'true', cpu_shares: '5', deploy: {replicas: '2'}, mem_limit: 512m, stop_grace_period: 90s",
                    "healthcheck: {test: curl x, interval: 30s}, volumes: ['./a:/b', '/c:/d:ro', '${DIR:-/e}:/g', '/h']",
                    "command: 'price $$5 or 5$', environment: [A=1, B, B], extra_hosts: ['db:192.0.2.1'], networks: [default]",
                    "command: 'a && it''s', entrypoint: 'a $$(b) `c`', restart: '', ports: ['[::1]:80:80', {target: 80}]",
                    "mem_limit: 1g, cpus: 0.50, deploy: {resources: {limits: {memory: 1024m, cpus: '0.5'}}}",
                    "deploy: {resources: {reservations: {devices: [{capabilities: [gpu], count: ALL}]}}}",
                )
            ),
            "services: {a: {image: x, profiles: [p], volumes: ['missing:/x']}}",
            "services: {a: {image: x, volumes: ['data:/x']}}\\nvolumes: {data: }",
            "services: {a: {image: x}}\\nnetworks: {n: {external: true, driver: bridge}}",
            "services: {a: {image: x}}\\nsecrets: {s: {external: true, file: f}}",
            "services: {a: {restart: always}}\\n---\\n"
            "services: {a: {image: x, depends_on: [b]}}\\n---\\nservices: {b: {image: y}}",
            "services: {a: {image: x, networks: [n], environment: {A: 1}}}\\n---\\n"
            "services: {a: {environment: [B], networks: {m: }}}\\nnetworks: {n: , m: }",
            "services: {a: {image: x, network_mode: host}}\\n---\\n"
            "services: {a: {network_mode: !reset null, networks: [default]}}",
            "services: {a: {image: x, build: .}}\\n---\\nservices: {a: {build: {target: t}, command: [b]}}",
        )
    ),
    "\n".join(
        _SERVICE % one
        for one in (
            "restart: sometimes",
            "volumes: ['./a:b']",
            "network_mode: 'container:b', ports: ['80:80']",
            "dns: [resolver.example.com]",
            "tmpfs: run",
            "mem_limit: 1g, memswap_limit: 512m",
            "ulimits: {nofile: {soft: 2, hard: 1}}",
            "ulimits: {nofiles: 1024}",
            "cap_add: [NETADMIN]",
            "sysctls: {vm.max_map_count: 262144}",
            "logging: {driver: json-file, options: {max-siz: 1m}}",
            "labels: {a: b}, environment: {REGISTRY_PROXY_REMOTE_URL: 'https://a.example'}, volumes: ['/d:/var/lib/registry']",
        )
    ).replace("image: x, labels", "image: 'registry:3.1.1', labels")
    + "\nservices: {a: {image: 'registry:3.1.1', volumes: ['./c.yml:/etc/docker/registry/config.yml']}}",
)

_REGISTRY = "version: 0.1\\nstorage: {filesystem: {rootdirectory: /tmp/registry}%s}\\nhttp: {addr: '127.0.0.1:0'%s}%s"
REGISTRY = _of(
    "registry",
    "\n".join(
        (
            "version: 0.2\\nstorage: {inmemory: {}}\\nhttp: {addr: '127.0.0.1:0'}",
            "version: 0.10\\nstorage: {inmemory: {}}\\nhttp: {addr: '127.0.0.1:0'}",
            "%YAML 1.2\\n---\\nversion: 0.1\\nstorage: {inmemory: {}}\\nhttp: {addr: '127.0.0.1:0'}",
            "version: 0.1\\nstorage: {cache: {blobdescriptor: inmemory}}\\nhttp: {addr: '127.0.0.1:0'}",
            "version: 0.1\\nstorage: {filesytem: {}}\\nhttp: {addr: '127.0.0.1:0'}",
            "version: 0.1\\nstorage: {inmemory: {}}\\nhttp: {addr: '127.0.0.1:0', host: '192.0.2.1:5000'}",
            "Version: 0.1\\nstorage: {inmemory: {}}\\nhttp: {addr: '127.0.0.1:0'}",
            "version: 0.1\\nstorage: {inmemory: {}, filesystem: {}}\\nhttp: {addr: '127.0.0.1:0'}",
            "version: 0.1\\nstorage: {inmemory: {}}\\nhttp: {addr: '5000'}",
            "version: 0.1\\nstorage: {s3: {region: us-east-1}}\\nhttp: {addr: '127.0.0.1:0'}",
            _REGISTRY % (", cache: {blobdescriptor: redis}", "", ""),
            _REGISTRY % (", cache: {blobdescriptor: inmemory}, redirect: {disabled: true}", "", ""),
            _REGISTRY % (", maintenance: {uploadpurging: false}", "", ""),
            _REGISTRY % (", maintenance: {uploadpurging: {age: 168h, interval: 24h}}", "", ""),
            _REGISTRY % (", maintenance: {uploadpurging: {age: 7d, interval: 24h, dryrun: false}}", "", ""),
            _REGISTRY % (", maintenance: {readonly: {enabled: 'true'}}", "", ""),
            _REGISTRY % ("", ", headers: {X: nosniff}", ""),
            _REGISTRY % ("", ", relativeurls: 'true'", ""),
            _REGISTRY % ("", ", host: 'https://a b'", ""),
            _REGISTRY % ("", ", net: udp", ""),
            _REGISTRY.replace("127.0.0.1:0", "::1:0") % ("", "", ""),
            _REGISTRY.replace("127.0.0.1:0", ":70000") % ("", "", ""),
            _REGISTRY % ("", "", "\\nauth: {token: {realm: a, service: b, issuer: c}}"),
            _REGISTRY % ("", "", "\\nauth: {htpasswd: {realm: a, path: ''}}"),
            _REGISTRY % ("", "", "\\nmiddleware: {registry: [{name: ours}]}"),
            _REGISTRY % ("", "", "\\nmiddleware: {storage: [{name: redirect}]}"),
            _REGISTRY % ("", "", "\\nmiddleware: {storage: [{name: redirect, options: {baseurl: cdn.example}}]}"),
            _REGISTRY % ("", "", "\\nproxy: {remoteurl: 'http://a b'}"),
            _REGISTRY % ("", "", "\\nvalidation: {manifests: {urls: {allow: ['(?!a)']}}}"),
            _REGISTRY % ("", "", "\\nvalidation: {manifests: {urls: {deny: ['[']}}}"),
            _REGISTRY % ("", "", "\\nproxy: {remoteurl: 5}"),
            "version: 0.1\\nstorage: {filesystem: {maxthreads: many}}\\nhttp: {addr: '127.0.0.1:0'}",
            "version: 0.1\\nstorage: {s3: {region: here, bucket: b}}\\nhttp: {addr: '127.0.0.1:0'}",
            *(
                f"version: 0.1\\nstorage: {{s3: {{region: us-east-1, bucket: b, {line}}}}}\\nhttp: {{addr: '127.0.0.1:0'}}"
                for line in (
                    "chunksize: 100",
                    "encrypt: maybe",
                    "storageclass: COLD",
                    "objectacl: ours",
                    "skipverify: x",
                )
            ),
            _REGISTRY % ("", ", tls: {certificate: /c.pem}", ""),
            _REGISTRY % ("", "", "\\nlog: {level: warning}"),
            _REGISTRY % ("", "", "\\nlog: {formatter: xml}"),
            _REGISTRY % ("", "", "\\nhealth: {storagedriver: {interval: 10 seconds}}"),
            _REGISTRY % ("", "", "\\nauth: {htpaswd: {}}"),
            _REGISTRY % ("", "", "\\nauth: {htpasswd: {realm: a}}"),
            _REGISTRY % ("", "", "\\nauth: {silly: {realm: a, service: b}, token: {}}"),
            _REGISTRY % ("", "", "\\nproxy: {remoteurl: [a]}"),
            _REGISTRY % ("", "", "\\nproxy: {remoteurl: registry-1.docker.io}"),
        )
    ),
    "\n".join(
        (
            "version: '0.1'\\nstorage: inmemory\\nhttp: {addr: '127.0.0.1:0'}",
            _REGISTRY % (", maintenance: {uploadpurging: {enabled: false}, readonly: {enabled: false}}", "", ""),
            _REGISTRY
            % (", redirect: {disable: true}, delete: {enabled: yes}, cache: {blobdescriptor: inmemory}", "", ""),
            _REGISTRY % ("", ", headers: {X: [nosniff]}, relativeurls: true", "\\nlog: {level: INFO, formatter: json}"),
            _REGISTRY % ("", "", "\\nauth: none\\nx-mine: 1\\nproxy:"),
            _REGISTRY % ("", "", "\\nhealth: {storagedriver: {enabled: true, interval: 10s, threshold: 3}}"),
            _REGISTRY % ("", ", host: 'https://a:1', net: tcp, tls: {minimumtls: '1.2'}", ""),
            _REGISTRY % ("", "", "\\nvalidation: {disabled: true, manifests: {urls: {allow: ['(']}}}"),
            _REGISTRY % ("", "", "\\nvalidation: {manifests: {urls: {allow: ['^https?://(?:a|b)\\\\.c/']}}}"),
            "version: 0.1\\nstorage: {filesystem: {maxthreads: '100', rootdirectory: /tmp/r}}\\nhttp: {addr: '127.0.0.1:0'}",
        )
    ),
    "\n".join(
        (
            "version: 0.1\\nstorage: {filesystem: {rootdir: /tmp/registry}}\\nhttp: {addr: '127.0.0.1:0'}",
            _REGISTRY % (", delete: {enable: true}", "", ""),
            _REGISTRY % ("", "", "\\nnotifications: {endpoints: [{name: a, timeout: 1s}]}"),
            _REGISTRY % ("", "", "\\nproxi: {remoteurl: 'https://registry-1.docker.io'}"),
        )
    ),
)

_REDIS = ", cache: {blobdescriptor: redis}"
_TAG = ", tag: {concurrencylimit: 8}"
_CLIENT = ", tls: {clientauth: always}"
_SIZED = ", cache: {blobdescriptor: inmemory, blobdescriptorsize: 10k}"
_S3 = "version: 0.1\nstorage: {s3: {%s}}\nhttp: {addr: '127.0.0.1:0'}\n"
REGISTRY_BY_RELEASE = (
    _file("registry", "refused", (_REGISTRY % (_REDIS, "", "\nredis: {addr: '127.0.0.1:1'}")), since="3"),
    _file("registry", "refused", (_REGISTRY % (_REDIS, "", "\nredis: {addrs: ['127.0.0.1:1']}")), until="3"),
    _file("registry", "refused", (_REGISTRY % (_TAG, "", "")), until="3"),
    _file("registry", "refused", (_REGISTRY % (_SIZED, "", "")), since="3"),
    _file("registry", "refused", (_REGISTRY % ("", _CLIENT, "")), since="3"),
    _file("registry", "refused", (_REGISTRY % ("", "", "\ncompatibility: {schema1: true}")), until="3"),
    _file(
        "registry",
        "refused",
        _S3 % "regionendpoint: 'http://127.0.0.1:1', bucket: b, accesskey: a, secretkey: b",
        until="3",
    ),
)
"""What one major version of the registry refuses, and the other takes."""

_SECTION = (
    '[[runners]]\\nname = "r"\\nurl = "http://127.0.0.1:1"\\n'
    'token = "glrt-aaaaaaaaaaaaaaaaaaaa"\\nexecutor = "docker"\\n%s'
)
_RUNNER_OF_ANY_RELEASE = _of(
    "runner",
    "\n".join(
        (
            "concurrent = 0\\n" + _SECTION % "[runners.docker]",
            'concurrent = "4"\\n' + _SECTION % "[runners.docker]",
            '[session_server]\\nlisten_address = "127.0.0.1"\\n' + _SECTION % "[runners.docker]",
            'concurrent = 1\\nlog_level = "loud"\\n' + _SECTION % "[runners.docker]",
            _SECTION % '[runners.docker]\\nvolumes = "/cache"',
            _SECTION % "[runners.docker]\\nmemory = 512",
            _SECTION % '[[runners.docker.services]]\\nname = "docker:dind"\\ncommand = "--mtu=1400"',
            _SECTION % '[runners.feature_flags]\\nFF_USE_FASTZIP = "true"',
            '[runners]\\nname = "r"',
            "concurrent = 1.5",
            _SECTION % '[runners.machine]\\n[[runners.machine.autoscaling]]\\nPeriods = ["* * 9-17 mon-fri"]',
            _SECTION % "[runners.docker]\\nshm_size = 9223372036854775808",
        )
    ),
    "\n".join(
        (
            "concurrent = 1\\n" + _SECTION % '[runners.docker]\\nimage = "a"\\nmemory = "512m"',
            'listen_address = "127.0.0.1:0"\\n[session_server]\\nlisten_address = "127.0.0.1:0"\\n'
            + _SECTION % '[runners.docker]\\nimage = "a"',
            "Concurrent = 1\\n" + _SECTION % '[runners.Docker]\\nImage = "a"',
            'concurrent = 2\\nlog_level = "warning"\\n'
            + _SECTION % '[runners.docker]\\nimage = "a"\\n[[runners.docker.services]]\\nname = "x"\\ncommand = ["y"]',
            "concurrent = 1\\n"
            + _SECTION
            % '[runners.docker]\\n[runners.machine]\\n[[runners.machine.autoscaling]]\\nPeriods = ["* * 9-17 * * mon-fri *"]',
        )
    ),
    "\n".join(
        (
            *(
                _SECTION % one
                for one in (
                    '[runners.docker]\\nimagee = "a"',
                    "[runners.cache]\\nprivileged = true\\n[runners.docker]",
                    '[runners.docker]\\nmemory = "512 megs"',
                    '[runners.docker]\\nvolumes = ["/a:b"]',
                    '[runners.docker]\\nextra_hosts = ["db"]',
                    '[runners.docker]\\n[runners.kubernetes]\\nmemory_limit = "2GB"',
                    '[runners.docker]\\npull_policy = "sometimes"',
                    '[runners.docker]\\n[runners.cache]\\nType = "s4"',
                    'shell = "fish"\\n[runners.docker]',
                    "[runners.kubernetes]",
                    '[runners.docker]\\nvolumes = ["C:/a:/b"]',
                    '[runners.docker]\\ncap_add = ["NET_ADMN"]',
                    '[runners.docker]\\nimage = "A"',
                    '[runners.docker]\\nmemory_swap = "1g"',
                    'builds_dir = "b"\\n[runners.docker]',
                    "[runners.docker]\\n[runners.autoscaler]\\nmax_instances = -1",
                    '[runners.docker]\\n[runners.kubernetes]\\nnamespace = "A_b"',
                    '[runners.docker]\\n[[runners.kubernetes.pod_spec]]\\npatch = "a: [b"',
                )
            ),
            _SECTION.replace("docker", "dokcer") % "[runners.docker]",
            _SECTION.replace("docker", "docker+machine") % '[runners.docker]\\n[runners.machine]\\nMachineName = "m"',
            _SECTION.replace("http://", "") % "[runners.docker]",
            _SECTION.replace("glrt-aaaaaaaaaaaaaaaaaaaa", "GR1348941aaaaaaaaaaaaaaaaaaaa") % "[runners.docker]",
        )
    ),
)

RUNNER_BY_RELEASE = (
    _file("runner", "refused", '[labels]\\na = "b"\\n' + _SECTION % "[runners.docker]", since="18.5"),
    _file(
        "runner",
        "refused",
        _SECTION
        % '[runners.docker]\\n[runners.monitoring]\\n[[runners.monitoring.job_queuing_durations]]\\nperiods = ["* *"]',
        since="16.10",
    ),
)
"""`since` is the release that added the key. An older one takes the file without reading it."""

RUNNER = (*_RUNNER_OF_ANY_RELEASE, *RUNNER_BY_RELEASE)

VERDICTS = (*DAEMON, *COMPOSE, *REGISTRY, *_RUNNER_OF_ANY_RELEASE)


def refused_by(verdict: Verdict, version: str) -> bool:
    """Whether this release, such as `26.1`, refuses it."""

    def number(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split("+", maxsplit=1)[0].split(".")[:2])

    here = number(version)
    if (verdict.since and here < number(verdict.since)) or (verdict.until and here >= number(verdict.until)):
        return False
    return verdict.says == "refused"
