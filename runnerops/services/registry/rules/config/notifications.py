"""Checks `notifications`: a registry takes any endpoint, and then tries for ever to reach it. Pure.

Source: `configureEvents` in distribution's `registry/handlers/app.go`, and `notifications/http.go`, 2.8 and 3.1.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree
from runnerops.services.registry.rules.found import WEB, Found, is_true, tree_at


def notification_rules(tree: Tree) -> Found:
    """Runs all rules on `notifications`."""
    endpoints = tree_at(tree, "notifications").get("endpoints")
    for index, endpoint in enumerate(endpoints if isinstance(endpoints, list) else []):
        if not isinstance(endpoint, dict) or is_true(endpoint.get("disabled")):
            continue
        key: Key = ("notifications", "endpoints", index)
        url = endpoint.get("url")
        harm = "the registry starts, but reaches no endpoint and keeps every event in its memory"
        if url in (None, ""):
            yield "C013", "error", (*key, "url") if "url" in endpoint else key, f"has no url: {harm}", "add its url"
        elif not isinstance(url, dict | list) and not WEB.match(str(url)) and "${" not in str(url):
            fix = "write http:// or https:// before it" if "://" not in str(url) else "write an http or https URL"
            yield "C013", "error", (*key, "url"), f"must be an http or https URL: {harm}", fix
