"""known_hosts files as people have them: which lines count, for which hosts, and the messages about other lines."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runnerops.ssh.certificates import Names, certificate_problem, read_certificate
from runnerops.ssh.hostkeys import HostKey, KnownHosts, parse
from runnerops.ssh.hostnames import covers, lookup_name, without_names


def blob(kind: str, rest: bytes) -> bytes:
    return len(kind).to_bytes(4, "big") + kind.encode() + rest


def key(rest: bytes = b"1", kind: str = "ssh-ed25519") -> HostKey:
    return HostKey(kind, blob(kind, rest))


A, B = key(b"a"), key(b"b")


def test_a_fingerprint_is_openssh_s() -> None:
    # ssh-keygen -lf of the key below says the same
    text = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    github = HostKey("ssh-ed25519", base64.b64decode(text))
    assert github.fingerprint == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"
    assert str(github) == f"ssh-ed25519 {github.fingerprint}"
    assert github.line("github.com") == f"github.com ssh-ed25519 {text}"


@pytest.mark.parametrize(
    ("patterns", "names", "others"),
    [
        ("web", ["web", "WEB"], ["web.example.com", "we"]),
        ("a,b", ["a", "b"], ["a,b", "c"]),
        ("*.example.com", ["a.example.com", "a.b.example.com"], ["example.com", "a.example.org", "axexample.com"]),
        ("*,!db", ["web"], ["db"]),
        ("!db,*", ["web"], ["db"]),
        ("!db", [], ["db", "web"]),
        ("192.0.2.?", ["192.0.2.7"], ["192.0.2.17"]),
        ("[192.0.2.1]:2222", ["[192.0.2.1]:2222"], ["192.0.2.1", "[192.0.2.1]:22", "1"]),
        ("[*]:2222", ["[192.0.2.1]:2222"], ["*:2222"]),
        ("|1|x|y", [], ["x", "y"]),
        ("|2|7IOLkuMjcSCYdqX+ldEGYcN47PQ=|7IOLkuMjcSCYdqX+ldEGYcN47PQ=", [], ["web"]),
        ("|1|", [], [""]),
    ],
)
def test_which_names_a_pattern_covers(patterns: str, names: list[str], others: list[str]) -> None:
    assert [name for name in names + others if covers(patterns, name)] == names


def test_hashed_names() -> None:
    web_1 = "|1|skStpPSBjzUQuAFv0J1fiITJntI=|/bAvqo2CdKaY+vnZpNd+8ccke14="  # made by ssh-keygen -H
    assert covers(web_1, "web-1")
    assert covers(web_1, "WEB-1")
    assert not covers(web_1, "web-2")
    assert without_names(f"{web_1} ssh-ed25519 AAAA", ["web-1"]) is None
    assert without_names(f"{web_1} ssh-ed25519 AAAA", ["web-2"]) is not None


@given(st.text(), st.text())
def test_no_line_is_too_strange(line: str, name: str) -> None:
    parse([("f", line)]).entries_for([name])
    covers(line, name)
    without_names(line, [name])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("web ssh-ed25519", "not a host, a kind and a key"),
        ("rubbish", "not a host, a kind and a key"),
        ("web ssh-ed25519 !!!", "the key is damaged"),
        ("web ssh-ed25519 AAAA", "the key is damaged"),
        (A.line("web").replace("ssh-ed25519", "ssh-rsa"), "the key is damaged"),
        ("web ssh-dss AAAA", "keys of kind ssh-dss cannot be verified"),
        ("web sk-ssh-ed25519@openssh.com AAAA", "keys of kind sk-ssh-ed25519@openssh.com cannot be verified"),
        ("@cert-authority * ssh-dss AAAA", "keys of kind ssh-dss cannot be verified"),
        (f"@unheard-of {A.line('*')}", "unknown marker"),
        ("@revoked", "not a host, a kind and a key"),
    ],
)
def test_lines_that_are_passed_over(line: str, why: str) -> None:
    known_hosts = parse([("f", f"{A.line('a')}\n{line}\n{B.line('b')}\n")])
    assert [entry.place for entry in known_hosts.entries] == ["f:1", "f:3"]
    assert known_hosts.warnings == (f"f:2: ignored: {why}",)


def test_one_warning_tells_of_many_lines() -> None:
    assert parse([("f", "x\ny\nz\n")]).warnings == ("f:1,2,3: ignored: not a host, a kind and a key",)


@pytest.mark.parametrize("line", ["", "  ", "# a comment", "  # one more", "#x ssh-ed25519 AAAA"])
def test_lines_that_say_nothing(line: str) -> None:
    assert parse([("f", line)]) == KnownHosts()


@pytest.mark.parametrize("form", ["{}", "  {}  ", "{} a comment # more", "{}\r"])
def test_every_form_of_a_known_hosts_line_is_read(form: str) -> None:
    line = form.format(A.line("web").replace(" ", "\t"))
    assert [entry.key for entry in parse([("f", line)]).entries_for(["web"])] == [A]


def test_a_key_that_is_known_twice_is_one_and_has_the_first_place() -> None:
    known_hosts = parse([("f", A.line("web")), ("g", f"{A.line('web,192.0.2.1')}\n{B.line('192.0.2.1')}")])
    assert [entry.place for entry in known_hosts.entries_for(["web", "192.0.2.1"])] == ["f:1", "g:2"]


def test_a_revoked_key_is_not_known_wherever_it_stands() -> None:
    known_hosts = parse([("f", f"{A.line('web')}\n{B.line('web')}"), ("g", f"@revoked {A.line('*')}")])
    assert [entry.key for entry in known_hosts.entries_for(["web"])] == [B]
    assert (found := known_hosts.revocation(A, ["web"])) is not None
    assert found.place == "g:1"
    assert known_hosts.revocation(B, ["web"]) is None
    assert parse([("f", f"@revoked {A.line('other')}")]).revocation(A, ["web"]) is None


@pytest.mark.parametrize(("port", "name"), [(22, "web"), (2222, "[web]:2222")])
def test_a_port_is_part_of_the_name(port: int, name: str) -> None:
    assert lookup_name("web", port) == name


@pytest.fixture(name="folder")
def fixture_folder(tmp_path: Path) -> Path:
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    (tmp_path / "project").mkdir()
    return tmp_path


def find(folder: Path, variable: str = "") -> KnownHosts:
    return KnownHosts.find(folder / "project", {"HOME": str(folder / "home"), "SSH_KNOWN_HOSTS": variable})


def places(known_hosts: KnownHosts, folder: Path) -> list[str]:
    return [entry.place.removeprefix(f"{folder}/") for entry in known_hosts.entries if entry.names == "web"]


def test_where_known_hosts_is_read_from(folder: Path) -> None:
    assert places(find(folder), folder) == []
    for name in ("project/known_hosts", "home/.ssh/known_hosts", "home/.ssh/known_hosts2"):
        (folder / name).write_text(A.line("web"))
    known_hosts = find(folder, B.line("web"))
    assert places(known_hosts, folder) == [
        "project/known_hosts:1",
        "home/.ssh/known_hosts:1",
        "home/.ssh/known_hosts2:1",
        "SSH_KNOWN_HOSTS:1",
    ]


@pytest.mark.parametrize("form", ["{}", "{}\n", "  {}"])
@pytest.mark.parametrize("name", ["given", "with a space"])
def test_the_variable_may_be_a_path(form: str, name: str, folder: Path) -> None:
    (folder / name).write_text(A.line("web"))
    assert places(find(folder, form.format(folder / name)), folder) == [f"{name}:1"]


@pytest.mark.parametrize(
    ("variable", "warning"),
    [
        ("{}/missing", "SSH_KNOWN_HOSTS: {}/missing: ignored: No such file or directory"),
        ("a\0b", "SSH_KNOWN_HOSTS: a\0b: ignored: no path"),
        ("some words here", "SSH_KNOWN_HOSTS:1: ignored: keys of kind words cannot be verified"),
    ],
)
def test_a_variable_without_a_key_is_reported(variable: str, warning: str, folder: Path) -> None:
    assert warning.format(folder) in find(folder, variable.format(folder)).warnings


def test_a_file_that_cannot_be_read_is_reported(folder: Path) -> None:
    (folder / "home" / ".ssh" / "known_hosts").mkdir()
    assert any("known_hosts: ignored: Is a directory" in warning for warning in find(folder).warnings)
    (folder / "project" / "known_hosts").write_bytes(b"\xff\xfe web\n" + A.line("web").encode())
    assert places(find(folder), folder) == ["project/known_hosts:2"]


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (A.line("web"), None),
        (A.line("WEB"), None),
        (A.line("web,192.0.2.1"), None),
        (A.line("web,db"), A.line("db")),
        (A.line("db"), A.line("db")),
        (A.line("*"), A.line("*")),
        (f"@revoked {A.line('web')}", f"@revoked {A.line('web')}"),
        ("# web", "# web"),
        ("", ""),
        (f"{A.line('web,db')}  comment", f"{A.line('db')}  comment"),
    ],
)
def test_a_line_without_a_host(line: str, left: str | None) -> None:
    assert without_names(line, ["web", "192.0.2.1"]) == left


def framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def certificate(*, signature: bytes = framed(b"ssh-ed25519", b"s"), more: bytes = b"") -> bytes:
    """Of a host called web, for all time, by the authority B."""
    numbers = [(0).to_bytes(8, "big"), (2).to_bytes(4, "big")]
    times = (0).to_bytes(8, "big") + (2**64 - 1).to_bytes(8, "big")
    head = framed(b"ssh-ed25519-cert-v01@openssh.com", b"nonce", b"k" * 32) + b"".join(numbers)
    return head + framed(b"id", framed(b"web")) + times + framed(b"", b"", b"", B.blob, signature) + more


def test_a_certificate_is_held_against_its_authority_s_signature() -> None:
    known_hosts = parse([("f", f"@cert-authority * {B.line('x').removeprefix('x ')}\n")])
    names = Names(("web",), ("web",))
    seen: list[tuple[HostKey, bytes, bytes]] = []

    def verify(*asked: object) -> bool:
        seen.append(cast(tuple[HostKey, bytes, bytes], asked))
        return len(seen) == 1

    parsed = read_certificate(certificate())
    assert certificate_problem(parsed, known_hosts, names, 1.0, verify) == ""
    ((key, signed, signature),) = seen
    assert (key, signature) == (B, framed(b"ssh-ed25519", b"s"))
    assert certificate() == signed + framed(signature)
    assert certificate_problem(parsed, known_hosts, names, 1.0, verify) == "its signature is wrong"
    weak = read_certificate(certificate(signature=framed(b"ssh-rsa", b"s")))
    assert "its kind of signature is not accepted" in certificate_problem(
        weak, known_hosts, names, 1.0, lambda *_: True
    )


def test_an_authority_of_no_kind_cannot_steer_a_terminal() -> None:
    """Anybody who answers at the host's address can send it; nothing of it is proven when it is told."""
    odd = certificate().replace(framed(B.blob), framed(framed(b"\x1b[2J") + B.blob))
    with pytest.raises(ValueError, match="not a kind of key"):
        read_certificate(odd)


@given(st.binary(), st.integers(0, 300))
def test_a_key_that_is_no_certificate_has_no_authority(junk: bytes, cut: int) -> None:
    whole = certificate()
    for blob in (junk, whole[: min(cut, len(whole) - 1)], whole + junk + b"x"):
        with pytest.raises(ValueError, match=r"\S"):
            read_certificate(blob)


@given(
    st.lists(st.lists(st.sampled_from(["a", "B", "c.d", "*.d", "!a", "c.?", "", "[a]:22"]), max_size=3), max_size=6),
    st.lists(st.sampled_from(["a", "b", "A", "c.d", "[a]:22", ""]), max_size=3),
)
def test_the_lines_about_a_host_are_found_in_order(lines: list[list[str]], names: list[str]) -> None:
    texts = [key(bytes([number])).line(",".join(words)) for number, words in enumerate(lines) if any(words)]
    known_hosts = parse([("f", "\n".join(texts))])
    assert known_hosts.entries_for(names) == tuple(entry for entry in known_hosts.entries if entry.covers(names))
