"""Parameters of the storage driver for Azure. Pure.

Source: distribution's `registry/storage/driver/azure`, 2.8 (which makes everything a text) and 3.1 (whose fields have types).
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode

from runnerops.model.common import Key, Tree, Value
from runnerops.patterns import late_pattern
from runnerops.services.registry.rules.config.decoded import decoded_rules, field
from runnerops.services.registry.rules.found import ENDS, Found, is_bool, is_host
from runnerops.services.registry.rules.near import slips
from runnerops.services.registry.schema.storage import AZURE, AZURE_CREDENTIALS
from runnerops.services.shared.durations import is_duration

_ACCOUNT = late_pattern(r"[a-z0-9]{3,24}")
_KINDS = ("client_secret", "shared_key", "default_credentials")


def azure_rules(parameters: Tree, major: int, key: Key) -> Found:
    """Runs all rules on `storage.azure`."""
    yield from _of_2(parameters, key) if major == 2 else _of_3(parameters, key)


def _of_2(parameters: Tree, key: Key) -> Found:
    names = ("accountname", "accountkey", "container")
    misspelt = slips(parameters, names)
    for name in names:
        if name not in misspelt and (name not in parameters or parameters[name] == ""):
            yield "C009", "error", key, f"has no {name}: {ENDS}", "add it"
    account = parameters.get("accountname", "")
    if account != "" and not is_bool(account) and not _ACCOUNT.fullmatch(str(account)):
        text = "must have 3 to 24 lower-case letters and digits"
        yield "C009", "error", (*key, "accountname"), f"{text}: {ENDS}", ""
    if not is_host(parameters.get("realm", "")):
        fix = "write for example core.windows.net"
        yield "C009", "error", (*key, "realm"), f"must be the domain of Azure's storage: {ENDS}", fix
    if parameters.get("accountkey", "") != "" and not _is_base64(parameters["accountkey"]):
        yield "C009", "error", (*key, "accountkey"), f"must be base64: {ENDS}", ""


def _of_3(parameters: Tree, key: Key) -> Found:
    wrong = list(decoded_rules(AZURE, parameters, key))
    yield from wrong
    for name in ("accountname", "container"):
        if not field(name, parameters) and name not in slips(
            (parameter.lower() for parameter in parameters), tuple(AZURE)
        ):
            yield "C009", "error", key, f"has no {name}: {ENDS}", "add it"
    delay = field("retry_delay", parameters)
    if isinstance(delay, str) and delay and not is_duration(delay):
        yield "C009", "error", (*key, "retry_delay"), f"must be a duration with its unit, such as 100ms: {ENDS}", ""
    if not wrong:
        yield from _credentials(parameters, key)


def _credentials(parameters: Tree, key: Key) -> Found:
    credentials = field("credentials", parameters)
    if credentials is not None and not isinstance(credentials, dict):
        yield "C009", "error", (*key, "credentials"), f"must be a mapping: {ENDS}", ""
        return
    table: Tree = credentials or {}
    wrong = list(decoded_rules(AZURE_CREDENTIALS, table, (*key, "credentials")))
    yield from wrong
    if wrong:
        return
    kind = field("type", table)
    if kind not in _KINDS:
        text = f"must have a type of {', '.join(_KINDS)}" if table else "has no credentials"
        yield "C009", "error", (*key, "credentials") if table else key, f"{text}: {ENDS}", ""
    elif kind == "client_secret":
        for name in ("tenantid", "secret"):
            if not field(name, table):
                yield "C009", "error", (*key, "credentials"), f"has no {name}: {ENDS}", "add it"
        tenant = str(field("tenantid", table) or "")
        if not re.fullmatch(r"[A-Za-z0-9.-]*", tenant):
            yield (
                "C009",
                "error",
                (*key, "credentials"),
                f"has a tenantid of other than letters, digits, - and .: {ENDS}",
                "",
            )
    elif kind == "shared_key" and not _is_base64(field("accountkey", parameters) or ""):
        yield "C009", "error", (*key, "accountkey"), f"must be base64: {ENDS}", ""


def _is_base64(value: Value) -> bool:
    try:
        b64decode(str(value).replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True
