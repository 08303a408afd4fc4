"""The questions of an observation under every shell that hosts have as `sh`, with that shell's own tools."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.resources import files as package_files
from pathlib import Path

import pytest

from runnerops.model.answers import Answer
from runnerops.model.facts import Container, Facts
from runnerops.model.host_state import RemoteFile
from runnerops.remote.observation import decode_observation, minify
from runnerops.services import DOCKER
from runnerops.services.docker.observe import OBSERVE
from tests.shells import SHELLS

ONE, TWO = "1" * 64, "f" * 64
FRAME = package_files("runnerops.remote").joinpath("observe.sh").read_text()
CONTAINERS = f'[{{"Id":"{ONE}","Names":["/a"],"Labels":{{"x":"{{1,2}}"}}}},{{"Id":"{TWO}","Image":"b"}}]'


@pytest.fixture(params=SHELLS, name="shell")
def fixture_shell(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[tuple[str, ...], str]:
    """The shell, and a PATH with busybox's tools where it is busybox's."""
    path = "/usr/bin:/bin"
    if request.param[0] == "busybox":
        for name in ("grep", "sed"):
            (tmp_path / name).symlink_to(shutil.which("busybox") or "")
        path = f"{tmp_path}:{path}"
    return request.param, path


def ask(shell: tuple[tuple[str, ...], str], inspected: str, folders: Sequence[str] = ()) -> list[str]:
    """What a host answers of its daemon, whose socket tells two containers, and of them a line each of `inspected`.

    `folders`: the ids of containers that have a folder where one is looked for.
    """
    argv, path = shell
    lists = "".join(
        f"{text}\n\n200 http://localhost/{name}\n"
        for name, text in (("info", '{"ID":"x"}'), ("images/json", "[]"), ("containers/json?all=1", CONTAINERS))
    )
    fakes = f"""newline='\n'
    curl() {{
      case $* in
      *localhost/info*{ONE}/json*{TWO}/json*) cat "$INSPECTED" >&3 ;;
      *localhost/info*{ONE}/json*) head -n 1 "$INSPECTED" >&3 ;;
      *{ONE}/json*{TWO}/json) cat "$INSPECTED" ;;
      *{TWO}/json) tail -n 1 "$INSPECTED" ;;
      esac
      case $* in *localhost/info*) printf '%s' '{lists}' ;; esac
    }}
    limited() {{ case $1 in curl) "$@" ;; *) echo "$*" ;; esac; }}
    ask() {{ echo "== $1"; shift; "$@"; }}
    """
    here = OBSERVE.replace('[ -S "$socket" ] && [ -e "$root/var/run/docker.pid" ]', ":")
    script = f"{FRAME}\n{here}\nroot=$FOLDER\n{fakes}\nawait_docker_daemon FORMAT /data\n"
    with tempfile.TemporaryDirectory() as folder:
        for name in folders:
            (Path(folder) / "data/containers" / name).mkdir(parents=True)
        text = Path(folder) / "inspected"
        text.write_text(inspected, "utf-8")
        env = {"PATH": path, "INSPECTED": str(text), "FOLDER": folder, "LC_ALL": "C"}
        completed = subprocess.run([*argv, "-s"], input=script, env=env, capture_output=True, text=True, check=True)
    return completed.stdout.splitlines()


@pytest.mark.parametrize("folders", [(), (ONE,), (ONE, TWO, "e" * 64, "none")], ids=["none", "one", "more"])
def test_every_container_of_the_daemon_is_inspected(shell: tuple[tuple[str, ...], str], folders: Sequence[str]) -> None:
    """By the client, where the socket tells nothing that is understood."""
    texts = ask(shell, '{"message":"page not found"}\n', folders)
    inspect = f"docker inspect --type container --format FORMAT {ONE} {TWO}"
    assert texts[-2:] == ["== docker_containers", inspect]


ODD = {
    "Id": ONE,
    "Args": ['{"Id":"', '"Labels":{"a":"b"}'],
    "State": {"Status": "running", "Running": True, "Health": {"Log": [{"Output": '"Running":false, "Image":"x"\n'}]}},
    "Image": "sha256:aa",
    "Name": "/odd",
    "HostConfig": {
        "PortBindings": {
            "80/tcp": [{"HostIp": "192.0.2.1", "HostPort": "80"}, {"HostIp": "", "HostPort": "81"}],
            "9/udp": None,
        },
        "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
        "Mounts": [{"Type": "volume", "VolumeOptions": {"Labels": {"of": "the mount"}}}],
    },
    "Mounts": [{"Type": "volume", "Name": "data", "Source": "/var/lib/x", "Destination": "/data"}],
    "Config": {
        "Env": ["PASSWORD=hush", 'TEXT="Labels":{"PASSWORD":"hush"}'],
        "Image": "odd:1",
        "Labels": {"quoted": 'a "b" \\ {c} [d]', "é": "ü", "empty": "", "markup": "<a&b>"},
    },
    "NetworkSettings": {"Networks": {"bridge": {"Aliases": None}}},
}
BARE = {
    "Id": TWO,
    "State": {"Running": False},
    "Image": "sha256:bb",
    "Name": "/bare",
    "HostConfig": {"PortBindings": None, "RestartPolicy": {"Name": "", "MaximumRetryCount": 0}},
    "Config": {"Env": None, "Image": "bare", "Labels": {}},
}


@pytest.mark.parametrize(
    "folders", [(), (ONE,), (ONE, TWO, "e" * 64)], ids=["no folder", "a folder", "a folder too many"]
)
def test_containers_are_read_from_the_socket_and_nothing_else_of_them(
    shell: tuple[tuple[str, ...], str], folders: Sequence[str]
) -> None:
    """At once with all else that the daemon is asked, where each has a folder."""
    texts = [json.dumps(of, separators=(",", ":"), ensure_ascii=False) for of in (ODD, BARE)]
    answer_lines = ask(shell, "".join(f"{text}\n" for text in texts).replace("<", "\\u003c"), folders)
    assert ("== docker_inspected" in answer_lines) is (len(folders) < 2)
    text = "\n".join(line for line in answer_lines if not line.startswith("=="))
    assert "hush" not in text
    facts = DOCKER.facts(
        Facts(), {"docker_where": Answer(0, b"/usr/bin/docker"), "docker_responses": Answer(0, text.encode())}
    )
    assert facts.docker
    labels = {"quoted": 'a "b" \\ {c} [d]', "é": "ü", "empty": "", "markup": "<a&b>"}
    assert facts.docker.containers == (
        Container(ONE, "odd", "odd:1", True, "unless-stopped", ("192.0.2.1:80", ":81"), labels, {"/data": "data"}),
        Container(TWO, "bare", "bare", False, "", (), {}),
    )


@pytest.mark.parametrize("shell", SHELLS)
def test_a_container_that_the_daemon_does_not_tell_of_hides_no_other(shell: tuple[str, ...], tmp_path: Path) -> None:
    """dockerd can hang at one container: then curl ends at it, and its client would wait there too, and tell of none."""
    for name in (ONE, TWO, "e" * 64):
        (tmp_path / "data/containers" / name).mkdir(parents=True)
    script = f"""{FRAME}
    {OBSERVE.replace('[ -S "$socket" ] && [ -e "$root/var/run/docker.pid" ]', ":")}
    curl() {{
      at=1
      case $* in *--fail-early*) strict=yes ;; *) strict='' ;; esac
      for word; do
        case $word in
        /dev/fd/3) at=3 ;;
        */info) printf '%s\\n\\n200 %s\\n' '{{"ID":"x"}}' "$word" ;;
        */images/json) printf '[]\\n200 %s\\n' "$word" ;;
        */json\\?all=1) printf '[{{"Id":"{ONE}"}},{{"Id":"{"e" * 64}"}},{{"Id":"{TWO}"}}]\\n200 %s\\n' "$word" ;;
        */{"e" * 64}/json) [ -z "$strict" ] || return 28 ;;
        */json) word=${{word%/json}} && printf '{{"Id":"%s","Image":"of job"}}\\n' "${{word##*/}}" >&$at ;;
        esac
      done
    }}
    limited() {{ case $1 in curl) "$@" ;; *) echo "client: $*" ;; esac; }}
    root=$PWD
    await_docker_daemon FORMAT /data
    """
    completed = subprocess.run([*shell], input=script, capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "client" not in completed.stdout
    assert (
        completed.stdout.count(f'{{"Id":"{ONE}"\n"Image":"of job"'),
        completed.stdout.count('"Image":"of job"'),
    ) == (1, 2)


READ = sorted(
    path
    for path in Path(str(package_files("runnerops"))).rglob("*.sh")
    if path.parent.name in {"observe", "verify"} or path.name in {"observe.sh", "history.sh"}
)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("owner", "expected"),
    [("root:root", "root:root"), ("ann:domain users", "7:8"), ("DOM\\bob:staff", "7:8"), ("UNKNOWN:staff", "7:8")],
)
def test_an_owner_whose_name_cannot_be_passed_on_is_told_by_number(
    shell: tuple[tuple[str, ...], str], tmp_path: Path, owner: str, expected: str
) -> None:
    argv, path = shell
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "stat").write_text(
        "#!/bin/sh\ncase $2 in *U*) echo '640 OWNER 1700000000' ;; *) echo '640 7:8 1700000000' ;; esac\n".replace(
            "OWNER", owner.replace("\\", "\\\\")
        )
    )
    (tools / "stat").chmod(0o755)
    (tmp_path / "a.conf").write_text("a\n")
    script = f"word=w\n{FRAME}\nroot={tmp_path}\nfile /a.conf\n"
    env = {"PATH": f"{tools}:{path}"}
    completed = subprocess.run([*argv, "-s"], input=script.encode(), env=env, capture_output=True, check=True)
    _, files = decode_observation("w", completed.stdout)
    assert files["/a.conf"] == RemoteFile("/a.conf", "file", b"a\n", "0640", expected, 1700000000)


@pytest.mark.parametrize("path", READ, ids=lambda path: f"{path.parent.parent.name}/{path.parent.name}/{path.name}")
def test_a_script_means_the_same_without_comments_and_indents(path: Path) -> None:
    """bash prints a function in a form of its own, which depends on what it does alone."""

    def printed(text: str) -> str:
        script = f"printed() {{\n{text}\n}}\ndeclare -f printed"
        return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True).stdout

    text = path.read_text()
    short = minify(text)
    assert len(short) < len(text)
    assert "\n " not in short
    assert "\n#" not in short
    assert printed(short) == printed(text)
