# shellcheck shell=sh
# Asks whether the running gitlab-runner has loaded its file. Reads only. `ask`, `limited`, `service_unit` and the like
# come from the frame.

root=${root-} pid=${pid-} value=${value-}

verify_runner_loaded() { # DEFAULT-PATH
  service_unit gitlab-runner.service
  flag_value -c -config --config
  ask runner_loaded runner_loaded "$root${value:-$1}" "$pid"
}

runner_loaded() { # PATH PID: when the file was written and the process started (epoch seconds); what the log says
  written=$(stat -L -c %Y "$1") || written=none
  # shellcheck disable=SC2046  # of the fields after the program's name the 20th is the start, in ticks since the boot
  set -- $(sed 's/^.*) //' "$root/proc/${2:-0}/stat")
  read -r up _ <"$root/proc/uptime"
  printf '%s %s\n' "$written" "$(($(date +%s) - ${up%%.*} + ${20:-0} / 100))"
  [ "$written" != none ] || return 0
  # every 3 s it checks whether its file is newer, loads it, and logs that it did or why not
  case $(limited journalctl -q -u gitlab-runner.service --since="@$written" --until="@$((written + 30))" -o cat |
    grep -e 'Failed to load config' -e 'Configuration loaded' | tail -n 1) in
  *Failed*) echo refused ;;
  *loaded*) echo loaded ;;
  esac
}
