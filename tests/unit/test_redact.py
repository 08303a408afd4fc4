"""No secret is shown: it is masked by its key, by its form and by its value."""

from __future__ import annotations

import base64

import pytest

from runnerops.model.common import Secret, ServiceName, SourceLocation, Tree
from runnerops.model.inventory import FileSpec, Host
from runnerops.redact import MASK, Masker, Redactor, clear_texts, secret_name, secret_values
from runnerops.redact.texts import secret_items, secret_spans
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
        "secretkey",
        "accesskey",
        "AccountKey",
        "PrivateKey",
        "SessionToken",
        "sentry_dsn",
        "DATABASE_DSN",
        "PGPASSWORD",
        "MYSQL_PWD",
        "requirepass",
        "masterauth",
        "apikey",
        "licensekey",
        "SECRET_KEY_BASE",
        "TOKEN_2",
        "PASSWORD1",
        "DOCKER_AUTH_CONFIG",
        "DOCKER_AUTH",
        "Authorization",
        "CI_PAT",
        "bearer_token",
        "connection-string",
        "amazonec2-secret-key",
        "digitalocean-access-token",
        "passwordHash",
        "secret_id",
        "webhookUrl",
        "smtp-creds",
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "token_obtained_at",
        "token_expires_at",
        "tls-key-file",
        "key_path",
        "image",
        "keys_dir",
        "monkey",
        "passwords_enabled",
        "OTEL_TRACES_EXPORTER",
        "cache_key",
        "cache-key",
        "CACHE_KEY",
        "PUBLIC_KEY",
        "AccessID",
        "ServerSideEncryptionKeyID",
        "CredentialsFile",
        "AuthenticationType",
        "image_pull_secrets",
        "authorization-plugins",
        "password-file",
        "password-stdin",
        "PASSWORD_FILE",
        "amazonec2-ssh-keypath",
        "SSH_AUTH_SOCK",
        "REGISTRY_AUTH_HTPASSWD_PATH",
        "secretName",
        "keyboard",
        "tokenizer",
        "compass",
        "author",
        "tlskey",
        "base",
        "",
    ],
)
def test_names_of_other_things(name: str) -> None:
    assert not secret_name(name)


C = "canary-9f3Kq"


@pytest.mark.parametrize(
    "text",
    [
        f"DB_PASSWORD={C}",
        f"DB_PASSWORD={C} with spaces",
        f"export DB_PASSWORD='{C} and more'; run",
        f'export API_KEY="{C}"',
        f"curl --token {C} https://x",
        f"curl --token={C}",
        f"-password={C}",
        f"docker login -u me -p {C} registry.example.com",
        f"mysqldump -h db -u root -p{C} app",
        f"redis-cli -a {C} ping",
        f"curl -u me:{C} https://example.com",
        f"curl --user me:{C} https://example.com",
        f"curl -H 'PRIVATE-TOKEN: {C}' https://gitlab.example.com",
        f'curl -H "Authorization: Bearer {C}"',
        f"wget --header=JOB-TOKEN:{C}",
        f'{{"auths": {{"r": {{"auth": "{C}"}}}}}}',
        f"machine gitlab.example.com login me password {C}",
        f"https://me:{C}@example.com/x",
        f"https://me:{C}/with/slashes@example.com/x",
        f"https://me:at@{C}@example.com/x",
        f"redis://:{C}@cache:6379/0",
        f"https://{C}@gitlab.example.com",
        f"app:{C}@tcp(db:3306)/app",
        f"https://example.com/hook?token={C}",
        f"amazonec2-secret-key={C}",
        f"engine-env=HTTP_PASSWORD={C}",
        f"glrt-{C}",
        f"a glpat-{C} b",
        f"dckr_pat_{C}",
        f"xoxb-{C}",
        f"eyJhbGciOi.{C}.sig",
        f"-----BEGIN RSA PRIVATE KEY-----\n{C}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{C}",
        base64.b64encode(f"me:{C}".encode()).decode(),
        f"$env:TOKEN = '{C}'",
        f"https://hooks.slack.com/services/T0/B0/{C}",
        f"https://discord.com/api/webhooks/1/{C}?wait=true",
        f"https://discord.com/api/v10/webhooks/1/{C}",
        f"https://hooks.slack-gov.com/services/T0/B0/{C}",
        f"https://outlook.office.com/webhook/a@b/IncomingWebhook/{C}",
        f"https://corp.webhook.office.com/webhookb2/a@b/IncomingWebhook/{C}",
        f"https://api.telegram.org/bot1:{C}/sendMessage",
        f"https://a.blob.core.windows.net/c?sv=2026&sig={C}&se=1",
        f"curl 'https://s3.example.com/b/k?X-Amz-Signature={C}'",
        f"VAULT_SECRET_ID={C}",
        f"SLACK_WEBHOOK_URL=https://chat.example.com/{C}",
        f"sk-proj-{C}-0123456789",
        f"PASSWORD=${{PASSWORD:-{C}}}",
        f"export TOKEN=${{CI_JOB_TOKEN:={C}}}",
        f"https://me:${{PASSWORD:-{C}}}@example.com/x",
        f"me:${{PASSWORD:-{C}}}@tcp(db:3306)/x",
        f"run --name=x PASSWORD=${{PASSWORD:-two words {C}}} next",
        f"curl -H 'Authorization: Bearer ${{TOKEN:-{C}}}'",
        f"https://$USER:{C}@example.com/x",
    ],
)
def test_secrets_within_a_text(text: str) -> None:
    hidden = Masker(b"key").text(text)
    assert C not in hidden
    assert MASK in hidden
    assert "".join(text[slice(*span)] for span in secret_spans(text))


