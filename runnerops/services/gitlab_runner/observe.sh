# shellcheck shell=sh
# What gitlab-runner says of itself. Reads only; `ask` and `file` come from the frame.

observe_runner_unit() { # DEFAULT-PATH: the unit, how the runner was really started, its file, its metrics page
  unit=$(systemctl show -p LoadState,ActiveState,MainPID,InvocationID,ExecStart gitlab-runner.service 2>/dev/null)
  pid=$(printf '%s\n' "$unit" | sed -n 's/^MainPID=//p')
  if [ "${pid:-0}" != 0 ] && [ -r "/proc/$pid/cmdline" ]; then
    argv=$(tr '\000' '\n' <"/proc/$pid/cmdline")
  else
    argv=$(printf '%s\n' "$unit" | sed -n 's/^ExecStart=.* argv\[\]=\(.*\) ; ignore_errors=.*/\1/p' | tr ' ' '\n')
  fi
  path=$(printf '%s\n' "$argv" | sed -n -e 's/^--\{0,1\}config=//p' -e '/^\(-c\|--\{0,1\}config\)$/{n;p;}' | tail -n 1)
  ask runner_unit printf '%s\n' "$unit"
  ask runner_argv printf '%s\n' "$argv"
  file "${path:-$1}"
  page=$(sed -n '/^\[/q;s/^listen_address *= *["'\'']\([^"'\'']*\).*/\1/p' "${path:-$1}" 2>/dev/null)
  case $page in
  '') return ;;
  :*) page=127.0.0.1$page ;;
  *:*) ;;
  *) page=$page:9252 ;;
  esac
  # shellcheck disable=SC2016  # expanded by the inner shell
  ask runner_metrics sh -c 'curl -gfsS --noproxy "*" -m 2 "$1" | grep "^gitlab_runner_jobs{"' sh "http://$page/metrics"
}

observe_runner_version() {
  # shellcheck disable=SC2046  # a path is a word
  recall runner_version "$(fingerprint $(command -v gitlab-runner))" gitlab-runner --version
}

observe_runner_processes() { # every process: pid, parent, name; and the control group of those named gitlab-runner
  ask runner_processes sed -n 's/^\([0-9]*\) (\(.*\)) \(.\) \([0-9]*\) .*/\1 \4 \3 \2/p' /proc/[0-9]*/stat
  # shellcheck disable=SC2046  # paths below /proc are words
  ask runner_groups grep -H . $(grep -l '^gitlab-runner$' /proc/[0-9]*/comm 2>/dev/null | sed 's/comm$/cgroup/') /dev/null
}
