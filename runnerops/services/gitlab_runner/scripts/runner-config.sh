#!/bin/sh
# Whether the running process has loaded config.toml. URL is its metrics page, or - where it has none.
#   --mark UNIT URL|-
#       before the change: notes where the journal is now, and how often the page has counted a load.
#   --loaded UNIT PID|any LEVEL URL|-
#       after it: prints `loaded` once the process has loaded the new file, at two polls in a row.
#   --returned UNIT any LEVEL URL|-
#       the same; a return that waits for a last job will do too: it comes by itself.
# The log tells, else the page; where neither can (LEVEL is `quiet`: the file's log level hides it) two polls without a
# complaint must do. `, no file` after the level says that there is none to load: then the runner says so every 3 s, and that
# is no complaint. The polls are a second apart, so that a process that dies of its file is seen dead. The notes lie in
# memory: they are needed on a full disk too.

what=$1 unit=$2
shift 2
cd "${RUNNEROPS_DESK:-.}" || exit

count_loads() { # URL: how often the page has counted a load
  { curl -gfsS --noproxy '*' -m 2 "$1" || wget -q -T 2 -O - "$1"; } 2>/dev/null |
    sed -n 's/^gitlab_runner_configuration_loaded_total //p'
}

mark() { # URL|-
  rm -f polled waits
  journalctl -q -u "$unit" -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p' >cursor
  [ -s cursor ] || journalctl -q -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p' >cursor
  if [ "$1" = - ]; then : >loads; else count_loads "$1" >loads; fi
}

heard() { # LEVEL: the log's lines that count
  case $1 in
  *'no file') grep -v 'no such file or directory' ;;
  *) cat ;;
  esac
}

seen() { # LEVEL URL|-: what was seen; it begins with `loaded` where that is enough
  last='' now=''
  [ ! -s cursor ] || last=$(journalctl -q -u "$unit" --after-cursor="$(cat cursor)" -o cat |
    grep -e 'Failed to load config' -e 'Configuration loaded' | heard "$1" | tail -n 1)
  [ "$2" = - ] || now=$(count_loads "$2")
  case $last in
  *Failed*) echo 'refused its config' ;;
  *loaded*) echo loaded ;;
  *)
    if [ -n "$now" ] && [ "$now" != "$(cat loads)" ]; then
      echo loaded
    elif [ -z "$now" ] && { [ "${1%,*}" = quiet ] || [ ! -s cursor ]; }; then
      echo 'loaded, not observable at this log level'
    else
      echo 'not loaded yet'
    fi
    ;;
  esac
}

poll() { # PID|any LEVEL URL|-
  if ! systemctl is-active -q "$unit"; then
    echo 'not active'
    return
  fi
  pid=$(systemctl show -p MainPID --value "$unit")
  if [ "$1" != any ] && [ "$1" != "$pid" ]; then
    echo 'another process'
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
    echo "$seen; looking once more"
    sleep 1
  fi
}

poll_return() {
  if [ -e waits ]; then
    echo "$unit starts by itself after its last job" >tell
    echo loaded
  else
    : >waits
    echo 'not back yet'
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
