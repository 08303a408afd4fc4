"""Checks parameters of the storage drivers for Google, Alibaba and OpenStack, and limits of concurrency. Pure.

Source: `FromParameters` of distribution's drivers, 2.8 and 3.1. What a file on the host holds is not judged.
"""

from __future__ import annotations

import re

from runnerops.model.common import Key, Tree, Value
from runnerops.services.registry.rules.config.decoded import decoded_rules, field
from runnerops.services.registry.rules.found import ENDS, Found, One, is_bool, is_host, is_text, number
from runnerops.services.registry.schema.storage import SWIFT

_TEXTS_OF_2 = ("client_email", "private_key")
_TEXTS = (*_TEXTS_OF_2, "private_key_id", "auth_uri", "token_uri", "project_id", "client_id")
_GCS_CHUNK = 256 * 1024
_MIB = 1024 * 1024


def limit(name: str, parameters: Tree, key: Key) -> Found:
    """Checks a number. The registry raises one that is too small, but refuses a text that is negative."""
    value = parameters.get(name)
    amount = number(value)
    if value is not None and (amount is None or (isinstance(value, str) and value.startswith(("-", "+")))):
        yield "C009", "error", (*key, name), f"must be a whole number: {ENDS}", ""


def gcs_rules(parameters: Tree, major: int, key: Key) -> Found:
    """Runs all rules on `storage.gcs`."""
    yield from limit("maxconcurrency", parameters, key)
    if "chunksize" in parameters:
        chunk = _decimal(parameters["chunksize"])
        if chunk is None or chunk < _GCS_CHUNK or chunk % _GCS_CHUNK:
            yield "C009", "error", (*key, "chunksize"), f"must be a multiple of {_GCS_CHUNK}: {ENDS}", ""
    if parameters.get("keyfile") == "":
        yield "C009", "error", (*key, "keyfile"), f"is empty: {ENDS}", "write the path of the file, or take it out"
    if "credentials" not in parameters or "keyfile" in parameters:
        return
    credentials = parameters["credentials"]
    if not isinstance(credentials, dict):
        yield "C009", "error", (*key, "credentials"), f"must be a mapping: {ENDS}", ""
        return
    if major == 3 and not (credentials.get("type") == "service_account" and is_text(credentials["type"])):
        yield (
            "C009",
            "error",
            (*key, "credentials"),
            f"must have the type service_account: {ENDS}",
            "add type: service_account",
        )
    for name, value in credentials.items():
        if isinstance(value, dict):
            yield "C009", "error", (*key, "credentials", name), f"must be no mapping: {ENDS}", "write a string"
    for name in _TEXTS if major == 3 else _TEXTS_OF_2:
        if credentials.get(name) is not None and not is_text(credentials[name]):
            yield "C009", "error", (*key, "credentials", name), f"must be a string: {ENDS}", ""


_VERSIONS = ("v1", "v2", "v3")


def _written(name: str, parameters: Tree) -> str:
    """A field's name as it is written, in whatever case."""
    return next((parameter for parameter in parameters if parameter.lower() == name), name)


def _decimal(value: Value) -> int | None:
    amount = number(value)
    return amount if not isinstance(value, str) or re.fullmatch(r"[+-]?\d+", value) else None


def oss_rules(parameters: Tree, key: Key) -> Found:
    """Runs all rules on `storage.oss`, which only registry 2 has."""
    for name in ("internal", "encrypt", "secure"):
        if name in parameters and not is_bool(parameters[name]):
            yield "C009", "error", (*key, name), f"must be true or false, without quotes: {ENDS}", ""
    endpoint = parameters.get("endpoint", "")
    if not is_host(endpoint) or str(endpoint).startswith("/"):
        fix = "write for example oss-eu-central-1.aliyuncs.com"
        yield "C009", "error", (*key, "endpoint"), f"must be the name of a host: {ENDS}", fix
    if "chunksize" in parameters:
        chunk = number(parameters["chunksize"])
        if chunk is None or chunk < 5 * _MIB:
            yield "C009", "error", (*key, "chunksize"), f"must be a number from {5 * _MIB} on: {ENDS}", ""


def swift_rules(parameters: Tree, key: Key) -> Found:
    """Runs all rules on `storage.swift`, which only registry 2 has."""
    findings: list[One] = list(decoded_rules(SWIFT, parameters, key))
    yield from findings
    url = field("authurl", parameters)
    if (
        isinstance(url, str)
        and url
        and not field("authversion", parameters)
        and not any(version in url for version in _VERSIONS)
    ):
        text = f"names no version of the API, and there is no authversion: {ENDS}"
        yield "C009", "error", (*key, _written("authurl", parameters)), text, "write for example https://HOST:5000/v3"
    name = next((name for name in parameters if name.lower() == "chunksize"), "")
    chunk = parameters.get(name)
    if not findings and isinstance(chunk, int | float) and chunk < _MIB:
        yield "C009", "error", (*key, name), f"must be a number from {_MIB} on: {ENDS}", ""
