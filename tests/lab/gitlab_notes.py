"""The stand-in for GitLab, as far as notes stand on merge requests (`lib/api/notes.rb`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.lab.gitlab_api import Answer

_FORBIDDEN = Answer(403, {"message": "403 Forbidden"})


class MergeRequestNotes:
    """The notes of one merge request, whichever is asked for."""

    def __init__(self) -> None:
        self.notes: dict[int, str] = {}
        self.foreign: set[int] = set()
        """Notes that are somebody else's."""
        self.beside: list[str] = []
        """Notes that another job posts right before the next one."""
        self.keeps = False
        """Whether no note may be removed."""
        self.page = 100
        """Notes that one answer holds at most, however many were asked for."""

    def noted(self, method: str, parts: Sequence[str], body: dict[str, Any], url: str) -> Answer:
        """The answer to a call; `parts` is its path behind `notes`, `url` the whole without it."""
        if method == "GET":
            return self._listed(int(body.get("page", 1)), url)
        if method == "POST":
            if self.beside:
                self._add(self.beside.pop())
            return Answer(201, _note(*self._add(str(body["body"]))))
        return self._of(method, int(parts[0]), body)

    def _of(self, method: str, number: int, body: dict[str, Any]) -> Answer:
        if number not in self.notes:
            return Answer(404, {"message": "404 Note Not Found"})
        if self.keeps if method == "DELETE" else number in self.foreign:
            return _FORBIDDEN
        if method == "DELETE":
            del self.notes[number]
            return Answer(204)
        self.notes[number] = str(body["body"])
        return Answer(200, _note(number, self.notes[number]))

    def _add(self, text: str) -> tuple[int, str]:
        number = max(self.notes, default=0) + 1
        self.notes[number] = text
        return number, text

    def _listed(self, page: int, url: str) -> Answer:
        pairs = sorted(self.notes.items())
        next_link = f'<{url}?page={page + 1}>; rel="next"' if page * self.page < len(pairs) else ""
        notes = [_note(*pair) for pair in pairs[(page - 1) * self.page : page * self.page]]
        return Answer(200, notes, {"Link": next_link} if next_link else {})


def _note(number: int, text: str) -> dict[str, Any]:
    return {"id": number, "body": text, "system": False, "noteable_type": "MergeRequest", "internal": False}
