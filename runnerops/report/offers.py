"""The host keys that a host or a gateway offers, as text and as JSON values. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runnerops.report.text import Line
from runnerops.ssh.hostkeys import Entry, HostKey
from runnerops.ssh.offer import Offer


def offer_title(host: str, offer: Offer) -> str:
    """Who offers the keys: a host, or a gateway on the way to it."""
    return f"gateway {offer.names[0]} of {host}" if offer.gateway else f"{host} ({offer.names[0]})"


def withdrawn_keys(offer: Offer) -> list[Entry]:
    """The known keys that are not offered."""
    return [entry for entry in offer.before if entry.key not in offer.keys]


def offer_lines(host: str, offer: Offer) -> Iterator[Line]:
    """Every offered key, with a prominent warning if a different key was known. A line is not longer than 80 characters."""
    before = {entry.key for entry in offer.before}
    yield "host", f"{offer_title(host, offer)} offers:"
    for key in offer.keys:
        mark = "  known" if key in before else "  new" if before else ""
        yield "plain", f"  {key}{mark}"
    if missed := withdrawn_keys(offer):
        kinds = {entry.key.kind for entry in missed} & {key.kind for key in offer.keys}
        changed = kinds or not before & set(offer.keys)
        yield "bad", f"  {'THIS HAS CHANGED' if changed else 'not offered'}: known was"
        yield from (("bad", f"    {entry.key} ({entry.place})") for entry in missed)
        yield "bad", "  Say yes only if you know why (a new host, a reinstalled one)."


def offer_document(offer: Offer) -> dict[str, Any]:
    """The same as JSON values."""
    before = {entry.key for entry in offer.before}
    return {
        "name": offer.names[0],
        "gateway": offer.gateway,
        "keys": [{**_key_document(key), "known": key in before} for key in offer.keys],
        "gone": [{**_key_document(entry.key), "place": entry.place} for entry in withdrawn_keys(offer)],
    }


def _key_document(key: HostKey) -> dict[str, str]:
    return {"kind": key.kind, "fingerprint": key.fingerprint}
