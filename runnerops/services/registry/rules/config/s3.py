"""Checks parameters of the storage driver for S3. Pure.

Source: `FromParameters` and `New` in distribution's `registry/storage/driver/s3-aws`, 2.8 and 3.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from runnerops.model.common import Key, Tree, Value, word_set
from runnerops.parsing.near import near_fix
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.found import ENDS, Found, One, is_bool, number, only

_MIB = 1024 * 1024
_BOOLS = ("encrypt", "secure", "skipverify", "v4auth")
_BOOLS_3 = ("forcepathstyle", "accelerate", "usedualstack", "usefipsendpoint")
_SIZES: Mapping[str, tuple[int, int]] = {
    "chunksize": (5 * _MIB, 5 * 1024 * _MIB),
    "multipartcopychunksize": (5 * _MIB, 5 * 1024 * _MIB),
    "multipartcopymaxconcurrency": (1, 2**63 - 1),
    "multipartcopythresholdsize": (0, 5 * 1024 * _MIB),
}
_CLASSES_2 = ("NONE", "STANDARD", "REDUCED_REDUNDANCY")
_CLASSES = (
    *_CLASSES_2,
    *("STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "OUTPOSTS", "GLACIER_IR", "EXPRESS_ONEZONE"),
)
_ACLS = word_set(
    """private public-read public-read-write authenticated-read aws-exec-read bucket-owner-read
    bucket-owner-full-control"""
)
_BOOL_TEXTS = word_set("1 t T true TRUE True 0 f F false FALSE False")
_REGION = late_pattern(r"[a-z]+(-[a-z]+)+-\d+")


def s3_rules(parameters: Tree, major: int, key: Key) -> Found:
    """Runs all rules on `storage.s3`."""
    yield from _bools(_BOOLS, parameters, key)
    yield from only(3, major, _bools(_BOOLS_3, parameters, key))
    yield from _sizes(parameters, key, number if major == 2 else _as_3)
    yield from _words(parameters, major, key)
    endpoint = parameters.get("regionendpoint")
    region = parameters.get("region")
    if region in (None, ""):
        missing: One = ("C009", "error", key, f"has no region: {ENDS}", "add for example region: eu-central-1")
        wanted: One = (
            "C009",
            "error",
            key,
            f"has no region, which registry 2 requires: {ENDS}",
            "add for example region: us-east-1",
        )
        yield from [missing] if endpoint in (None, "") else only(2, major, [wanted])
    elif endpoint in (None, "") and not _REGION.fullmatch(str(region)):
        yield (
            "C009",
            "error",
            (*key, "region"),
            f"is not a region of AWS, which it must be without regionendpoint: {ENDS}",
            "write for example eu-central-1",
        )
    if _is_false(parameters.get("v4auth")) and (endpoint in (None, "") or "s3.amazonaws.com" in str(endpoint)):
        yield "C009", "error", (*key, "v4auth"), f"must be true for AWS itself: {ENDS}", "take it out"


def _bools(names: tuple[str, ...], parameters: Tree, key: Key) -> Found:
    for name in names:
        value = parameters.get(name)
        if not (value is None or is_bool(value) or (isinstance(value, str) and value in _BOOL_TEXTS)):
            yield "C009", "error", (*key, name), f"must be true or false: {ENDS}", ""


def _is_false(value: Value) -> bool:
    return value is False or value in ("n", "N", "0", "f", "F", "false", "FALSE", "False")


def _sizes(parameters: Tree, key: Key, reader: Callable[[Value], int | None]) -> Found:
    for name, (low, high) in _SIZES.items():
        value = parameters.get(name)
        amount = low if value is None else reader(value)
        if amount is None or not low <= amount <= high:
            yield "C009", "error", (*key, name), f"must be a number from {low} to {high}: {ENDS}", ""


def _as_3(value: Value) -> int | None:
    """Returns the number that a text begins with. Registry 3 ignores the rest."""
    match = None if isinstance(value, bool | dict | list) else re.match(r"\s*([+-]?\d+)", str(_in_go(value)))
    return int(match[1]) if match else None


def _in_go(value: Value) -> Value:
    """Returns a number as Go reads it: one that is too large for an integer is a float."""
    return float(value) if isinstance(value, int) and abs(value) >= 1 << 64 else value


def _words(parameters: Tree, major: int, key: Key) -> Found:
    kind = parameters.get("storageclass")
    word = kind.upper() if isinstance(kind, str) else kind
    if word is not None and word not in _CLASSES:
        yield (
            "C009",
            "error",
            (*key, "storageclass"),
            f"must be one of {', '.join(_CLASSES)}: {ENDS}",
            near_fix(str(kind), _CLASSES),
        )
    elif word is not None and word not in _CLASSES_2:
        text = f"registry 2 knows {', '.join(_CLASSES_2)} only"
        yield from only(2, major, [("C009", "error", (*key, "storageclass"), f"{text}: {ENDS}", "")])
    acl = parameters.get("objectacl")
    if acl is not None and not (isinstance(acl, str) and acl in _ACLS):
        yield (
            "C009",
            "error",
            (*key, "objectacl"),
            f"must be one of {', '.join(sorted(_ACLS))}: {ENDS}",
            near_fix(str(acl), _ACLS),
        )
