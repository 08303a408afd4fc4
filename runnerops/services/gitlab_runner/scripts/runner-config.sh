#!/bin/sh
# Checks whether the running process has loaded config.toml. URL is its metrics page, or - if it has none.
#   --heeds UNIT
#       is called before the change: it fails if the process was told to end after its last job (SIGQUIT), because from
#       then on it loads no file. Only its log tells this, and not at the log level `error`.
#   --mark UNIT URL|-
#       is called before the change: it records the present position in the journal, and how many loads the page has
#       counted.
#   --loaded UNIT PID|any LEVEL URL|-
#       is called after it: it prints `loaded` once two calls in a row have found that the process has loaded the new
#       file. The process has to be PID.
#   --back UNIT any LEVEL URL|-
#       does the same in a rollback, but a process that loads no file any more counts as loaded: it still has the old
#       configuration.
#   --returned UNIT any LEVEL URL|-
#       does the same, but a runner that will start by itself after its last job counts as loaded too.
# The log says whether the file was loaded, otherwise the page does. If neither does (LEVEL is `quiet`: the log level of
# the file hides the message), two calls without an error are enough. `, no file` after LEVEL means that there is no
# file to load: the runner then logs this every 3 s, which is no error. A call takes a second, so that a process that
# ends because of its file is noticed. The records are in $RUNNEROPS_SCRATCH, because they are needed on a full disk
# too.

what=$1 unit=$2
shift 2
cd "${RUNNEROPS_SCRATCH:-.}" || exit

ends_later() { # succeeds if the process was told to end after its last job
  life=$(systemctl show -p InvocationID --value "$unit")
  [ -n "$life" ] || return 1
  journalctl -q -n 10000 -o cat "_SYSTEMD_INVOCATION_ID=$life" | grep -q 'Starting graceful shutdown'
}

heeds() { # see --heeds
  ends_later || return 0
  echo "$unit was told to end after its last job (SIGQUIT), and loads no file until it has started again: deploy then"
  return 1
}

count_loads() { # URL: prints how many loads the page has counted
  { curl -gfsS --noproxy '*' -m 2 "$1" || wget -q -T 2 -O - "$1"; } 2>/dev/null |
    sed -n 's/^gitlab_runner_configuration_loaded_total //p'
}

mark() { # URL|-: see --mark
  rm -f polled waits
  journalctl -q -u "$unit" -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p' >cursor
  [ -s cursor ] || journalctl -q -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p' >cursor
  if [ "$1" = - ]; then : >loads; else count_loads "$1" >loads; fi
}

relevant() { # LEVEL: prints those lines of standard input, a log, that count
  case $1 in
  *'no file') grep -v 'no such file or directory' ;;
  *) cat ;;
  esac
}

load_state() { # LEVEL URL|-: prints what is known of the load; this begins with `loaded` if it is enough
  last='' now=''
  [ ! -s cursor ] || last=$(journalctl -q -u "$unit" --after-cursor="$(cat cursor)" -o cat |
    grep -e 'Failed to load config' -e 'Configuration loaded' | relevant "$1" | tail -n 1)
  case $last in
  *Failed*) echo 'it refused its config.toml' ;;
  *loaded*) echo loaded ;;
  *)
    [ "$2" = - ] || now=$(count_loads "$2")
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

poll() { # PID|any LEVEL URL|-: see --loaded
  shown=$(systemctl show -p ActiveState,MainPID "$unit" | sort) # systemd has an order of its own
  case $shown in
  ActiveState=active* | ActiveState=reloading*) ;;
  *)
    echo 'the unit is not active'
    return
    ;;
  esac
  pid=${shown##*MainPID=}
  if [ "$1" != any ] && [ "$1" != "$pid" ]; then
    echo 'the unit has another process than before'
    return
  fi
  state=$(load_state "$2" "$3")
  case $state in
  loaded*) ;;
  *)
    if [ "$what" = --back ] && ends_later; then
      echo "$unit ends after its last job, and loads no file until it has started again" >notes
      state=loaded
    fi
    echo "$state"
    return
    ;;
  esac
  if [ "$(cat polled 2>/dev/null)" = "$pid" ]; then
    [ "$state" = loaded ] || echo "$unit: $state" >notes
    echo loaded
  else
    echo "$pid" >polled
    echo "$state; checking once more"
    sleep 1
  fi
}

poll_return() { # prints `loaded` at the second call
  if [ -e waits ]; then
    echo "$unit starts by itself after its last job" >notes
    echo loaded
  else
    : >waits
    echo 'it is not back yet'
    sleep 1
  fi
}

if [ "$what" = --mark ]; then
  mark "$@"
elif [ "$what" = --heeds ]; then
  heeds
elif [ "$what" = --returned ] && systemctl is-active -q "runnerops-return-$unit"; then
  poll_return
else
  poll "$@"
fi
