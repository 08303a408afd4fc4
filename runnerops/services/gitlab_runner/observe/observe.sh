# shellcheck shell=sh
# Functions that observe gitlab-runner. They only read. remote/observe.sh defines $root and functions such as `ask` and
# `file`.

root=${root-} newline=${newline-} unit=${unit-} argv=${argv-} value=${value-} code=${code-}
runner_pid=${runner_pid-} runner_argv=${runner_argv-}

# DEFAULT-PATH: sets $runner_unit, $runner_argv and $runner_pid for the unit's process, $runner_path to the config.toml
# that it reads, and $runner_page to the URL of its metrics page (empty without one).
prepare_runner() {
  service_unit gitlab-runner.service
  runner_unit=$unit runner_argv=$argv runner_pid=$pid page=''
  flag_value -c -config --config
  runner_path=${value:-$1} runner_page=''
  [ -r "$root$runner_path" ] || return 0
  while read -r line || [ -n "$line" ]; do # listen_address can only be before the first table
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
  prepare_page "$runner_page" 2 -
}

observe_runner_unit() { # answers with what `prepare_runner` found, config.toml, and the system id beside it
  ask runner_unit printf '%s\n' "$runner_unit"
  ask runner_argv printf '%s\n' "$runner_argv"
  file "$runner_path"
  id=''
  # the file has no newline at its end, so `read` fails although it sets $id
  read -r id 2>/dev/null <"$root${runner_path%/*}/.runner_system_id"
  # new tokens of an interrupted `runnerops rotate`, which config.toml does not have yet
  for one in "$root"/var/lib/runnerops/rotated/*/config.toml; do
    [ ! -f "$one" ] || file "${one#"$root"}"
  done
  ask runner_system printf '%s\n' "$id"
}

await_runner_metrics() { # answers with the job counts of the metrics page
  [ -z "$runner_page" ] || ask runner_metrics runner_jobs "$runner_page"
}

runner_jobs() { # URL: prints the job counts of this metrics page, and requests it if $responses does not have it
  page_status "$1"
  case $code in
  2??) ;;
  *)
    { curl -gfsS --noproxy '*' -m 2 "$1" || wget -q -T 2 -O - "$1"; } | grep '^gitlab_runner_jobs{'
    return
    ;;
  esac
  set -f
  IFS=$newline
  for line in ${responses-}; do
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

# Answers with a line `PID PARENT STATE NAME` for each process, the cgroups of those that are runners, and the CI jobs
# that run in processes.
observe_runner_processes() {
  processes=$(sed -n 's/^\([0-9]*\) (\(.*\)) \(.\) \([0-9]*\) .*/\1 \4 \3 \2/p' "$root"/proc/[0-9]*/stat 2>/dev/null)
  ask runner_processes printf '%s\n' "$processes"
  groups=$(runner_groups)
  ask runner_groups printf '%s\n' "$groups"
  [ -z "$groups" ] || ask runner_job_ids runner_job_ids
}

# Prints a line for each process whose environment has CI_JOB_ID: the PID, the job's id, and `name="…"`, `project="…"`,
# `runner="…"` and `started="…"` as far as they are set.
runner_job_ids() {
  part='\([^";]\{1,80\}\).*'
  some=$(limited grep -l CI_JOB_ID= "$root"/proc/[0-9]*/environ)
  # grep was killed, because a process hangs in the kernel: read the environments up to that one
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

# Prints the lines of /proc/PID/cgroup, after that path, for each process that runs `gitlab-runner run`. Other commands
# of that program, such as those of this script, are not runners.
runner_groups() {
  set -f
  IFS=$newline
  for process in $processes; do
    case $process in *' '?' gitlab-runner'*) ;; *) continue ;; esac
    process=${process%% *} started=$runner_argv
    [ "$process" = "$runner_pid" ] || started=$(tr '\000' '\n' 2>/dev/null <"$root/proc/$process/cmdline")
    case $newline$started$newline in
    *"${newline}run$newline"* | *"${newline}run-single$newline"*) ;;
    *) continue ;;
    esac
    process=$root/proc/$process/cgroup
    while read -r line; do printf '%s:%s\n' "$process" "$line"; done 2>/dev/null <"$process"
  done
  unset IFS
  set +f
}