@pytest.mark.parametrize(
    "text", ["AKIAIOSFODNN7EXAMPLE", "ghp_0123456789abcdef", "glcbt-64_0123456789ab", "GR13489410123456789"]
)
def test_tokens_are_known_by_their_form_in_whatever_is_printed(text: str) -> None:
    assert Redactor().text(f"level=error msg={text}") == f"level=error msg={MASK}"


@pytest.mark.parametrize(
    "text",
    [
        "OTEL_TRACES_EXPORTER=none",
        "PASSWORD=$DB_PASSWORD",
        "export TOKEN=${CI_JOB_TOKEN}",
        "PASSWORD=${PASSWORD:-}",
        "PASSWORD=${PASSWORD:?set it in .env}",
        "https://me:${PASSWORD:?set-it}@example.com/x",
        "me:${PASSWORD:?set-it}@tcp(db:3306)/x",
        "Bearer ${CI_JOB_TOKEN}",
        "PASSWORD=${PASSWORD:-$OTHER}",
        "git clone https://gitlab-ci-token:${CI_JOB_TOKEN}@gitlab.example.com/a/b.git",
        "git clone https://oauth2:$CI_JOB_TOKEN@gitlab.example.com/a/b.git",
        "https://$CI_DEPLOY_USER:$CI_DEPLOY_PASSWORD@gitlab.example.com",
        "docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD",
        "docker login --password-stdin",
        "mkdir -p build/cache",
        "docker run -p 8080:80 nginx",
        "ssh -p 22 host",
        "docker run -u 1000:1000 alpine",
        "key: build-cache",
        "cache key: build",
        "--tls-key=/etc/ssl/private/host.key",
        "--secret id=npm,src=.npmrc",
        "DOCKER_AUTH=none",
        "https://gitlab.example.com/group/project.git",
        "http://registry:5000/img@sha256:0123456789abcdef",
        "registry:5000/team/token:latest",
        "alpine:3@sha256:0123456789abcdef",
        "git@gitlab.example.com:group/project.git",
        "/builds:/builds:rw",
        "native.cgroupdriver=systemd",
        "tag={{.Name}}/{{.ID}}",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "/var/lib/docker/overlay2/registry",
        "docker ps --format json",
        "amazonec2-ssh-keypath=/root/.ssh/id_rsa",
        "glrt",
        "runner of gl-team",
        "https://slack.com/services/ours",
        "https://example.com/list?sign=1&signed=yes",
        "curl https://example.com/?sig=$SIGNATURE",
        "task-0123456789abcdefghijk",
        "webhooks=enabled",
        "pwd_reset=on",
    ],
)
def test_near_misses_are_shown(text: str) -> None:
    assert Masker(b"key").text(text) == text


@pytest.mark.parametrize(
    ("items", "places"),
    [
        (["redis-server", "--requirepass", C], {2}),
        (["mysqld", "-p", C, "--user", "x"], {2}),
        (["a", "--token", C, "--password", C], {2, 4}),
        (["a", "-p", "8080:80", "-p", "/path", "--verbose", "x"], set()),
        (["a", "--password-file", "/run/secrets/x", "--key", "/etc/x"], set()),
        (["a", "--token", "--other"], set()),
        (["a", "--token"], set()),
    ],
)
def test_the_word_after_a_flag(items: list[str], places: set[int]) -> None:
    assert secret_items(items) == places


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
    return SERVICE.dump(masker.tree(SERVICE, TREE)).decode()


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
    values = secret_values(SERVICE, TREE, frozenset({"CLEAR=in-the-inventory"}))
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


def test_secrets_are_found_in_texts_line_by_line() -> None:
    redactor = Redactor(["token-1", "first line\nsecond line", "token-of-another-host"])
    assert redactor.within(["token = 'token-1'", "x second line"]) == {"token-1", "second line"}
    assert redactor.within([]) == frozenset()
