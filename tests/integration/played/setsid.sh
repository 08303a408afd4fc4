#!/bin/sh
# A step's command, `timeout -s KILL SECONDS ARGV...`: ends as the test says, else as its step wants it.
shift 4
goes_on() { kill -0 "$PLAYED_BY" 2>/dev/null || kill -KILL 0; } # else nobody ends this run, of whose process group this is
goes_on
# shellcheck disable=SC2094 # the file is only read
while read -r what part; do
  case "$*" in *"$part"*) ;; *) continue ;; esac
  case $what in
  fail) echo "played: this does not work" && exit 1 ;;
  wait)
    echo "$part" >"$RUNNEROPS_ROOT/waits"
    while grep -qsxF "$what $part" "$RUNNEROPS_ROOT/play"; do goes_on; sleep 0.1; done
    ;;
  jobs) echo '2 jobs: job 4711 name="build" project="team/app" started="2026-01-01T00:00:00Z"; job 4712' && exit 0 ;;
  esac
done 2>/dev/null <"$RUNNEROPS_ROOT/play"
tab='	' newline='
'
IFS=$tab
line=$(grep -hF -m 1 -e "$tab$*" forward rollback)
line=${line%%"$newline"*}
verb=${line%%"$tab"*} rest=${line#*"$tab"}
case $verb in
guard) printf '%s\n' "${rest%%"$tab"*}" ;;
await) rest=${rest#*"$tab"} wanted=${rest%%"$tab"*}; case $wanted in ok) ;; *) printf '%s\n' "${wanted#?}" ;; esac ;;
esac
