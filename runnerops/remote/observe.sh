# shellcheck shell=sh
# The frame of an observation: answers between lines that begin with a random word ($word), so that no content can end
# its own frame. Reads only, and writes no file: it works on a disk that is full or read-only.

word=${word-} # the frame is given its random word by what calls it
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION
export DOCKER_HOST=unix:///var/run/docker.sock # the host's own daemon, whatever root's environment or contexts say
root=${RUNNEROPS_ROOT-} # goes before every path; no real host sets it
newline='
'

limit='' # seconds for a program; empty where nothing can end one
if command -v timeout >/dev/null 2>&1; then limit=20; fi
look_ends='' # the uptime at which the look is to be over
hung='' # a program that hung: another question would take as long

look_takes() { # SECONDS: all that is limited ends within so many, however much of it hangs
  if read -r look_ends _ 2>/dev/null <"$root/proc/uptime"; then look_ends=$((${look_ends%%.*} + $1)); fi
}

limited() { # ARGV...: a program that hangs does not hang the observation; systemctl ends by itself after 25 s
  limited_to "$limit" "$@"
}

limited_to() { # SECONDS ARGV...: 137 where it is killed, or not even begun
  most=$1
  shift
  [ "$1" != "$hung" ] || return 137
  if [ -z "$limit" ]; then
    "$@"
    return
  fi
  if [ -n "$look_ends" ] && read -r left _ 2>/dev/null <"$root/proc/uptime"; then
    left=$((look_ends - ${left%%.*}))
    [ "$left" -gt 0 ] || return 137
    [ "$left" -ge "$most" ] || most=$left
  fi
  timeout -s KILL "$most" "$@"
}

ask() { # NAME ARGV...: one answer, the output and exit status of a program or a function; what may hang is `limited`
  printf '%s fact %s\n' "$word" "$1"
  shift
  "$@" 2>/dev/null </dev/null
  ended=$? # 137: it was killed at its time limit
  printf '\n%s end %s\n' "$word" "$ended"
}

units='' # what systemd says of those that several calls ask after

know_units() { # UNIT...: one question for all of them
  if units=$(show_units "$@"); then units=$newline$units$newline; else units=unknown; fi
}

show_units() { # UNIT...: a paragraph of each
  systemctl show -p Id,LoadState,ActiveState,MainPID,InvocationID,ExecStart,UnitFileState "$@" 2>/dev/null
}

service_unit() { # UNIT: $unit is what systemd says of it, $argv how it was really started, a word a line
  unit='' part=''
  while IFS= read -r line; do # cutting at a pattern takes dash time that grows with the square of the text
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
  [ "$units" = unknown ] || case $unit in *MainPID=*) ;; *) unit=$(show_units "$1") ;; esac # an alias has another's Id
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

# shellcheck disable=SC2034  # what calls it uses $value
flag_value() { # FLAG...: $value is what the last of these flags in $argv was given, as `FLAG=VALUE` or as the next word
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

pages='' # what is to be asked for together: a line each, its time limit, where its text goes, its address

know_page() { # URL SECONDS [PLACE]: it is asked for with others, where something asks for several
  # curl takes these for its own signs
  case $1 in *[%\\]* | *' '*) ;; *) pages="$pages$2 ${3:-/dev/null} $1$newline" ;; esac
}

get_with_pages() { # ARG...: what one curl gets by these arguments, and below it all pages, each with how it ended
  while read -r seconds place url; do
    [ -z "$url" ] || set -- "$@" --next -gsS --noproxy '*' -m "$seconds" -o "$place" -w "\\npage %{http_code} $url\\n" "$url"
  done <<pages
$pages
pages
  limited curl "$@" 2>/dev/null
}

page_said() { # URL: $code is the HTTP status with which this page came in $told, 000 without an answer
  code=''
  set -f
  IFS=$newline
  for line in ${told-}; do
    case $line in "page "???" $1") code=${line#page } code=${code%% *} ;; esac
  done
  unset IFS
  set +f
  [ -n "$code" ]
}

