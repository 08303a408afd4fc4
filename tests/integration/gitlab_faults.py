"""Faults of GitLab at one of its calls."""

from __future__ import annotations

from tests.integration.gitlab_creating import REFUSED
from tests.lab.gitlab_api import OWN, Answer

ONCE = 1
ALWAYS = 9
"""More often than a call is repeated."""
FAULTS = {
    "cut, once": (Answer(0), ONCE),
    "cut": (Answer(0), ALWAYS),
    "429, once": (Answer(429), ONCE),
    "429": (Answer(429), ALWAYS),
    "500, once": (Answer(500), ONCE),
    "500": (Answer(500), ALWAYS),
    "401": (Answer(401, REFUSED), ALWAYS),
    "403": (Answer(403, REFUSED), ALWAYS),
    "404": (Answer(404, "<html>"), ALWAYS),
    "no JSON": (Answer(200, "<html>"), ALWAYS),
    "slow": (Answer(OWN, late_s=1.5), ONCE),
}
"""What comes in place of the right answer, or of it and all repetitions; but for 429 after the call was carried out. A 404 is
one of something before GitLab: GitLab itself says so of what is gone alone."""
