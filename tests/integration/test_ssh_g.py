"""Compares case by case what we read from ssh_config with what `ssh -G` reads."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from paramiko import SSHException

from runnerops.ssh.config import read_settings
from runnerops.ssh.settings import alive_of
from tests.shells import without

CASES = """
Host web|HostName 192.0.2.1|Port 2222|User me
Host !web *|User me
Host * !web|User me|Host w*|User you
Host w?b|User me
Host "web"|Port 9
Host w[e]b|Port 9
Host w*|Port 9|Match host w[e]b|Port 8
Match host="web"|Port 9
Match exec="test a=a"|Port 9
Host a,web|Port 9
HostName %h.example.com
HostName %%h
Port 22 # a comment
GlobalKnownHostsFile # a comment
User me # a comment
User "me"
Port=2222
Port = 2222
port 2222|Port 2223
IdentityFile a|IdentityFile b
IdentityFile none
ProxyJump a,b
ProxyJump me@a:2222
ProxyJump ssh://me@a:2222
ProxyJump none
ProxyCommand one|ProxyJump a
ProxyJump a|ProxyCommand one
ProxyJump none|ProxyCommand one
ProxyCommand none|ProxyJump a
HostKeyAlias other
ConnectTimeout 1m
ConnectTimeout 7
ServerAliveInterval 1m30s
ServerAliveInterval 5|ServerAliveCountMax 7
AddressFamily inet6
PreferredAuthentications publickey
IdentitiesOnly yes
GlobalKnownHostsFile /a /b
Match host web user bob|Port 1|Host web|User bob
Host web|User bob|Match user bob|Port 9
Host web|HostName x.example|Match host x.example|Port 9
Host web|HostName x.example|Match originalhost web|Port 9
Host web|HostName x.example|Match host web|Port 9
Match exec true|Port 9
Match exec "test %h = web"|Port 9
Match exec "test %n = db"|Port 9
Match exec false|Port 9|Match !exec false|Port 8
Match host a,web|Port 9
Match host *,!web|Port 9
Match final|Port 9
Match final host web|Port 9
Match final all|Port 9|Match host web|Port 8
Host web|HostName in.example|Match final|Port 9|Host in.example|User me
Host in.example|User me|Host web|HostName in.example|Match final|Port 9
Host web|HostName in.example|Host !web *.example|User me|Match final|Port 9
Host web|HostName %h.example|Match final|Port 9|Host web.example|User me|Match originalhost web|HostKeyAlias a
Host web|HostName in.example|Match final|Port 9|Host in.example|HostKeyAlias x
Host web|HostName in.example|Port 8|Host in.example|User me
Match canonical|Port 9
Match canonical|Port 9|Match final|User me
Match host web|HostName x.example|Include sub|Port 9
Match user root|Include sub|Port 9|Host web|IdentitiesOnly yes
Match host web|HostName x|Match host web|Port 8|Match host x|Port 9
Match exec true|Include sub|Port 9
Host web|Match !host web|Include sub|Port 9|Match host web|Port 8
ProxyCommand nc a 22|ProxyCommand none
ProxyCommand none|ProxyCommand nc a 22
CanonicalizeHostname yes|HostName 192.0.2.5
CanonicalizeHostname YES|HostName a.b.example
CanonicalizeHostname true|HostName %h.example
CanonicalizeHostname yes|Host web|HostName 192.0.2.5|Host 192.0.2.5|User addr
CanonicalizeHostname yes|Host web|HostName x|Match canonical host x|User canon
CanonicalizeHostname yes|CanonicalDomains example.invalid|ProxyJump gw|HostName %h-1
CanonicalizeHostname yes|CanonicalDomains example.invalid|CanonicalizeMaxDots 0|HostName a.b
Host web|Include sub|Port 5|Host *|Port 6
Host db|Include sub|Port 5|Host *|Port 6
Include sub|Port 7
Include nothing|Port 7
Include s?b
"""
REFUSED = """
Port abc
Port 0
Port 70000
Port 0x16
Port
Port 22 23
Port "2 2"
Host db|Port abc
Port=abc
ConnectTimeout xyz
ConnectTimeout -1
ConnectTimeout 5x
ConnectTimeout 99999999999
ServerAliveInterval x
ServerAliveCountMax -1
ServerAliveCountMax 1m
RequiredRSASize 1.5
CanonicalizeMaxDots x
IdentitiesOnly on
Host db|IdentitiesOnly maybe
AddressFamily foo
CanonicalizeHostname maybe
CanonicalizeFallbackLocal x
PubkeyAuthentication maybe
ProxyUseFdpass maybe
HostNmae x
lonely
User
User a b
User "a
User 'a
User #a
User ""
HostName a b
HostKeyAlias a b
ProxyJump a:b
ProxyJump a:99999
ProxyJump @a
ProxyJump a@
ProxyJump a,,b
ProxyJump ::1
ProxyJump ssh://a:x
ProxyCommand
ProxyCommand nc 'x
IdentityFile a b
IdentityAgent
CertificateFile
UserKnownHostsFile a none
RevokedHostKeys
BindAddress
Include
Include "a
Include recursive
Host
Host ""
Host web ""
Host "web
Match
Match ""
Match host
Match host=
Match all host web
Match all=x
Match canonical host
Match exec ""
"""
TAKEN = """
Port ssh
Port 022
Port +22
Port "22" # ours
ServerAliveCountMax +3
ConnectTimeout +5
ConnectTimeout 1H
ConnectTimeout 1h30
ConnectTimeout 0
ServerAliveInterval none
IdentitiesOnly YES
AddressFamily INET
CanonicalizeHostname always
PubkeyAuthentication host-bound
HostName "a b"
User a#b
User a #b c
User DOM\\me
User "a\\"b"
ProxyJump [::1]:22
ProxyJump me@corp.example@a:2222,b
ProxyJump NONE
ProxyCommand ""
UserKnownHostsFile none
Host #
Include # nothing yet
UserKnownHostsFile # the usual one
Match !all
Match host web all
Match final all
IgnoreUnknown HostN*|HostNmae x
IgnoreUnknown HostN*|Include renamed
Include nothing
identityfile2 x
userknownhostsfile2 y
"""
COMPARED = (
    *("hostname", "port", "user", "identityfile", "proxyjump", "proxycommand", "hostkeyalias"),
    *("connecttimeout", "serveraliveinterval", "serveralivecountmax", "identitiesonly", "globalknownhostsfile"),
    *("addressfamily", "preferredauthentications"),
)


def of_openssh(config: Path) -> dict[str, list[str]]:
    completed = subprocess.run(["ssh", "-G", "-F", config, "web"], capture_output=True, text=True, check=True)
    by_host: dict[str, list[str]] = {}
    for line in completed.stdout.splitlines():
        key, _, value = line.partition(" ")
        by_host.setdefault(key, []).append(value)
    return by_host


def test_what_is_read_of_ssh_config_is_what_openssh_reads(home: Path) -> None:
    """Values that are said are equal; what only OpenSSH has is its default, the same as for an empty file."""
    if not shutil.which("ssh"):
        pytest.skip(without("ssh", "openssh-client"))
    config = home / ".ssh" / "config"
    (home / ".ssh" / "sub").write_text("Host web\n User inc\nHost db\n User dbinc\n")
    config.write_text("")
    usual = of_openssh(config)
    differ = []
    for case in CASES.strip().splitlines():
        config.write_text(case.replace("|", "\n").replace("Include ", f"Include {home}/.ssh/") + "\n")
        theirs = of_openssh(config)
        ours: dict[str, object] = {**read_settings(os.environ).lookup("web")}
        for key in COMPARED:
            value = ours.get(key)
            values = usual.get(key) if value is None else value if isinstance(value, list) else [value]
            if values != theirs.get(key):
                differ.append(f"{case}: {key}: {values} here, {theirs.get(key)} there")
    assert not differ, "\n".join(differ)


def test_what_openssh_ends_with_an_error_at_is_an_error(home: Path) -> None:
    if not shutil.which("ssh"):
        pytest.skip(without("ssh", "openssh-client"))
    config = home / ".ssh" / "config"
    (home / ".ssh" / "recursive").write_text(f"Include {home}/.ssh/recursive\n")
    (home / ".ssh" / "renamed").write_text("HostNmae x\n")
    differ = []
    for case in (*REFUSED.strip().splitlines(), *TAKEN.strip().splitlines()):
        config.write_text(case.replace("|", "\n").replace("Include r", f"Include {home}/.ssh/r") + "\n")
        theirs = subprocess.run(["ssh", "-G", "-F", config, "web"], capture_output=True, text=True, check=False)
        assert (theirs.returncode != 0) == (case in REFUSED.splitlines()), (case, theirs.stderr)
        try:
            ours: dict[str, object] = {**read_settings(os.environ).lookup("web")}
        except SSHException as error:
            if theirs.returncode == 0 or str(home / ".ssh") not in str(error):
                differ.append(f"{case}: {error}")
            continue
        if theirs.returncode:
            differ.append(f"{case}: taken here; there {theirs.stderr}")
        for key in ("hostname", "port", "user") if theirs.returncode == 0 else ():
            if key in ours and [ours[key]] != of_openssh(config)[key]:
                differ.append(f"{case}: {key}: {ours[key]} here, {of_openssh(config)[key]} there")
    assert not differ, "\n".join(differ)


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def a_link_to_nothing(path: Path) -> None:
    path.symlink_to("nothing")


def without_a_right(path: Path) -> None:
    path.write_text("User them\n")
    path.chmod(0)


MADE = [a_link_to_itself, a_link_to_nothing, Path.mkdir]
"""Files that even root cannot read."""
if os.getuid():
    MADE.append(without_a_right)


@pytest.mark.parametrize("make", MADE)
def test_a_file_that_cannot_be_read_is_reported_where_openssh_tells_or_leaves_it_out(
    make: Callable[[Path], None], home: Path
) -> None:
    """For OpenSSH, this is an error of an `Include` only. It says nothing of the user's own file, and we do."""
    if not shutil.which("ssh"):
        pytest.skip(without("ssh", "openssh-client"))
    config, included, texts = home / ".ssh" / "config", home / ".ssh" / "included", list[str]()
    make(included)
    config.write_text(f"Host db\n Include {included}\nHost *\n User me\n")
    theirs = subprocess.run(["ssh", "-G", "-F", config, "web"], capture_output=True, text=True, check=False)
    if theirs.returncode:
        assert "Can't open user config file" in theirs.stderr
        with pytest.raises(SSHException, match=re.escape(f"{config}:2: {included} cannot be read (")):
            read_settings(os.environ, texts.append)
    else:
        assert read_settings(os.environ, texts.append).lookup("web")["user"] == "me"
    config.unlink()
    assert texts == []
    make(config)
    assert "user" not in read_settings(os.environ, texts.append).lookup("web")
    assert [text.partition(" (")[0] for text in texts] == [f"{config} cannot be read"] * (theirs.returncode != 0)


