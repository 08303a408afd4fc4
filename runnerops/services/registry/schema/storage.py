"""The storage drivers of a registry, as data: the parameters that each requires, and the keys that it reads with their
types. Pure.

Source: distribution's `registry/storage/driver`, 2.8 and 3.1. All drivers except azure and swift ignore unknown keys.
"""

from __future__ import annotations

from collections.abc import Mapping

from runnerops.model.common import word_set

STORAGE: Mapping[str, tuple[str, ...]] = {
    "filesystem": (),
    "inmemory": (),
    "s3": ("bucket",),
    "s3aws": ("bucket",),
    "azure": (),
    "gcs": ("bucket",),
    "oss": ("accesskeyid", "accesskeysecret", "region", "bucket"),
    "swift": ("authurl", "username", "password", "container"),
}
"""Storage drivers, each with the parameters without which the registry does not start. Those of azure, and the region
of s3, depend on the version.
"""

REMOVED_STORAGE = frozenset({"oss", "swift"})
"""Storage drivers that registry 3 no longer has."""

AZURE: Mapping[str, str] = {
    **dict.fromkeys(("container", "accountname", "accountkey", "connectionstring", "realm", "rootdirectory"), "text"),
    **dict.fromkeys(("serviceurl", "retry_delay"), "text"),
    "max_retries": "int",
    "skipverify": "bool",
    "credentials": "any",
}
"""The parameters of azure in registry 3."""

AZURE_CREDENTIALS: Mapping[str, str] = dict.fromkeys(("type", "clientid", "tenantid", "secret"), "text")

SWIFT: Mapping[str, str] = {
    **dict.fromkeys(
        ("username", "password", "authurl", "domain", "domainid", "tenantdomain", "tenantdomainid"), "text"
    ),
    **dict.fromkeys(("trustid", "region", "container", "prefix", "endpointtype", "secretkey", "accesskey"), "text"),
    **dict.fromkeys(("authversion", "chunksize"), "int"),
    **dict.fromkeys(("insecureskipverify", "tempurlcontainerkey"), "bool"),
    "tempurlmethods": "texts",
}
"""The parameters of swift in registry 2. `tenant` and `tenantid` may have any type."""

_S3 = word_set("""
    accesskey secretkey region regionendpoint bucket encrypt keyid secure skipverify v4auth chunksize
    multipartcopychunksize multipartcopymaxconcurrency multipartcopythresholdsize rootdirectory storageclass objectacl
    useragent
""")
_S3_OF_3 = word_set("forcepathstyle accelerate usedualstack usefipsendpoint loglevel")
PARAMETERS: Mapping[str, Mapping[int, frozenset[str]]] = {
    "s3": {2: _S3, 3: _S3 | _S3_OF_3},
    "s3aws": {2: _S3, 3: _S3 | _S3_OF_3},
    "azure": {
        2: word_set("accountname accountkey container realm useragent"),
        3: frozenset(AZURE) | {"useragent"},
    },
    "gcs": dict.fromkeys(
        (2, 3), word_set("bucket keyfile credentials rootdirectory chunksize maxconcurrency useragent")
    ),
    "oss": {
        2: word_set(
            """accesskeyid accesskeysecret region bucket internal encrypt secure chunksize rootdirectory endpoint
            useragent"""
        )
    },
    "swift": {2: frozenset(SWIFT) | {"tenant", "tenantid", "useragent"}},
    "filesystem": dict.fromkeys((2, 3), word_set("rootdirectory maxthreads useragent")),
}
"""By driver and major version, the keys that it reads."""
