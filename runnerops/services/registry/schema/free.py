"""Which texts of a cache's files may contain anything. Pure.

The registry's configuration is open, because each storage driver has its own options, and Compose's is open too. So the
keys are listed whose texts are known to be plain; all others may contain anything, for example secrets.
"""

from __future__ import annotations

from runnerops.model.common import Key, word_set

_ANYTHING = word_set("""
    annotations args auth build command commands content cookies driver_opts entrypoint environment fields headers hooks
    labels middleware notifications options secrets sysctls test
""")
"""Below these keys nothing is known to be plain, whatever its name."""

_PLAIN = word_set("""
    version level formatter accesslog addr addrs host net prefix relativeurls draintimeout certificate key clientcas
    minimumtls ciphersuites cachefile email hosts directoryurl rootdirectory maxthreads blobdescriptor age interval dryrun
    enabled delete disable remoteurl username ttl lifetime db dialtimeout readtimeout writetimeout idletimeout threshold
    timeout file uri statuscode allow deny os architecture bucket region regionendpoint container accountname chunksize
    encrypt secure storageclass loglevel useragent objectacl v4auth

    image restart ports volumes name container_name driver external source target type mode protocol published
    network_mode networks depends_on condition user hostname working_dir cap_add cap_drop security_opt stop_grace_period
    stop_signal init read_only tmpfs ulimits mem_limit cpus pids_limit platform pull_policy profiles group_add dns
    dns_search extra_hosts subnet gateway ip_range max-size max-file bind aliases ipv4_address ipv6_address start_period
    retries scale runtime expose
    runnerops.registry-config.sha256
""")


def free(key: Key) -> bool:
    """Whether the text at `key` may contain anything."""
    names = [part for part in key if isinstance(part, str)]
    if names and names[-1] in {"max-size", "max-file", "runnerops.registry-config.sha256"}:
        return False
    return bool(names) and (not _ANYTHING.isdisjoint(names) or not _plain(names))


def _plain(names: list[str]) -> bool:
    """Whether a key is known to be plain by its name, or, inside a list of mappings, by the name of the list."""
    return names[-1] in _PLAIN
