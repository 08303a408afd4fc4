"""A remote in memory: files in a dict, the step language walked in Python, no process and no clock."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Sequence

from runnerops.model.host_state import sha256
from tests.contract.cases import File

LOG = "1.00\t{}\t{}\t{}\t{}\n"


class Memory:
    """A host that never was. Knows the few programs that the cases use."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self.status = 0
        self._runs = 0

    def put(self, path: str, content: bytes, mode: str) -> None:
        self.files[path] = (content, mode)

    def get(self, path: str) -> File | None:
        return self.files.get(path)

    def clear(self) -> None:
        self.files.clear()

    def next_run(self) -> int:
        self._runs += 1
        return self._runs

    def link(self) -> Memory:
        return self

    def lines(self, command: Sequence[str], stdin: bytes) -> Iterator[bytes]:
        """`protocol.start`, with its payload."""
        assert command[1] == "-c"
        with tarfile.open(fileobj=io.BytesIO(stdin)) as tar:
            secret_fingerprints = {info.name: file.read() for info in tar if (file := tar.extractfile(info))}
        walk = _Walk(self.files, secret_fingerprints)
        walk.whole()
        yield from (LOG.format(*event).encode() for event in walk.events)


class _Walk:
    def __init__(self, files: dict[str, File], secret_fingerprints: dict[str, bytes]) -> None:
        self.files = files
        self.secret_fingerprints = secret_fingerprints
        self.staged: dict[tuple[str, str], File] = {}
        self.begun: set[str] = set()
        self.swapped: set[str] = set()
        self.said: list[str] = []
        self.events: list[tuple[str, int, str, str]] = []

    def whole(self) -> None:
        self.tell("", -1, "note", "clock 1000")
        if self.steps("forward"):
            word = "applied"
        elif not self.begun:
            word = "failed"
        else:
            word = "rolled-back" if self.steps("rollback") else "needs-attention"
        self.tell("", -1, "end", word)

    def tell(self, name: str, index: int, kind: str, text: str = "") -> None:
        self.events.append((name, index, kind, text))

    def steps(self, name: str) -> bool:
        """Whether all held."""
        good = True
        skip = False
        for index, line in enumerate(self.secret_fingerprints[name].decode().splitlines()):
            verb, *words = line.split("\t")
            if name == "rollback" and verb == "phase":
                skip = words[0] not in self.begun
            if skip:
                continue
            self.tell(name, index, "step")
            self.said = []
            if self.holds(name, index, verb, words):
                self.tell(name, index, "done")
                continue
            if verb == "await" and self.said:
                self.tell(name, index, "wait", self.said[0])
            self.said = self.said or ["exit status 1, and it printed nothing"]
            secrets = self.secret_fingerprints["secrets"].decode().split()
            for text in self.said:
                if not any(secret in text for secret in secrets):
                    self.tell(name, index, "note", text)
            self.tell(name, index, "fail")
            good = False
            if name == "forward":
                break
        return good

    def holds(self, name: str, index: int, verb: str, words: list[str]) -> bool:
        if verb == "phase":
            self.begun |= {words[0]} if name == "forward" else set()
        elif verb == "stage":
            file, path, mode, _, wanted = words
            self.staged[path, wanted] = (self.secret_fingerprints[file], mode)
            folder, _, base = path.rpartition("/")
            self.said = [f"{folder}/.{base}.runnerops.{wanted[:12]} is not what was sent"]
            return sha256(self.secret_fingerprints[file]) == wanted
        elif verb == "swap":
            return self.swap(name, index, *words)
        elif verb == "intend":
            self.files[f"/var/lib/runnerops/intents/{words[0]}"] = (f"{words[1]}\n".encode(), "0600")
        elif verb == "complete":
            self.files.pop(f"/var/lib/runnerops/intents/{words[0]}", None)
        elif verb == "guard":
            return self.program(words[1:])[1] == words[0]
        elif verb == "run":
            return self.program(words[1:])[0] == 0
        else:
            return self.met(words[1], *self.program(words[2:]))
        return True

    def met(self, condition: str, status: int, output: str) -> bool:
        if condition == "ok":
            return status == 0
        return output == condition[1:] if condition[0] == "=" else condition[1:] in output

    def swap(self, name: str, index: int, path: str, old: str, new: str) -> bool:
        now = sha256(self.files[path][0]) if path in self.files else "absent"
        is_due = now == new != old if name == "forward" else path not in self.swapped or self.ahead(index, path, now)
        if is_due:
            return True
        if now != old:
            self.said = [f"{path} was edited meanwhile"]
            return False
        self.swapped.add(path)
        if new == "absent":
            del self.files[path]
            return True
        if (path, new) not in self.staged:
            folder, _, base = path.rpartition("/")
            self.said = [f"{folder}/.{base}.runnerops.{new[:12]} is not what was staged"]
            return False
        self.files[path] = self.staged[path, new]
        return True

    def ahead(self, index: int, path: str, now: str) -> bool:
        """Whether the way back, from this step on, takes the path to what is there."""
        steps = (line.split("\t") for line in self.secret_fingerprints["rollback"].decode().splitlines()[index:])
        return any(step[:2] == ["swap", path] and step[3] == now for step in steps)

    def program(self, argv: list[str]) -> tuple[int, str]:
        """Its status, and what it printed."""
        name, *words = argv
        if name == "sh":
            status = 0
            for part in words[1].split("; "):
                command, *rest = part.split(" ", 1)
                if command == "exit":
                    status = int(rest[0])
                else:
                    self.said += rest
            return status, "\n".join(self.said)
        if name == "echo":
            self.said = [" ".join(words)]
        elif name == "cat":
            self.said = self.files[words[0]][0].decode().splitlines()
        elif name == "test":
            return int(words[1] not in self.files), ""
        return int(name == "false"), "\n".join(self.said)
