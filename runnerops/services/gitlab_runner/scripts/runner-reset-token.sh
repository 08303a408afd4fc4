#!/bin/sh
# DIGEST CONFIG UNIT: has GitLab give the one runner of rotate.toml, in the run's folder, a new token in place of the one
# whose sha256 is DIGEST. gitlab-runner asks for it, by the way that it goes itself (its CA, its certificates and the proxies
# of its UNIT), and writes it into a copy of rotate.toml: rotated/DIGEST/config.toml of what is kept on the host. From then on
# GitLab refuses the old one, so nothing else is done before that copy is on the disk. CONFIG is the runner's own file, beside
# which its system id lies. Fails where no token came, and says whether the old one still counts.

digest=$1 config=${RUNNEROPS_ROOT-}$2 unit=$3
kept=${RUNNEROPS_ROOT-}/var/lib/runnerops/rotated/$digest

token_of() { sed -n 's/^ *token = "\(.*\)"$/\1/p' "$1" 2>/dev/null; } # FILE

given() { # whether a new token is kept there
  new=$(token_of "$kept/config.toml")
  [ -n "$new" ] && [ "$new" != "$(token_of rotate.toml)" ]
}

plain() { # standard input: what gitlab-runner says, without colours, tokens and what it says each time
  tr '\033' ' ' | sed -e 's/ \[[0-9;]*m//g' -e 's/ *runner=[^ ]*//' | grep -v -e 'Runtime platform' -e 'Running in' -e 'unique system ID' -e '^ *$'
}

verify() { gitlab-runner verify --config "$kept/config.toml" --name rotated 2>&1; }

! given || exit 0 # by a run that was cut off

umask 077
mkdir -p "$kept" && cp rotate.toml "$kept/config.toml" || exit
cp "${config%/*}/.runner_system_id" "$kept/" 2>/dev/null
pid=$(systemctl show -p MainPID --value "$unit")
while IFS= read -r line; do
  [ -z "$line" ] || export "${line?}"
done <<EOT
$(cat "${RUNNEROPS_ROOT-}/proc/${pid:-0}/environ" 2>/dev/null | tr '\000' '\n' | grep -iE '^((https?|all|no)_proxy|SSL_CERT_(FILE|DIR))=')
EOT

said=$(gitlab-runner reset-token --config "$kept/config.toml" --name rotated 2>&1)
sync "$kept/config.toml" "$kept" "${kept%/*}" 2>/dev/null || sync
if given; then
  verify >/dev/null || echo 'GitLab does not accept the token that it has just created' >"${RUNNEROPS_DESK:-.}/tell"
  exit 0
fi

printf '%s\n' "$said" | plain
case $(verify) in
*'is valid'* | *'is alive'*) echo 'GitLab created no new token; it still accepts the old one, and nothing was changed' ;;
*'not valid'* | *'is removed'*)
  echo 'GitLab does not accept the old token any more, and created no new one: it was reset, or the runner was deleted'
  ;;
*) echo 'GitLab created no new token, and does not say whether it still accepts the old one' ;;
esac
rm -rf "$kept"
exit 1
