#!/bin/sh
# ADDRESS: prints the device and the source address that the host uses for packets to this address.

# shellcheck disable=SC2046  # words
set -- $(ip -o route get "$1")
device='' source=''
while [ $# -gt 1 ]; do
  case $1 in
  dev) device=$2 ;;
  src) source=$2 ;;
  esac
  shift
done
echo "$device $source"
