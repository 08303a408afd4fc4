# shellcheck shell=sh
# What gitlab-runner says of itself. Reads only; `ask`, `file`, `service_unit`, $root and the like come from the frame.

root=${root-} newline=${newline-} unit=${unit-} argv=${argv-} value=${value-} code=${code-} runner_pid=${runner_pid-} runner_argv=${runner_argv-}

# DEFAULT-PATH: the unit, how the runner was really started, where its file is, where its metrics page is
know_runner() {
  service_unit gitlab-runner.service
  runner_unit=$unit runner_argv=$argv runner_pid=$pid page=''
  flag_value -c -config --config
  runner_path=${value:-$1} runner_page=''
  [ -r "$root$runner_path" ] || return 0
  while read -r line || [ -n "$line" ]; do # keys of no table stand first
    case $line in
    '['*) break ;;
    listen_address[!a-z_]*\"*\"*) page=${line#*\"} page=${page%%\"*} ;;
    listen_address[!a-z_]*\'*\'*) page=${line#*\'} page=${page%%\'*} ;;
    esac
  done <"$root$runner_path"
  case $page in
  '') return 0 ;;
  :*) page=127.0.0.1$page ;;
  *:*) ;;
  *) page=$page:9252 ;;
  esac
  runner_page=http://$page/metrics
  know_page "$runner_page" 2 -
}

observe_runner_unit() { # what `know_runner` found, and what lies beside the file
  ask runner_unit printf '%s\n' "$runner_unit"
  ask runner_argv printf '%s\n' "$runner_argv"
  file "$runner_path"
  id=''
  # it has no newline at its end: the status tells nothing
  read -r id 2>/dev/null <"$root${runner_path%/*}/.runner_system_id"
  # tokens that GitLab gave and the file does not have yet
  for one in "$root"/var/lib/runnerops/rotated/*/config.toml; do
    [ ! -f "$one" ] || file "${one#"$root"}"
  done
  ask runner_system printf '%s\n' "$id"
}

await_runner_metrics() { # the lines of the metrics page that count jobs
  [ -z "$runner_page" ] || ask runner_metrics runner_jobs "$runner_page"
}

runner_jobs() { # URL
  page_said "$1"
  case $code in
  2??) ;;
  *)
    { curl -gfsS --noproxy '*' -m 2 "$1" || wget -q -T 2 -O - "$1"; } | grep '^gitlab_runner_jobs{'
    return
    ;;
  esac
  set -f
  IFS=$newline
  for line in ${told-}; do
    case $line in 'gitlab_runner_jobs{'*) printf '%s\n' "$line" ;; esac
  done
  unset IFS
  set +f
}

observe_runner_program() {
  observe_runner_processes
  observe_runner_version
}

observe_runner_version() {
  # shellcheck disable=SC2046  # a path is a word
  fingerprint $(command -v gitlab-runner)
  recall runner_version limited gitlab-runner --version
}

observe_runner_processes() { # every process: pid, parent, state, name; and the control groups of those that are runners
  processes=$(sed -n 's/^\([0-9]*\) (\(.*\)) \(.\) \([0-9]*\) .*/\1 \4 \3 \2/p' "$root"/proc/[0-9]*/stat 2>/dev/null)
  ask runner_processes printf '%s\n' "$processes"
  groups=$(runner_groups)
  ask runner_groups printf '%s\n' "$groups"
  [ -z "$groups" ] || ask runner_job_ids runner_job_ids
}

# of every process that has it in its environment: pid, CI_JOB_ID, and what else GitLab said of the job
runner_job_ids() {
  part='\([^";]\{1,80\}\).*'
  some=$(limited grep -l CI_JOB_ID= "$root"/proc/[0-9]*/environ)
  # killed at one that the kernel does not give: those before it count
  case $? in 137) some=$root'/proc/[0-9]*/environ' ;; esac
  [ -n "$some" ] || return 0
  # shellcheck disable=SC2086  # paths below /proc are words
  set -- $some
  { limited head -c 65536 "$@" /dev/null; echo; echo '==> '; } | tr '\000' '\n' | sed -n \
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
  set -f
  IFS=$newline
  for process in $processes; do
    case $process in *' '?' gitlab-runner'*) ;; *) continue ;; esac
    process=${process%% *} started=$runner_argv
    [ "$process" = "$runner_pid" ] || started=$(tr '\000' '\n' 2>/dev/null <"$root/proc/$process/cmdline")
    case $newline$started$newline in *"${newline}run$newline"* | *"${newline}run-single$newline"*) ;; *) continue ;; esac
    process=$root/proc/$process/cgroup
    while read -r line; do printf '%s:%s\n' "$process" "$line"; done 2>/dev/null <"$process"
  done
  unset IFS
  set +f
}
