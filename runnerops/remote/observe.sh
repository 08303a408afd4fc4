# shellcheck shell=sh
# The common functions of an observation. Each answer is printed between two lines that begin with $word, a random word,
# so that no content can be taken for the end of its answer. These functions only read, and write no file, so that they
# work on a disk that is full or read-only.

word=${word-} # the client sets it in a line before this script
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION
export DOCKER_HOST=unix:///var/run/docker.sock # the host's own daemon, whatever root's environment or contexts say
root=${RUNNEROPS_ROOT-} # the demo's folder, put before every path; real hosts do not set this variable
newline='
'

default_limit='' # the time limit of a command in seconds; empty if the host has no `timeout`
if command -v timeout >/dev/null 2>&1; then default_limit=20; fi
observation_end='' # the uptime in seconds at which the time limit of the whole observation is over
hung_program='' # a program that did not end in time: it is not called again, because each call would take as long

limit_observation() { # SECONDS: sets the time limit that all calls of `limited` and `limited_to` have together
  if read -r up _ 2>/dev/null <"$root/proc/uptime"; then observation_end=$((${up%%.*} + $1)); fi
}

limited() { # ARGV...: runs a command with the default time limit (systemctl needs none: it ends by itself after 25 s)
  limited_to "$default_limit" "$@"
}

limited_to() { # SECONDS ARGV...: runs a command; the exit status is 137 if it was killed or there is no time to run it
  time_limit=$1
  shift
  [ "$1" != "$hung_program" ] || return 137
  if [ -z "$default_limit" ]; then
    "$@"
    return
  fi
  if [ -n "$observation_end" ] && read -r remaining _ 2>/dev/null <"$root/proc/uptime"; then
    remaining=$((observation_end - ${remaining%%.*}))
    [ "$remaining" -gt 0 ] || return 137
    [ "$remaining" -ge "$time_limit" ] || time_limit=$remaining
  fi
  timeout -s KILL "$time_limit" "$@"
}

ask() { # NAME ARGV...: prints an answer: the output and exit status of a command, which uses `limited` if it may hang
  printf '%s fact %s\n' "$word" "$1"
  shift
  "$@" 2>/dev/null </dev/null
  ended=$? # 137: it was killed at its time limit
  printf '\n%s end %s\n' "$word" "$ended"
}

units='' # properties of the units that `service_unit` reads

prepare_units() { # UNIT...: sets $units with a single call of systemctl, or to `unknown` if the call fails
  if units=$(show_units "$@"); then units=$newline$units$newline; else units=unknown; fi
}

show_units() { # UNIT...: prints a paragraph with properties of each unit
  systemctl show -p Id,LoadState,ActiveState,MainPID,InvocationID,ExecStart,UnitFileState "$@" 2>/dev/null
}

service_unit() { # UNIT: sets $unit to its properties, $pid to its process, $argv to that process's arguments, as lines
  unit='' part=''
  while IFS= read -r line; do # line by line, because ${units#*PATTERN} takes dash quadratic time
    case $line in
    ?*) part=$part$newline$line ;;
    *)
      case $part$newline in *"${newline}Id=$1$newline"*) unit=$part ;; esac
      part=''
      ;;
    esac
  done <<units
$units

units
  # if UNIT is an alias, the paragraph has the Id of the other unit
  [ "$units" = unknown ] || case $unit in *MainPID=*) ;; *) unit=$(show_units "$1") ;; esac
  pid=${unit##*MainPID=}
  pid=${pid%%"$newline"*}
  if [ "${pid:-0}" != 0 ] && [ -r "$root/proc/$pid/cmdline" ]; then
    argv=$(tr '\000' '\n' <"$root/proc/$pid/cmdline")
  else
    argv=''
    case $unit in
    *'argv[]='*)
      argv=${unit##*argv\[\]=}
      argv=$(printf '%s\n' "${argv%% ; ignore_errors=*}" | tr ' ' '\n')
      ;;
    esac
  fi
}

