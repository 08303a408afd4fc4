"""Words for the answer of a registry, or for a missing one. Pure."""

from __future__ import annotations

from runnerops.model.answers import Answer

SILENT = "000"
"""The HTTP status if there was no answer."""

_SILENCE = {
    "6": "its name cannot be resolved there",
    "7": "the connection is refused",
    "28": "it does not answer in time",
    "35": "the TLS handshake fails",
    "52": "the connection is closed without an answer",
    "56": "the connection is closed without an answer",
    "60": "its certificate is not trusted there",
}
"""By curl's exit status."""

_STATUS = {
    "401": "it asks for a login, which dockerd never gives to a mirror",
    "403": "it refuses (403)",
    "404": "what answers there is not a registry (404)",
    "503": "it is unhealthy (503): its storage does not work",
}


def statuses(answer: Answer) -> tuple[str, str]:
    """Returns HTTP status and exit status; `000` and nothing if it was not asked."""
    words = answer.text.split()
    return (words[0], words[1]) if len(words) == 2 else (SILENT, "")


def problem(answer: Answer) -> str:
    """Says what is wrong with an answer; empty if it is a success."""
    code, status = statuses(answer)
    if code == "200":
        return ""
    if code == SILENT:
        return _SILENCE.get(status, "it does not answer")
    return _STATUS.get(code, f"it answers {code}")
