#!/bin/sh
# Whether the running process has loaded config.toml. URL is its metrics page, or - if it has none.
#   --mark UNIT URL|-
#       is called before the change: it notes the present position in the journal, and how many loads the page has
#       counted.
#   --loaded UNIT PID|any LEVEL URL|-
#       is called after it: it prints `loaded` once two polls in a row have seen that the process has loaded the new
#       file.
#   --returned UNIT any LEVEL URL|-
#       does the same, but a runner that returns by itself after its last job counts as loaded too.
# The answer is in the log, otherwise on the page. If it is in neither (LEVEL is `quiet`: the log level of the file
# hides it), two polls without an error are enough. `, no file` after the level means that there is no file to load: the
# runner then logs that every 3 s, which is no error. The polls are a second apart, so that a process that dies of its
# file is found dead. The notes are in memory, because they are needed on a full disk too.

what=$1 unit=$2
shift 2
cd "${RUNNEROPS_DESK:-.}" || exit

count_loads() { # URL: how many loads the page has counted
  { curl -gfsS --noproxy '*' -m 2 "$1" || wget -q -T 2 -O - "$1"; } 2>/dev/null |
    sed -n 's/^gitlab_runner_configuration_loaded_total //p'
}

mark() { # URL|-
  rm -f polled waits
  journalctl -q -u "$unit" -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p' >cursor
  [ -s cursor ] || journalctl -q -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p' >cursor
  if [ "$1" = - ]; then : >loads; else count_loads "$1" >loads; fi
}

heard() { # LEVEL: the lines of the log that count
  case $1 in
  *'no file') grep -v 'no such file or directory' ;;
  *) cat ;;
  esac
}

seen() { # LEVEL URL|-: what was seen, in words; they begin with `loaded` if that is enough
  last='' now=''
  [ ! -s cursor ] || last=$(journalctl -q -u "$unit" --after-cursor="$(cat cursor)" -o cat |
    grep -e 'Failed to load config' -e 'Configuration loaded' | heard "$1" | tail -n 1)
  [ "$2" = - ] || now=$(count_loads "$2")
  case $last in
  *Failed*) echo 'it refused its config.toml' ;;
  *loaded*) echo loaded ;;
  *)
    if [ -n "$now" ] && [ "$now" != "$(cat loads)" ]; then
      echo loaded
    elif [ -z "$now" ] && { [ "${1%,*}" = quiet ] || [ ! -s cursor ]; }; then
      echo 'loaded, as far as can be seen at this log level'
    else
      echo 'it has not loaded the file yet'
    fi
    ;;
  esac
}

poll() { # PID|any LEVEL URL|-
  if ! systemctl is-active -q "$unit"; then
    echo 'the unit is not active'
    return
  fi
  pid=$(systemctl show -p MainPID --value "$unit")
  if [ "$1" != any ] && [ "$1" != "$pid" ]; then
    echo 'the unit has another process than before'
    return
  fi
  seen=$(seen "$2" "$3")
  case $seen in
  loaded*) ;;
  *)
    echo "$seen"
    return
    ;;
  esac
  if [ "$(cat polled 2>/dev/null)" = "$pid" ]; then
    [ "$seen" = loaded ] || echo "$unit: $seen" >tell
    echo loaded
  else
    echo "$pid" >polled
    echo "$seen; checking once more"
    sleep 1
  fi
}

poll_return() {
  if [ -e waits ]; then
    echo "$unit starts by itself after its last job" >tell
    echo loaded
  else
    : >waits
    echo 'it is not back yet'
    sleep 1
  fi
}

if [ "$what" = --mark ]; then
  mark "$@"
elif [ "$what" = --returned ] && systemctl is-active -q "runnerops-return-$unit"; then
  poll_return
else
  poll "$@"
fi