@pytest.mark.parametrize("mark", ["\x0c", "\x1c", "\x85", "\u2028"])
def test_nothing_but_a_newline_ends_a_comment(mark: str, home: Path) -> None:
    (home / ".ssh" / "config").write_text(f"User me # of{mark}Port x\n")
    settings = read_settings(os.environ).lookup("web")
    assert settings["user"] == "me"
    assert "port" not in settings


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        ("User me\nIdentityFile ~/k/%r@%h-%p-%n\n", "identityfile", ["{home}/k/me@web-22-web"]),
        ("Port 7\nIdentityFile %d/x%%y-%p\n", "identityfile", ["{home}/x%y-7"]),
        ('IdentityFile "~/my key"\n', "identityfile", ["{home}/my key"]),
        ("IdentityFile ${{HOME}}/k\n", "identityfile", ["{home}/k"]),
        ("IdentityFile ~no-such-user/k\n", "identityfile", ["~no-such-user/k"]),
        ("IdentityAgent ~/agent\n", "identityagent", "{home}/agent"),
        ("CertificateFile ~/c-cert.pub\n", "certificatefile", "{home}/c-cert.pub"),
        ('UserKnownHostsFile ~/kh-%h "~/my kh"\n', "userknownhostsfile", "{home}/kh-web '{home}/my kh'"),
        ("HostName x\nProxyCommand nc %h %p --n %n '#' %%\n", "proxycommand", "nc x 22 --n web '#' %"),
    ],
)
def test_what_openssh_replaces_when_it_connects(text: str, key: str, expected: str | list[str], home: Path) -> None:
    """`ssh -G` shows these as they are written."""
    (home / ".ssh" / "config").write_text(text.format(home=home))
    whole = [text.format(home=home) for text in expected] if isinstance(expected, list) else expected.format(home=home)
    assert read_settings(os.environ).lookup("web")[key] == whole


