"""Checks the variables by which registry 3 chooses where it sends its traces. Pure.

Source: `InitOpenTelemetry` in distribution's `tracing`, 3.1, and OpenTelemetry's `autoexport`.
"""

from __future__ import annotations

from runnerops.model.common import Key, Tree
from runnerops.parsing.near import near_fix
from runnerops.services.registry.rules.compose.parts import environment
from runnerops.services.registry.rules.found import ENDS, Found, Severity
from runnerops.services.registry.schema.json_schema import open_text

_EXPORTER = "OTEL_TRACES_EXPORTER"
_EXPORTERS = ("otlp", "console", "none")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_KINDS = ("grpc", "http/protobuf")


def tracing_rules(service: Tree, key: Key, major: int | None) -> Found:
    """Runs all rules on a service that runs a registry. `major`: None if it is not known."""
    if major is not None and major < 3:
        return
    severity: Severity = "error" if major else "warning"
    ends = ENDS if major else ENDS.replace("the registry", "registry 3")
    places = {name: (place, value) for place, name, value in environment(service)}
    place, exporter = places.get(_EXPORTER, ("", ""))
    if exporter not in {"", *_EXPORTERS}:
        if not open_text(exporter):
            text = f"must be {', '.join(_EXPORTERS[:-1])} or {_EXPORTERS[-1]}: {ends}"
            yield "K012", severity, (*key, "environment", place), text, near_fix(exporter, _EXPORTERS)
    elif exporter in {"", "otlp"}:
        name = next((name for name in _PROTOCOLS if places.get(name, ("", ""))[1]), "")
        place, kind = places.get(name, ("", ""))
        if kind and kind not in _KINDS and not open_text(kind):
            text = f"must be {' or '.join(_KINDS)}: {ends}"
            yield "K012", severity, (*key, "environment", place), text, near_fix(kind, _KINDS)
