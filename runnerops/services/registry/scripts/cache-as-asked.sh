#!/bin/sh
# CACHE FORM LINE…: prints `as asked` where the container of this cache's service shows all these lines, twice, a second
# apart, with no difference between the two looks. FORM is a format of `docker inspect`; a LINE that ends in = is the
# beginning of one.

cache=$1 form=$2
shift 2
line='
'
id=$(docker ps -q --filter 'label=com.docker.compose.project=runnerops' \
  --filter "label=com.docker.compose.service=$cache" | head -n 1)
if [ -z "$id" ]; then
  echo 'it does not run'
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
  echo 'it is started again and again'
fi
