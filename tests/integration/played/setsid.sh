#!/bin/sh
# Replaces `setsid` for the commands of steps, `timeout -s KILL SECONDS ARGV...`. It runs nothing, but ends as the test
# has ordered in the file `play`, otherwise as the step expects it.
shift 4
# kills the process group of the run if the test has ended, because nobody else would
check_test() { kill -0 "$PLAYED_BY" 2>/dev/null || kill -KILL 0; }
# Whether the file `play` has this line. It is asked ten times a second, so no program is started for it.
plays() {
  while read -r played; do
    [ "$played" != "$1" ] || return 0
  done 2>/dev/null <"$RUNNEROPS_ROOT/play"
  return 1
}
check_test
# shellcheck disable=SC2094 # the file is only read
while read -r what part; do
  case "$*" in *"$part"*) ;; *) continue ;; esac
  case $what in
  fail) echo "played: this does not work" && exit 1 ;;
  wait)
    echo "$part" >"$RUNNEROPS_ROOT/waits"
    while plays "$what $part"; do check_test; sleep 0.1; done
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
