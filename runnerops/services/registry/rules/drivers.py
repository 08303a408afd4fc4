"""Parameters of the storage drivers, which have no type until the registry starts. Pure.

Source: `FromParameters` of distribution's drivers, 2.8 and 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from runnerops.model.common import Key, Tree, Value, word_set
from runnerops.services.registry.rules.found import ENDS, Found, Severity

_MIB = 1024 * 1024
_BOOLS = ("encrypt", "secure", "skipverify", "v4auth")
_BOOLS_3 = ("forcepathstyle", "accelerate", "usedualstack")
_SIZES: Mapping[str, tuple[int, int]] = {
    "chunksize": (5 * _MIB, 5 * 1024 * _MIB),
    "multipartcopychunksize": (5 * _MIB, 5 * 1024 * _MIB),
    "multipartcopymaxconcurrency": (1, 2**63),
    "multipartcopythresholdsize": (0, 5 * 1024 * _MIB),
}
_CLASSES_2 = ("NONE", "STANDARD", "REDUCED_REDUNDANCY")
_CLASSES = (*_CLASSES_2, "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "OUTPOSTS", "GLACIER_IR")
_ACLS = word_set(
    """private public-read public-read-write authenticated-read aws-exec-read bucket-owner-read bucket-owner-full-control
    log-delivery-write"""
)
_CREDENTIALS = ("client_secret", "shared_key", "default_credentials")
_GCS_CHUNK = 256 * 1024


def driver_rules(name: str, given: Tree, major: int | None) -> Found:
    """What ends the registry in the parameters of one driver, beside those that are missing."""
    key: Key = ("storage", name)
    if name in {"s3", "s3aws"}:
        yield from _s3(given, major, key)
    elif name == "azure":
        yield from _azure(given, major, key)
    elif name == "filesystem":
        if given.get("maxthreads") is not None and _number(given["maxthreads"]) is None:
            yield "C009", "error", (*key, "maxthreads"), "must be a whole number", ENDS
    elif name == "gcs":
        chunk = _number(given.get("chunksize"))
        if chunk is not None and (chunk < _GCS_CHUNK or chunk % _GCS_CHUNK):
            yield "C009", "error", (*key, "chunksize"), f"must be a multiple of {_GCS_CHUNK}", ENDS


def _of_3(major: int | None) -> Severity:
    return {3: "error", None: "warning"}.get(major, "info")  # type: ignore[return-value]


def _s3(given: Tree, major: int | None, key: Key) -> Found:
    for name in (*_BOOLS, *(_BOOLS_3 if major != 2 else ())):
        if not _is_bool(given.get(name)):
            severity = _of_3(major) if name in _BOOLS_3 else "error"
            yield "C009", severity, (*key, name), "must be true or false", ENDS
    for name, (low, high) in _SIZES.items():
        number = _number(given.get(name))
        if given.get(name) is not None and (number is None or not low <= number <= high):
            yield "C009", "error", (*key, name), f"must be a number from {low} on", ENDS
    kind = str(given.get("storageclass") or "").upper()
    if kind and kind not in _CLASSES:
        yield "C009", "error", (*key, "storageclass"), f"must be one of {', '.join(_CLASSES)}", ENDS
    elif kind and kind not in _CLASSES_2 and major != 3:
        severity = "error" if major else "warning"
        yield "C009", severity, (*key, "storageclass"), f"registry 2 knows {', '.join(_CLASSES_2)} only", ENDS
    if given.get("objectacl") not in (None, *_ACLS):
        yield "C009", "error", (*key, "objectacl"), f"must be one of {', '.join(sorted(_ACLS))}", ENDS
    region = given.get("region")
    if region and not given.get("regionendpoint") and not re.fullmatch(r"[a-z]+(-[a-z]+)+-\d+", str(region)):
        yield "C009", "error", (*key, "region"), "is no region of AWS, as it must be without regionendpoint", ENDS


def _azure(given: Tree, major: int | None, key: Key) -> Found:
    credentials = given.get("credentials")
    kind = credentials.get("type") if isinstance(credentials, dict) else None
    if kind is not None and kind not in _CREDENTIALS and major != 2:
        yield "C009", _of_3(major), (*key, "credentials"), f"must have a type of {', '.join(_CREDENTIALS)}", ENDS
    elif kind is None and (major == 3 or not given.get("accountkey")):
        yield "C009", "error", key, "has no credentials" if major == 3 else "has no accountkey and no credentials", ENDS
    elif kind is None and major is None:
        yield "C009", "warning", key, "has no credentials, which registry 3 wants", ENDS
    elif major == 2 and not given.get("accountkey"):
        yield "C009", "error", key, "has no accountkey", ENDS


def _is_bool(value: Value) -> bool:
    """As Go's `strconv.ParseBool` reads a text; nothing is the default."""
    words = {"1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False", "y", "Y", "n", "N"}
    return value is None or isinstance(value, bool) or (isinstance(value, str) and value in words)


def _number(value: Value) -> int | None:
    """A whole number, or a text that is one."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value) else None
