"""The scripts by which `verify` asks a cache and pulls an image, under each shell."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from runnerops.services import DOCKER, REGISTRY
from runnerops.services.providers import VERIFY_PROVIDERS
from runnerops.services.registry.verify.log import repositories
from tests.shells import SHELLS
from tests.unit.services.builders import BRIDGE

URL = f"http://{BRIDGE}:5000"


# ------------------------------------------------------------------------------------------------- on the host's side

FRAME = """
ask() { name=$1; shift; printf '%s: %s\\n' "$name" "$("$@")"; }
limited() { "$@"; }
"""


def run(shell: tuple[str, ...], fakes: str, call: str) -> str:
    command = [*shell, "-s"]
    texts = [
        DOCKER.OBSERVE,
        REGISTRY.OBSERVE,
        *(text for verify in VERIFY_PROVIDERS for text in (verify.VERIFY, verify.PULL_TEST)),
    ]
    script = "\n".join((FRAME, *texts, fakes, call))
    completed = subprocess.run(command, input=script, capture_output=True, text=True, check=True)
    assert completed.stderr == ""
    return completed.stdout


CATALOG = """curl() {
  for url in "$@"; do :; done
  case $url in
    *n=1000*) [ -z "$SMALL" ] || return 22 ;;
  esac
  case $url in
    *last=) echo '{"repositories":["a","library/b"]}' ;;
    *last=library%2Fb) echo '{"repositories":["c"]}' ;;
    *last=c) echo '{"repositories":[]}' ;;
    *) return 22 ;;
  esac
}
"""


@pytest.mark.parametrize("small", ["", "1"])
@pytest.mark.parametrize("shell", SHELLS)
def test_a_catalog_is_read_page_by_page(shell: tuple[str, ...], small: str) -> None:
    output = run(shell, f"SMALL={small}\n{CATALOG}", f"registry_catalog {URL}")
    assert repositories(output) == ("a", "library/b", "c")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_catalog_that_never_ends_is_left(shell: tuple[str, ...]) -> None:
    output = run(shell, """curl() { echo '{"repositories":["a"]}'; }""", f"registry_catalog {URL}")
    assert set(repositories(output)) == {"a"}


WGET = """
command() { case $2 in curl) return 1 ;; esac; }
nsenter() { shift 3; "$@"; }
wget() { printf '%s\\n' "$SAID" >&2; return "$STATUS"; }
"""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("printed", "status", "code", "reached"),
    [
        ("HTTP/1.1 200 OK", 0, "200 0", "200 0"),
        ("  HTTP/1.1 401 Unauthorized", 1, "401 1", "000 1"),
        ("wget: server returned error: HTTP/1.1 503 Service Unavailable", 8, "503 1", "000 1"),
        ("failed: Connection refused.", 4, "000 1", "000 1"),
    ],
)
def test_a_host_without_curl_is_asked_by_wget(
    shell: tuple[str, ...], printed: str, status: int, code: str, reached: str
) -> None:
    fakes = f"SAID='{printed}' STATUS={status}\n{WGET}"
    assert run(shell, fakes, f"registry_code {URL}/v2/ 5 '*'").strip() == code
    assert run(shell, fakes, f"docker_reach 1 {URL} 2>/dev/null").strip() == reached


ASKING = """
docker() { case $1 in ps) echo c0ffee ;; inspect) echo "$VOLUME" ;; esac; }
curl() { case $* in *tags/list*) printf '%s' "$TAGS" ;; esac; [ -n "$TAGS" ]; }
"""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ('{"name":"library/alpine","tags":["3","3.1"]}', "upstream"),
        ('{"name":"library/alpine","tags":["3"]}', "held"),
        ('{"name":"library/alpine","tags":null}', "none"),
        ("", "none"),
    ],
)
def test_a_list_of_held_tags_does_not_show_that_the_upstream_responds(
    shell: tuple[str, ...], tags: str, expected: str, tmp_path: Any
) -> None:
    """A cache whose upstream is silent lists what it holds, with 200."""
    (tmp_path / "docker/registry/v2/repositories/library/alpine/_manifests/tags/3").mkdir(parents=True)
    fakes = f"VOLUME='{tmp_path}' TAGS='{tags}'\n{ASKING}"
    assert run(shell, fakes, f"registry_tag_source dockerhub {URL} library/alpine").strip() == expected


PUT_BACK = """
docker() {
  case "$1 $2" in
  'image inspect') echo "$NOW" ;;
  'events --since') printf '%s' "$PULLS" ;;
  'ps -q') printf '%s' "$JOBS" ;;
  rmi*) [ -z "$USED" ] && echo "rmi $2" >>"$DONE" ;;
  tag*) echo "tag $2 $3" >>"$DONE" ;;
  esac
}
"""


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("before", "variables", "expected", "did"),
    [
        ("''", "NOW=new PULLS=one", "removed", "rmi alpine:3\n"),
        ("old", "NOW=new PULLS=one", "restored", "rmi alpine:3\ntag old alpine:3\n"),
        ("old", "NOW=new PULLS=one JOBS=c0ffee", "restored", "tag old alpine:3\n"),
        ("new", "NOW=new PULLS=one", "same", ""),
        ("''", "NOW= PULLS=", "same", ""),
        ("''", "NOW=new PULLS='one\ntwo\n'", "stays pulled", ""),
        ("old", "NOW=new PULLS='one\ntwo\n'", "stays pulled", ""),
        ("''", "NOW=new PULLS=one JOBS=c0ffee", "stays jobs", ""),
        ("''", "NOW=new PULLS=one USED=1", "stays used", ""),
    ],
)
def test_the_image_is_restored_after_the_pull(
    shell: tuple[str, ...], before: str, variables: str, expected: str, did: str, tmp_path: Any
) -> None:
    done = tmp_path / "done"
    done.touch()
    fakes = f"JOBS= USED= DONE={done}\n{variables}\n{PUT_BACK}"
    assert run(shell, fakes, f"docker_restore_image alpine:3 {before} 1 no").strip() == expected
    assert done.read_text() == did
    if expected == "removed":
        assert run(shell, fakes, "docker_restore_image alpine:3 '' 1 yes").strip() == "stays jobs"
