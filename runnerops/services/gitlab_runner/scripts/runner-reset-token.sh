#!/bin/sh
# DIGEST CONFIG UNIT: has GitLab replace the token whose SHA-256 is DIGEST, of the one runner in the file rotate.toml of
# the run's folder. gitlab-runner itself asks for the new token, as it always connects to GitLab: with its CA, its
# certificates and the proxies of its UNIT. It writes the new token into a copy of rotate.toml, which is
# /var/lib/runnerops/rotated/DIGEST/config.toml. From then on GitLab refuses the old token, so nothing else is done
# before that copy is on the disk. CONFIG is the runner's own file; its system id is beside it. If GitLab gives no new
# token, this fails, and says whether GitLab still accepts the old one.

digest=$1 config=${RUNNEROPS_ROOT-}$2 unit=$3
kept=${RUNNEROPS_ROOT-}/var/lib/runnerops/rotated/$digest

token_of() { sed -n 's/^ *token = "\(.*\)"$/\1/p' "$1" 2>/dev/null; } # FILE

given() { # whether the copy has a new token
  new=$(token_of "$kept/config.toml")
  [ -n "$new" ] && [ "$new" != "$(token_of rotate.toml)" ]
}

plain() { # standard input: the output of gitlab-runner, without colours, tokens and the lines that it always prints
  tr '\033' ' ' | sed -e 's/ \[[0-9;]*m//g' -e 's/ *runner=[^ ]*//' |
    grep -v -e 'Runtime platform' -e 'Running in' -e 'unique system ID' -e '^ *$'
}

verify() { gitlab-runner verify --config "$kept/config.toml" --name rotated 2>&1; }

! given || exit 0 # a run that was cut off got it

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

said=$(gitlab-runner reset-token --config "$kept/config.toml" --name rotated 2>&1)
sync "$kept/config.toml" "$kept" "${kept%/*}" 2>/dev/null || sync
if given; then
  verify >/dev/null || echo 'GitLab does not accept the token that it has just created' >"${RUNNEROPS_DESK:-.}/tell"
  exit 0
fi

printf '%s\n' "$said" | plain
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
