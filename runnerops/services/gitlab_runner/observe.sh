# shellcheck shell=sh
# What gitlab-runner says of itself. Reads only; `ask`, `file`, `recall` and $root come from the frame.

root=${root-}

observe_runner_unit() { # DEFAULT-PATH: the unit, how the runner was really started, its file, its metrics page
  unit=$(limited systemctl show -p LoadState,ActiveState,MainPID,InvocationID,ExecStart gitlab-runner.service 2>/dev/null)
  pid=$(printf '%s\n' "$unit" | sed -n 's/^MainPID=//p')
  if [ "${pid:-0}" != 0 ] && [ -r "$root/proc/$pid/cmdline" ]; then
    argv=$(tr '\000' '\n' <"$root/proc/$pid/cmdline")
  else
    argv=$(printf '%s\n' "$unit" | sed -n 's/^ExecStart=.* argv\[\]=\(.*\) ; ignore_errors=.*/\1/p' | tr ' ' '\n')
  fi
  path=$(printf '%s\n' "$argv" | sed -n -e 's/^--\{0,1\}config=//p' -e '/^\(-c\|--\{0,1\}config\)$/{n;p;}' | tail -n 1)
  ask runner_unit printf '%s\n' "$unit"
  ask runner_argv printf '%s\n' "$argv"
  file "${path:-$1}"
  page=$(sed -n '/^ *\[/q;s/^ *listen_address *= *["'\'']\([^"'\'']*\).*/\1/p' "$root${path:-$1}" 2>/dev/null)
  case $page in
  '') return 0 ;;
  :*) page=127.0.0.1$page ;;
  *:*) ;;
  *) page=$page:9252 ;;
  esac
  ask runner_metrics runner_jobs "http://$page/metrics"
}

runner_jobs() { # URL: the lines that count jobs
  { curl -gfsS --noproxy '*' -m 2 "$1" || wget -q -T 2 -O - "$1"; } | grep '^gitlab_runner_jobs{'
}

observe_runner_version() {
  # shellcheck disable=SC2046  # a path is a word
  recall runner_version "$(fingerprint $(command -v gitlab-runner))" gitlab-runner --version
}

observe_runner_processes() { # every process: pid, parent, state, name; and the control groups of those that are runners
  ask runner_processes sed -n 's/^\([0-9]*\) (\(.*\)) \(.\) \([0-9]*\) .*/\1 \4 \3 \2/p' "$root"/proc/[0-9]*/stat
  ask runner_groups runner_groups
}

runner_groups() { # a runner is `gitlab-runner … run`: the same program lints, verifies and tells its version, here too
  # shellcheck disable=SC2013  # paths below /proc are words
  for name in $(grep -l '^gitlab-runner' "$root"/proc/[0-9]*/comm 2>/dev/null); do
    case " $(tr '\000' ' ' <"${name%comm}cmdline" 2>/dev/null)" in
    *' run '* | *' run-single '*) grep -H . "${name%comm}cgroup" ;;
    esac
  done
}
