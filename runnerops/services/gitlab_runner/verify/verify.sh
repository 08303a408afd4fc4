# shellcheck shell=sh
# Functions that check whether the running gitlab-runner has loaded its config.toml. They only read. remote/observe.sh
# defines functions such as `ask` and `limited`.

root=${root-} pid=${pid-} value=${value-}

verify_runner_loaded() { # DEFAULT-PATH: the config.toml of a runner that was started without --config
  service_unit gitlab-runner.service
  flag_value -c -config --config
  ask runner_loaded runner_loaded "$root${value:-$1}" "$pid"
}

# PATH PID: prints when the file was written and when the process started (epoch seconds), then `loaded` or `refused` if
# the log says so.
runner_loaded() {
  written=$(stat -L -c %Y "$1") || written=none
  # the 20th field after the program's name is the start of the process, in 1/100 s since the boot
  # shellcheck disable=SC2046  # fields are words
  set -- $(sed 's/^.*) //' "$root/proc/${2:-0}/stat")
  read -r up _ <"$root/proc/uptime"
  printf '%s %s\n' "$written" "$(($(date +%s) - ${up%%.*} + ${20:-0} / 100))"
  [ "$written" != none ] || return 0
  # gitlab-runner checks its file every 3 s; if it has changed, it loads it, and logs that it did or why not
  case $(limited journalctl -q -u gitlab-runner.service --since="@$written" --until="@$((written + 30))" -o cat |
    grep -e 'Failed to load config' -e 'Configuration loaded' | tail -n 1) in
  *Failed*) echo refused ;;
  *loaded*) echo loaded ;;
  esac
}