key='' # what `fingerprint` said last

fingerprint() { # PATH...: $key changes when one of these programs does
  # shellcheck disable=SC2046  # a program is a word
  set -- $(stat -L -c '%i:%Y:%s' "$@" 2>/dev/null)
  key=''
  for program in "$@"; do key=$key$program,; done
}

versions=unknown # what runs remembered, a line each: NAME KEY VERSION between TABs

recall() { # NAME ARGV...: a version, as a run remembered it for the last `fingerprint`, else as the command tells it
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

file() { # PATH: kind, mode, owner, mtime and content; a link is followed within /etc, /opt and /srv
  real=$1
  if [ -L "$root$1" ]; then
    real=$(readlink -f "$root$1")
    real=${real#"$root"}
    case $real in /etc/* | /opt/* | /srv/*) ;; *) frame_file link '- - 0' "$1" "$1" && return ;; esac
  fi
  if [ -f "$root$real" ] && about=$(stat -c '%a %U:%G %Y' "$root$real" 2>/dev/null); then
    case $about in *UNKNOWN*) about=$(stat -c '%a %u:%g %Y' "$root$real") ;; esac # an owner without a name
    frame_file file "$about" "$1" "$real"
  elif [ -d "$root$real" ]; then
    frame_file directory '- - 0' "$1" "$real"
  elif [ -e "$root$real" ]; then
    frame_file other '- - 0' "$1" "$real"
  else
    frame_file absent '- - 0' "$1" "$real"
  fi
}

frame_file() { # KIND "MODE OWNER MTIME" PATH REAL
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
  read -r machine 2>/dev/null <"$root/etc/machine-id" # where it has no newline at its end the status tells nothing
  ask machine printf '%s\n' "$machine"
  ask systemd test -d "$root/run/systemd/system"
  ask tools frame_tools
  know_addresses
  ask addresses printf '%s\n' "$addresses"
}

# of the host, a line each, as `ip` tells them: the third word is their kind, before them stands the device
addresses=unknown

know_addresses() {
  if [ "$addresses" != unknown ]; then
    return
  elif command -v ip >/dev/null 2>&1; then
    addresses=$(ip -o addr show 2>/dev/null)
  else
    addresses=$(sed -n '/|-- /h;/32 host LOCAL/{x;s/.*|-- /- - inet /p;}' "$root/proc/net/fib_trie")
  fi
}

frame_tools() {
  for tool in systemd-run flock setsid tar sha256sum stat timeout curl wget docker docker-compose gitlab-runner \
    nsenter ip ss nft journalctl; do
    if command -v "$tool" >/dev/null 2>&1; then printf '%s\n' "$tool"; fi
  done
}

observe_runs() { # what runnerops keeps on the host; few processes, however many runs there are
  state=$root/var/lib/runnerops
  [ -d "$state" ] || return 0
  ask numbers frame_numbers
  ask kept frame_kept
  ask alive frame_alive
  # the logs after `alive`: a run that ends meanwhile is no dead one
  ask walked grep -H -e '^stage	' -e '^swap	.*	absent$' -e "	end	" -e "	note	clock " -e "	forward	[0-9]*	fail	" \
    "$state"/runs/*/forward "$state"/runs/*/log
}

frame_alive() { # runs that systemd knows: a transient unit has its file for as long
  set -- "$root"/run/systemd/transient/runnerops-*
  if [ -d "${1%/*}" ] && [ ! -e "$1" ]; then return 0; fi
  systemctl list-units --all --plain --no-legend --no-pager 'runnerops-*'
}

frame_numbers() {
  for run in "$state"/runs/*; do printf '%s\n' "${run##*/}"; done
}

# intents, records of pauses and of creations that were begun, a hold; what each run recorded, and the contents that
# the newest one that ended well left at its paths
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
