#!/bin/sh
# Whether containers reach a cache: runs the host's own command in the network of a container that runs.
#   --note NAME ARGV…
#       before the change: notes where none reaches it, or none runs that could be asked.
#   --compare NAME URL TEXT ARGV…
#       after it: fails with TEXT where one did before and none does now. Where none did before, only tells so.

what=$1 name=$2
shift 2
cd "${RUNNEROPS_DESK:-.}" || exit

inside() { # the process of a container that has a network of its own
  for id in $(docker ps -q); do
    found=$(docker inspect --type container --format '{{.State.Pid}} {{.HostConfig.NetworkMode}}' "$id" 2>/dev/null)
    case $found in
    '' | '0 '* | *' host' | *' none' | *' container:'*) ;;
    *)
      echo "${found%% *}"
      return
      ;;
    esac
  done
}

if [ "$what" = --note ]; then
  pid=$(inside)
  { [ -n "$pid" ] && nsenter -t "$pid" -n "$@" >/dev/null 2>&1; } || : >"unreached.$name"
  exit
fi

url=$1 said=$2
shift 2
if [ -e "unreached.$name" ]; then
  echo "whether containers reach $url is not shown: none did, or none ran, before" >tell
  exit
fi
for _ in 1 2 3 4 5; do
  pid=$(inside)
  [ -z "$pid" ] || { nsenter -t "$pid" -n "$@" && exit; }
  sleep 1
done
echo "$said"
exit 1
