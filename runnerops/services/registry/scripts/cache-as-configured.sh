#!/bin/sh
# CACHE FORMAT LINE…: prints `as configured` if `docker inspect` in FORMAT prints all these lines for the container of
# this cache, and the same output a second later. A LINE that ends in = matches every line that begins with it.

cache=$1 format=$2
shift 2
line='
'
id=$(docker ps -q --filter 'label=com.docker.compose.project=runnerops' \
  --filter "label=com.docker.compose.service=$cache" | head -n 1)
if [ -z "$id" ]; then
  echo 'the container does not run'
  exit
fi

inspect() { docker inspect --type container --format "$format" "$id"; }

output=$line$(inspect)$line
for want; do
  case $want in
  *=) end='' ;;
  *) end=$line ;;
  esac
  case $output in
  *"$line$want$end"*) ;;
  *)
    echo "not as configured: $want"
    exit
    ;;
  esac
done
sleep 1
if [ "$output" = "$line$(inspect)$line" ]; then
  echo 'as configured'
else
  echo 'the container keeps restarting'
fi
