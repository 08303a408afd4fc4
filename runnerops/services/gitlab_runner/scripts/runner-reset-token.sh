#!/bin/sh
# DIGEST CONFIG UNIT: makes GitLab replace the token whose SHA-256 is DIGEST, that of the only runner in rotate.toml of
# the run's folder. It is `gitlab-runner reset-token` that requests the new token, so it connects to GitLab as the
# runner does: with its CA, its certificates and the proxies of its UNIT. It writes the new token into a copy of
# rotate.toml, which is /var/lib/runnerops/rotated/DIGEST/config.toml. From then on GitLab refuses the old token, so the
# copy is synced to the disk before anything else. CONFIG is the runner's own file; its system id is beside it. Fails if
# GitLab creates no new token, and prints whether GitLab still accepts the old one.

digest=$1 config=${RUNNEROPS_ROOT-}$2 unit=$3
kept=${RUNNEROPS_ROOT-}/var/lib/runnerops/rotated/$digest

token_of() { sed -n 's/^ *token = "\(.*\)"$/\1/p' "$1" 2>/dev/null; } # FILE: prints the token in it

has_new_token() { # whether the copy has a new token; sets $new to it
  new=$(token_of "$kept/config.toml")
  [ -n "$new" ] && [ "$new" != "$(token_of rotate.toml)" ]
}

# Prints standard input, the output of gitlab-runner, without colours, tokens and the lines that it always prints.
plain() {
  tr '\033' ' ' | sed -e 's/ \[[0-9;]*m//g' -e 's/ *runner=[^ ]*//' |
    grep -v -e 'Runtime platform' -e 'Running in' -e 'unique system ID' -e '^ *$'
}

verify() { gitlab-runner verify --config "$kept/config.toml" --name rotated 2>&1; }

! has_new_token || exit 0 # an interrupted run has created it

umask 077
mkdir -p "$kept" && cp rotate.toml "$kept/config.toml" || exit
cp "${config%/*}/.runner_system_id" "$kept/" 2>/dev/null
pid=$(systemctl show -p MainPID --value "$unit")
while IFS= read -r line; do
  [ -z "$line" ] || export "${line?}"
done <<EOT
$(cat "${RUNNEROPS_ROOT-}/proc/${pid:-0}/environ" 2>/dev/null | tr '\000' '\n' |
  grep -iE '^((https?|all|no)_proxy|SSL_CERT_(FILE|DIR))=')
EOT

output=$(gitlab-runner reset-token --config "$kept/config.toml" --name rotated 2>&1)
sync "$kept/config.toml" "$kept" "${kept%/*}" 2>/dev/null || sync
if has_new_token; then
  verify >/dev/null || echo 'GitLab does not accept the token that it has just created' >"${RUNNEROPS_SCRATCH:-.}/notes"
  exit 0
fi

printf '%s\n' "$output" | plain
case $(verify) in
*'is valid'* | *'is alive'*)
  echo 'GitLab created no new token; it still accepts the old one, and nothing was changed'
  ;;
*'not valid'* | *'is removed'*)
  echo 'GitLab does not accept the old token any more, and created no new one: it was reset, or the runner was deleted'
  ;;
*) echo 'GitLab created no new token, and does not say whether it still accepts the old one' ;;
esac
rm -rf "$kept"
exit 1
