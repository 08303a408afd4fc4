#!/bin/sh
# CACHE FORM LINE…: prints `as asked` if `docker inspect` in this format shows all these lines for the container of this
# cache, and shows the same again a second later. A LINE that ends in = stands for every line that begins with it.

cache=$1 form=$2
shift 2
line='
'
id=$(docker ps -q --filter 'label=com.docker.compose.project=runnerops' \
  --filter "label=com.docker.compose.service=$cache" | head -n 1)
if [ -z "$id" ]; then
  echo 'the container does not run'
  exit
fi

ask() { docker inspect --type container --format "$form" "$id"; }

told=$line$(ask)$line
for want; do
  case $want in
  *=) end='' ;;
  *) end=$line ;;
  esac
  case $told in
  *"$line$want$end"*) ;;
  *)
    echo "not as asked: $want"
    exit
    ;;
  esac
done
sleep 1
if [ "$told" = "$line$(ask)$line" ]; then
  echo 'as asked'
else
  echo 'the container keeps restarting'
fi
