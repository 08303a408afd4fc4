# shellcheck shell=sh
# What gitlab-runner says of itself. Reads only; `ask`, `file`, `service_unit`, $root and the like come from the frame.

root=${root-} unit=${unit-} argv=${argv-} value=${value-}

observe_runner_unit() { # DEFAULT-PATH: the unit, how the runner was really started, its file, its metrics page
  service_unit gitlab-runner.service
  ask runner_unit printf '%s\n' "$unit"
  ask runner_argv printf '%s\n' "$argv"
  flag_value -c -config --config
  path=${value:-$1}
  file "$path"
  id=''
  read -r id 2>/dev/null <"$root${path%/*}/.runner_system_id" # it has no newline at its end: the status tells nothing
  for one in "$root"/var/lib/runnerops/rotated/*/config.toml; do # tokens that GitLab gave and the file does not have yet
    [ ! -f "$one" ] || file "${one#"$root"}"
  done
  ask runner_system printf '%s\n' "$id"
  page=$(sed -n '/^ *\[/q;s/^ *listen_address *= *["'\'']\([^"'\'']*\).*/\1/p' "$root$path" 2>/dev/null)
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

observe_runner_program() {
  observe_runner_processes
  observe_runner_version
}

observe_runner_version() {
  # shellcheck disable=SC2046  # a path is a word
  recall runner_version "$(fingerprint $(command -v gitlab-runner))" limited gitlab-runner --version
}

observe_runner_processes() { # every process: pid, parent, state, name; and the control groups of those that are runners
  ask runner_processes sed -n 's/^\([0-9]*\) (\(.*\)) \(.\) \([0-9]*\) .*/\1 \4 \3 \2/p' "$root"/proc/[0-9]*/stat
  groups=$(runner_groups)
  ask runner_groups printf '%s\n' "$groups"
  [ -z "$groups" ] || ask runner_job_ids runner_job_ids
}

runner_job_ids() { # of every process that has it in its environment: pid, CI_JOB_ID, and what else GitLab said of the job
  part='\([^";]\{1,80\}\).*'
  { limited head -c 65536 "$root"/proc/[0-9]*/environ; echo; echo '==> '; } | tr '\000' '\n' | sed -n \
    -e '/^==> /p' -e '/^CI_JOB_ID=[0-9][0-9]*$/p' -e "s/^CI_JOB_NAME=$part/name=\"\1\"/p" \
    -e "s/^CI_PROJECT_PATH=$part/project=\"\1\"/p" -e "s/^CI_RUNNER_DESCRIPTION=$part/runner=\"\1\"/p" \
    -e 's/^CI_JOB_STARTED_AT=\([0-9TZ:.+-]\{1,40\}\)$/started="\1"/p' | {
    job='' words=''
    while IFS= read -r line; do
      case $line in
      CI_JOB_ID=*) job=${line#*=} ;;
      name=* | project=* | runner=* | started=*) words="$words $line" ;;
      *)
        [ -z "$job" ] || printf '%s\n' "$pid $job$words"
        pid=${line##*/proc/} job='' words=''
        pid=${pid%%/*}
        ;;
      esac
    done
  }
}

runner_groups() { # a runner is `gitlab-runner … run`: the same program lints, verifies and tells its version, here too
  # shellcheck disable=SC2013  # paths below /proc are words
  for name in $(grep -l '^gitlab-runner' "$root"/proc/[0-9]*/comm 2>/dev/null); do
    case " $(tr '\000' ' ' <"${name%comm}cmdline" 2>/dev/null)" in
    *' run '* | *' run-single '*) grep -H . "${name%comm}cgroup" ;;
    esac
  done
}
