"""`runnerops trust` with real servers: what is shown, what is written, and when nothing is written."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from runnerops.commands.trust import trust
from runnerops.engine.options import Invocation
from runnerops.errors import UsageError
from runnerops.model.common import Exit
from runnerops.report.screen import Screen
from runnerops.ssh.hostkeys import KnownHosts
from tests.integration.conftest import StartSshd
from tests.integration.sshd import ADDRESS, USER, Sshd, free_port


@dataclass(slots=True)
class Person(Screen):
    """A screen with somebody before it who gives one answer to everything; None: nobody is there."""

    answer: bool | None = True
    err: io.StringIO = field(default_factory=io.StringIO)
    asked: list[str] = field(default_factory=list)
    leaves_at: str = ""
    """A question that begins so is answered with Ctrl-C."""

    @property
    def interactive(self) -> bool:
        return self.answer is not None

    def ask(self, question: str, *, otherwise: bool = False) -> bool:  # noqa: ARG002
        self.asked.append(question)
        if self.leaves_at and question.startswith(self.leaves_at):
            raise KeyboardInterrupt
        return bool(self.answer)

    def ask_secret(self, question: str) -> str:
        self.asked.append(question)
        return "open sesame"

    @property
    def saw(self) -> str:
        return self.err.getvalue()


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path, sshd: Sshd) -> Path:
    return project(tmp_path / "project", sshd)


def project(folder: Path, sshd: Sshd, gateway: str = "", key: str = "user") -> Path:
    """A folder with an inventory of one host."""
    folder.mkdir(exist_ok=True)
    ssh = {"user": USER, "port": sshd.port, "key": str(sshd.keys.folder / key)} | (
        {"gateway": gateway} if gateway else {}
    )
    text = ", ".join(f"{key}: {value!r}" for key, value in ssh.items())
    (folder / "inventory.yml").write_text(
        f"hosts:\n  web-1:\n    address: {ADDRESS}\n    ssh: {{{text}}}\n    docker: {{registry-mirrors: []}}\n"
    )
    return folder


def run(
    folder: Path,
    person: Person,
    *fingerprints: str,
    environ: Mapping[str, str] | None = None,
    as_json: bool = False,
) -> Exit:
    invocation = Invocation(folder / "inventory.yml", ["web-1"], environ or {"HOME": str(folder)}, person)
    return trust(invocation, fingerprints, as_json=as_json)


def test_after_a_yes_all_keys_are_stored_and_the_host_can_be_logged_in_to(
    start_sshd: StartSshd, tmp_path: Path
) -> None:
    server = start_sshd(kinds=("ed25519", "ecdsa", "rsa"))
    folder, person = project(tmp_path / "project", server), Person()
    assert run(folder, person) is Exit.OK
    for kind in ("ed25519", "ecdsa", "rsa"):
        assert str(server.keys.public(kind)) in person.saw
    file = folder / "known_hosts"
    assert file.read_text() == server.line("ed25519") + server.line("ecdsa") + server.line("rsa")
    assert file.stat().st_mode & 0o777 == 0o644
    assert not server.asked_to_log_in
    server.open(file.read_text()).close()
    for person in (Person(), Person(answer=None)):
        assert run(folder, person) is Exit.OK, "a pipeline that does this each time goes on"
        assert person.saw.count("  known\n") == 3
        assert f": kept in {file} already" in person.saw
        assert not person.asked
    for elsewhere in (file.read_text().splitlines()[0], file.read_text() + server.line("other")):
        file.write_text(f"{elsewhere}\n")
        assert run(folder, person := Person(answer=False)) is Exit.FAILED
        assert person.asked, "a key is missing there, or another is known too"
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_after_a_no_no_key_is_stored(folder: Path) -> None:
    assert run(folder, Person(answer=False)) is Exit.FAILED
    assert not (folder / "known_hosts").exists()


def test_without_a_terminal_no_key_is_trusted(folder: Path, sshd: Sshd) -> None:
    with pytest.raises(UsageError) as caught:
        run(folder, shown := Person(answer=None))
    assert sshd.keys.public("ed25519").fingerprint in shown.saw
    assert "SSH_KNOWN_HOSTS" in caught.value.hint
    wrong = sshd.keys.public("other").fingerprint
    assert run(folder, Person(answer=None), wrong) is Exit.FAILED
    assert not (folder / "known_hosts").exists()
    assert run(folder, person := Person(answer=None), sshd.keys.public("ed25519").fingerprint) is Exit.OK
    assert (folder / "known_hosts").read_text() == sshd.line()
    assert not person.asked


def test_what_is_offered_and_kept_as_json(folder: Path, sshd: Sshd) -> None:
    def said(person: Person, *fingerprints: str) -> dict[str, Any]:
        person.out = io.StringIO()
        with suppress(UsageError):
            run(folder, person, *fingerprints, as_json=True)
        document: dict[str, Any] = json.loads(person.out.getvalue())
        assert document.pop("version") == 1
        (host,) = document.pop("hosts")
        assert not document
        return dict(host)

    kind, fingerprint = str(sshd.keys.public("ed25519")).split()
    key = {"kind": kind, "fingerprint": fingerprint, "known": False}
    offer = {"name": f"[{ADDRESS}]:{sshd.port}", "gateway": False, "keys": [key], "gone": []}
    shown = {"host": "web-1", "result": "not-trusted", "offers": [offer]}
    assert said(Person(answer=None)) == said(Person(answer=False)) == shown
    assert said(Person(answer=None), fingerprint) == {**shown, "result": "trusted"}
    file = folder / "known_hosts"
    file.write_text(file.read_text() + sshd.line("other"))
    (again,) = said(Person(answer=False))["offers"]
    assert again["keys"] == [{**key, "known": True}]
    gone = {"kind": kind, "fingerprint": sshd.keys.public("other").fingerprint, "place": f"{file}:2"}
    assert again["gone"] == [gone]
    sshd.stop()
    assert {**said(Person()), "result": "unreachable", "offers": []} == said(Person())


def test_a_changed_key_is_loud_and_takes_the_old_ones_place(folder: Path, sshd: Sshd) -> None:
    at = f"[{ADDRESS}]:{sshd.port}"
    kept = f"# ours\n\n{sshd.line('other', '192.0.2.7')}@revoked * {sshd.line('rsa', '').partition(' ')[2]}"
    file = folder / "known_hosts"
    file.write_text(kept + sshd.line("other", f"{at},192.0.2.8") + sshd.line("other", "web-1"))
    assert run(folder, person := Person()) is Exit.OK
    assert "THIS HAS CHANGED" in person.saw
    assert f"{sshd.keys.public('other')} ({file}:5)" in person.saw
    assert file.read_text() == kept + sshd.line("other", "192.0.2.8") + sshd.line()
    sshd.open(file.read_text()).close()


def test_a_revoked_key_is_never_trusted(folder: Path, sshd: Sshd) -> None:
    (folder / "known_hosts").write_text(before := f"@revoked {sshd.line(name='*')}")
    assert run(folder, person := Person()) is Exit.FAILED
    assert "every host key that it offers is revoked" in person.saw
    assert (folder / "known_hosts").read_text() == before


def test_an_unknown_gateway_is_trusted_first_then_logged_in_to(
    sshd: Sshd, start_sshd: StartSshd, tmp_path: Path
) -> None:
    gateway = start_sshd(kinds=("ecdsa",))
    jump = f"{USER}@{ADDRESS}:{gateway.port}"
    folder = project(tmp_path / "project", sshd, jump, "user_locked")
    assert run(folder, person := Person()) is Exit.OK
    assert [question.split(" (")[0] for question in person.asked] == [
        f"passphrase of {sshd.keys.folder / 'user_locked'}",
        f"trust gateway [{ADDRESS}]:{gateway.port} of web-1?",
        "trust web-1",
    ]
    text = (folder / "known_hosts").read_text()
    assert text == gateway.line("ecdsa") + sshd.line()
    assert KnownHosts.find(folder, {"HOME": str(folder)}).entries
    with sshd.open(text, sshd.host(gateway=jump)) as link:
        assert link.run(["true"], b"", 10).status == 0


def test_a_host_that_is_down(folder: Path, sshd: Sshd) -> None:
    sshd.stop()
    assert run(folder, person := Person()) is Exit.FAILED
    assert "connection refused" in person.saw
    assert "hint: " in person.saw


def test_many_hosts_are_one_question_but_for_those_whose_key_has_changed(start_sshd: StartSshd, tmp_path: Path) -> None:
    sshd, gateway = start_sshd("ListenAddress 0.0.0.0"), start_sshd(kinds=("ecdsa",))
    ssh = f"user: {USER}, gateway: '{USER}@{ADDRESS}:{gateway.port}', key: {sshd.keys.folder / 'user'}"
    (tmp_path / "inventory.yml").write_text(
        f"""hosts:
  "new-[1:3]": {{address: "127.0.0.[1:3]", ssh: {{{ssh}, port: {sshd.port}}}}}
  "gone-[1:3]": {{address: "127.0.0.[1:3]", ssh: {{{ssh}, port: {free_port()}}}}}
  changed: {{address: 127.0.0.4, ssh: {{{ssh}, port: {sshd.port}}}}}