# FLAG...: sets $value to the value of the last of these flags in $argv, which is given as `FLAG=VALUE` or as the word
# after the flag.
# shellcheck disable=SC2034  # callers use $value
flag_value() {
  value='' next=''
  set -f
  IFS=$newline
  for argument in $argv; do
    [ -z "$next" ] || value=$argument
    next=''
    for flag in "$@"; do
      case $argument in
      "$flag") next=yes ;;
      "$flag="*) value=${argument#*=} ;;
      esac
    done
  done
  unset IFS
  set +f
}

requested_pages='' # pages that one curl will request together: a line `SECONDS FILE URL` for each

prepare_page() { # URL SECONDS [FILE]: adds a page to $requested_pages, with its time limit; the body goes to FILE
  # curl's -w would interpret these characters of a URL, so such a page is requested alone later
  case $1 in *[%\\]* | *' '*) ;; *) requested_pages="$requested_pages$2 ${3:-/dev/null} $1$newline" ;; esac
}

# ARG...: runs one curl with these arguments and for the requested pages, and prints the responses. After each page
# comes a line `page STATUS URL`.
get_with_pages() {
  while read -r seconds output url; do
    [ -z "$url" ] || set -- "$@" --next -gsS --noproxy '*' -m "$seconds" -o "$output" \
      -w "\\npage %{http_code} $url\\n" "$url"
  done <<end_of_pages
$requested_pages
end_of_pages
  limited curl "$@" 2>/dev/null
}

page_status() { # URL: sets $code to the HTTP status of this page in $responses (000: no response); fails without a line
  code=''
  set -f
  IFS=$newline
  for line in ${responses-}; do
    case $line in "page "???" $1") code=${line#page } code=${code%% *} ;; esac
  done
  unset IFS
  set +f
  [ -n "$code" ]
}

key='' # the last result of `fingerprint`

fingerprint() { # PATH...: sets $key to a text that is another one as soon as one of these programs was replaced
  # shellcheck disable=SC2046  # stat prints a word for each program
  set -- $(stat -L -c '%i:%Y:%s' "$@" 2>/dev/null)
  key=''
  for program in "$@"; do key=$key$program,; done
}

versions=unknown # the versions that earlier runs recorded: lines of NAME, KEY and VERSION, separated by TABs

