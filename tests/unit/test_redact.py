"""No secret is shown: by its key, by its shape, by its value."""

from __future__ import annotations

import pytest

from runnerops.model.common import Secret, ServiceName, SourceLocation, Tree
from runnerops.model.inventory import FileSpec, Host
from runnerops.redact import MASK, Masker, Redactor, clear_texts, secret_name, secret_values
from runnerops.services import service_of

SPEC = FileSpec(ServiceName.GITLAB_RUNNER, "/etc/gitlab-runner/config.toml", "config.toml.j2", "toml")
SERVICE = service_of(SPEC.service)


@pytest.mark.parametrize(
    "name",
    [
        "token",
        "db_password",
        "SecretKey",
        "CI_TOKEN",
        "api-key",
        "passphrase",
        "AWS_SECRET_ACCESS_KEY",
        "credentials",
        "PASSWORD",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize(
    "name", ["token_obtained_at", "tls-key-file", "image", "keys_dir", "monkey", "passwords_enabled", ""]
)
def test_names_of_other_things(name: str) -> None:
    assert not secret_name(name)


TREE: Tree = {
    "concurrent": 4,
    "runners": [
        {
            "name": "one",
            "url": "https://user:canary-userinfo@gitlab.example.com",
            "token": "canary-token",
            "environment": ["CLEAR=in-the-inventory", "HIDDEN=canary-environment"],
            "custom": {"api_key": {"nested": "canary-nested"}, "enabled_key": True},
        }
    ],
}


def _masked(salt: bytes = b"salt") -> str:
    masker = Masker(salt, frozenset({"CLEAR=in-the-inventory"}))
    return SERVICE.dump(SPEC, masker.tree(SERVICE, SPEC, TREE)).decode()


def test_a_masked_tree_holds_no_canary_and_all_the_rest() -> None:
    text = _masked()
    assert "canary" not in text
    for shown in ("concurrent = 4", "gitlab.example.com", "CLEAR=in-the-inventory", "HIDDEN=", "enabled_key = true"):
        assert shown in text


def test_a_fingerprint_tells_changed_within_a_run_and_nothing_across_runs() -> None:
    one = Masker(b"a")
    assert one.fingerprint("x") == one.fingerprint("x")
    assert len({one.fingerprint(text) for text in ("x", "y", "z")}) == 3
    assert _masked(b"a") != _masked(b"b")
    assert Masker().fingerprint("x") == Masker().fingerprint("y") == MASK


def test_every_masked_value_is_known_to_the_redactor() -> None:
    values = secret_values(SERVICE, SPEC, TREE, frozenset({"CLEAR=in-the-inventory"}))
    redactor = Redactor(values)
    text = redactor.text(" ".join(sorted(values)) + " in-the-inventory")
    assert "canary" not in text
    assert "in-the-inventory" in text


def test_what_stands_in_the_inventory_in_clear_is_clear_and_a_secret_is_not() -> None:
    secret = Secret("env", "TOKEN", SourceLocation("inventory.yml", 1, 1))
    section: Tree = {"environment": {"A": "b", "C": secret}, "list": ["D=e"]}
    clear = clear_texts(Host("h", "h", sections={ServiceName.REGISTRY: section}))
    assert {"A=b", "D=e"} <= clear
    assert not any("TOKEN" in text or MASK in text for text in clear)


def test_the_redactor_takes_longer_values_first_and_every_line_of_one() -> None:
    redactor = Redactor(["abcd", "abcd-efgh", "line one\nline two"])
    assert redactor.text("x abcd-efgh y abcd") == f"x {MASK} y {MASK}"
    assert redactor.text("line two") == MASK
    assert redactor.text("https://me:secret@example.com/") == f"https://{MASK}@example.com/"


def test_short_values_do_not_black_out_every_message() -> None:
    assert Redactor(["on", ""]).text("on and on") == "on and on"


def test_secrets_print_as_masks() -> None:
    assert str(Secret("env", "TOKEN", SourceLocation("inventory.yml", 1, 1))) == MASK
