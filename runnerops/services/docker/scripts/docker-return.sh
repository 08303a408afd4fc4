#!/bin/sh
# UNIT INVOCATION: loads the old file in a rollback. The daemon is restarted only where this run has restarted it: where it
# still has its InvocationID of before, a reload does.

now=$(systemctl show -p InvocationID --value "$1")
if [ "$now" = "$2" ] && systemctl is-active -q "$1"; then
  systemctl reload "$1"
else
  systemctl reset-failed "$1"
  systemctl restart "$1"
fi