# NAME ARGV...: answers NAME with the version of a program. If a run recorded it with the present $key, the command need
# not run. `key/NAME` is answered with $key, for the next run to record.
recall() {
  name=$1
  shift
  known=''
  if [ "$versions" = unknown ]; then versions=$(grep -h . "$root"/var/lib/runnerops/runs/*/versions 2>/dev/null); fi
  set -f
  IFS=$newline
  for line in $versions; do
    case $line in "$name	$key	"*) known=${line##*	} ;; esac
  done
  unset IFS
  set +f
  ask "key/$name" printf '%s' "$key"
  if [ -n "$key" ] && [ -n "$known" ]; then ask "$name" printf '%s\n' "$known"; else ask "$name" "$@"; fi
}

file() { # PATH: prints kind, mode, owner, mtime and content; follows a link only to a path in /etc, /opt or /srv
  real=$1
  if [ -L "$root$1" ]; then
    real=$(readlink -f "$root$1")
    real=${real#"$root"}
    case $real in /etc/* | /opt/* | /srv/*) ;; *) frame_file link '- - 0' "$1" "$1" && return ;; esac
  fi
  if [ -f "$root$real" ] && about=$(stat -c '%a %U:%G %Y' "$root$real" 2>/dev/null); then
    case $about in # the user or group has no name, or one that a step could not contain, as in a Windows domain
    *UNKNOWN* | *\ *\ *\ * | *\\*) about=$(stat -c '%a %u:%g %Y' "$root$real") ;;
    esac
    frame_file file "$about" "$1" "$real"
  elif [ -d "$root$real" ]; then
    frame_file directory '- - 0' "$1" "$real"
  elif [ -e "$root$real" ]; then
    frame_file other '- - 0' "$1" "$real"
  else
    frame_file absent '- - 0' "$1" "$real"
  fi
}

frame_file() { # KIND "MODE OWNER MTIME" PATH REAL: prints a file as an answer; REAL is the target if PATH is a link
  printf '%s file %s %s\n%s\n%s\n' "$word" "$1" "$2" "$3" "$4"
  if [ "$1" = file ]; then cat "$root$4"; fi
  printf '\n%s end %s\n' "$word" "$?"
}

observe_facts() {
  observe_host
  observe_runs
}

observe_host() {
  ask clock date +%s
  read -r boot 2>/dev/null <"$root/proc/sys/kernel/random/boot_id" || boot=''
  ask boot printf '%s\n' "$boot"
  machine=''
  read -r machine 2>/dev/null <"$root/etc/machine-id" # `read` also fails if only the newline at the end is missing
  ask machine printf '%s\n' "$machine"
  ask systemd test -d "$root/run/systemd/system"
  ask tools frame_tools
  prepare_addresses
  ask addresses printf '%s\n' "$addresses"
}

# The host's addresses, as `ip -o addr` prints them: `INDEX: DEVICE inet|inet6 ADDRESS …`, one per line.
addresses=unknown

prepare_addresses() { # sets $addresses once; without `ip`, the IPv4 addresses come from the kernel, with `-` as device
  if [ "$addresses" != unknown ]; then
    return
  elif command -v ip >/dev/null 2>&1; then
    addresses=$(ip -o addr show 2>/dev/null)
  else
    addresses=$(sed -n '/|-- /h;/32 host LOCAL/{x;s/.*|-- /- - inet /p;}' "$root/proc/net/fib_trie")
  fi
}

frame_tools() { # prints which of these programs the host has
  for tool in systemd-run flock setsid tar sha256sum stat timeout curl wget docker docker-compose gitlab-runner \
    nsenter ip ss nft journalctl; do
    if command -v "$tool" >/dev/null 2>&1; then printf '%s\n' "$tool"; fi
  done
}

observe_runs() { # reads the state folder of runnerops, with the same few processes however many runs there are
  state=$root/var/lib/runnerops
  [ -d "$state" ] || return 0
  ask numbers frame_numbers
  ask kept frame_kept
  ask alive frame_alive
  # the logs are read after `alive`, so that a run that ends between the two has an end in its log, and is not taken for
  # a killed one
  ask walked grep -H -e '^stage	' -e '^swap	.*	absent$' -e "	end	" -e "	note	clock " -e "	forward	[0-9]*	fail	" \
    "$state"/runs/*/forward "$state"/runs/*/log
}

frame_alive() { # prints the units of runs that systemd has; if there is no file of such a unit, systemctl need not run
  set -- "$root"/run/systemd/transient/runnerops-*
  if [ -d "${1%/*}" ] && [ ! -e "$1" ]; then return 0; fi
  systemctl list-units --all --plain --no-legend --no-pager 'runnerops-*'
}

frame_numbers() { # prints the numbers of the runs, one per line
  for run in "$state"/runs/*; do printf '%s\n' "${run##*/}"; done
}

# Prints the lines of the intents, of the records of paused runners and of runners being created in GitLab, of the hold
# and of each run's meta, and the contents that the newest applied run left at its paths.
frame_kept() {
  newest=0
  for run in "$state"/runs/*; do
    number=${run##*/} verdict=''
    case $number in *[!0-9]*) continue ;; esac
    if [ -r "$run/verdict" ]; then read -r verdict <"$run/verdict" || :; fi
    if [ "$verdict" = applied ] && [ "$number" -gt "$newest" ]; then newest=$number; fi
  done
  grep -H '' "$state"/intents/* "$state"/paused/* "$state"/begun/* "$state/hold" "$state"/runs/*/meta \
    "$state/runs/$newest"/new.* "$state/runs/$newest"/same.*
}