def test_user_and_port_of_the_inventory_count_first(home: Path) -> None:
    (home / ".ssh" / "config").write_text("User me\nPort 9\nProxyCommand nc %h %p %r\nMatch user you\n HostName y\n")
    settings = read_settings(os.environ).with_login("web", "you", 2222)
    assert settings.lookup("web")["proxycommand"] == "nc y 2222 you"
    assert settings.lookup("db")["proxycommand"] == "nc db 9 me", "but those of another host are its own"


ANSWERED = """
addressfamily canonicaldomains canonicalizefallbacklocal canonicalizehostname canonicalizemaxdots
certificatefile connecttimeout globalknownhostsfile host hostkeyalias hostname identitiesonly identityagent
identityfile port proxycommand proxyjump serveralivecountmax serveraliveinterval tag user userknownhostsfile
bindaddress bindinterface preferredauthentications proxyusefdpass pubkeyauthentication refuseconnection
revokedhostkeys casignaturealgorithms hostkeyalgorithms requiredrsasize
"""
"""Followed, or refused by name."""
WITHOUT_DIFFERENCE = """
addkeystoagent batchmode canonicalizepermittedcnames channeltimeout checkhostip ciphers
clearallforwardings compression connectionattempts controlmaster controlpath controlpersist dynamicforward
enableescapecommandline enablesshkeysign escapechar exitonforwardfailure fingerprinthash
forkafterauthentication forwardagent forwardx11 forwardx11timeout forwardx11trusted gatewayports
gssapiauthentication gssapiclientidentity gssapidelegatecredentials gssapikexalgorithms gssapikeyexchange
gssapirenewalforcesrekey gssapiserveridentity gssapitrustdns hashknownhosts hostbasedacceptedalgorithms
hostbasedauthentication ignoreunknown ipqos kbdinteractiveauthentication
kbdinteractivedevices kexalgorithms knownhostscommand localcommand localforward loglevel logverbose macs
nohostauthenticationforlocalhost numberofpasswordprompts obscurekeystroketiming passwordauthentication
permitlocalcommand permitremoteopen pkcs11provider pubkeyacceptedalgorithms rekeylimit remotecommand
remoteforward requesttty securitykeyprovider sendenv sessiontype setenv stdinnull
streamlocalbindmask streamlocalbindunlink stricthostkeychecking syslogfacility tcpkeepalive tunnel
tunneldevice updatehostkeys verifyhostkeydns versionaddendum visualhostkey warnweakcrypto xauthlocation
"""
"""They make no difference to who connects where, or what is done without them is stricter; docs/ssh.md says which."""
LOOKED_AT = (10, 0)
"""The newest OpenSSH whose keys were gone through."""


def test_every_key_that_openssh_knows_is_answered(home: Path) -> None:
    if not shutil.which("ssh"):
        pytest.skip(without("ssh", "openssh-client"))
    output = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=True).stderr
    release = re.search(r"OpenSSH_(\d+)\.(\d+)", output)
    if not release or (int(release[1]), int(release[2])) > LOOKED_AT:
        pytest.skip(f"newer than what was looked at: {output.strip()}")
    (home / ".ssh" / "config").write_text("")
    keys = {*ANSWERED.split(), *WITHOUT_DIFFERENCE.split()}
    assert [key for key in of_openssh(home / ".ssh" / "config") if key.lower() not in keys] == []


@pytest.mark.parametrize(
    ("every", "most", "expected"),
    [
        ("", "", (15, 60)),
        ("30", "", (30, 90)),
        ("30", "2", (30, 60)),
        ("", "2", (15, 30)),
        ("60", "99999", (60, 86_400)),
    ],
)
def test_the_silence_that_is_borne_is_one_that_a_socket_takes(every: str, most: str, expected: tuple[int, int]) -> None:
    found = alive_of({"serveraliveinterval": every, "serveralivecountmax": most})
    assert found == expected
    with socket.socket() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, found[1] * 1000)