"""
    )
    path = tmp_path / "known_hosts"
    path.write_text(sshd.line("other", f"[127.0.0.4]:{sshd.port}"))
    person = Person()
    assert trust(Invocation(tmp_path / "inventory.yml", ["*"], {"HOME": str(tmp_path)}, person), ()) is Exit.FAILED
    assert person.asked == [
        f"trust gateway [{ADDRESS}]:{gateway.port} of new-1?",
        f"trust changed ([127.0.0.4]:{sshd.port})?",
        "trust these 3 hosts?",
    ]
    assert person.saw.count("the gateway cannot reach it") == 1
    assert "3 hosts unreachable: gone-[1:3]" in person.saw
    assert person.saw.count(" offers:") == 5
    assert sorted(path.read_text().splitlines(keepends=True)) == sorted(
        [gateway.line("ecdsa"), *(sshd.line(name=f"[127.0.0.{number}]:{sshd.port}") for number in (1, 2, 3, 4))]
    )


def test_of_many_hosts_those_that_are_kept_are_counted_and_what_is_new_or_changed_is_shown_last(
    start_sshd: StartSshd, tmp_path: Path
) -> None:
    sshd = start_sshd("ListenAddress 0.0.0.0", kinds=("ed25519", "ecdsa"))
    (tmp_path / "inventory.yml").write_text(
        f"defaults: {{ssh: {{user: {USER}, port: {sshd.port}, key: {sshd.keys.folder / 'user'}}}}}\n"
        'hosts: {changed: {address: 127.0.0.9}, "web-[1:6]": {address: "127.0.0.[1:6]"}}\n'
    )
    at = {number: f"[127.0.0.{number}]:{sshd.port}" for number in (1, 2, 3, 4, 5, 9)}
    lines = [sshd.line(kind, at[number]) for number in (1, 2, 3, 4) for kind in ("ed25519", "ecdsa")]
    lines += [sshd.line(name=at[5]), sshd.line("other", at[9])]
    for person in (Person(answer=None), Person()):
        (tmp_path / "known_hosts").write_text("".join(lines))
        invocation = Invocation(tmp_path / "inventory.yml", ["*"], {"HOME": str(tmp_path)}, person)
        with suppress(UsageError):
            trust(invocation, ())
        first, *rest = person.saw.splitlines()
        assert first == f"4 hosts: kept in {tmp_path / 'known_hosts'} already"
        titles = [line.split(" ")[0] for line in rest if line.endswith("offers:")]
        assert titles == ["web-5", "web-6", "changed"]
        assert [line.split("  ")[-1] for line in rest[1:3]] == ["known", "new"]
        assert all(len(line) <= 80 for line in rest if "SHA256" in line and str(tmp_path) not in line)
    assert [question.split(" (")[0] for question in person.asked] == ["trust changed", "trust these 2 hosts?"]


def test_what_was_agreed_to_is_kept_though_the_question_for_all_is_left(start_sshd: StartSshd, tmp_path: Path) -> None:
    sshd = start_sshd("ListenAddress 0.0.0.0")
    ssh = f"user: {USER}, port: {sshd.port}, key: {sshd.keys.folder / 'user'}"
    numbers = {"new-1": 1, "new-2": 2, "changed": 4}
    hosts = (f"  {name}: {{address: 127.0.0.{number}, ssh: {{{ssh}}}}}\n" for name, number in numbers.items())
    (tmp_path / "inventory.yml").write_text(f"hosts:\n{''.join(hosts)}")
    path = tmp_path / "known_hosts"
    path.write_text(sshd.line("other", f"[127.0.0.4]:{sshd.port}"))
    person = Person(leaves_at="trust these")
    with pytest.raises(KeyboardInterrupt):
        trust(Invocation(tmp_path / "inventory.yml", ["*"], {"HOME": str(tmp_path)}, person), ())
    assert path.read_text() == sshd.line(name=f"[127.0.0.4]:{sshd.port}")
    assert person.saw.count("kept in") == 1
