#!/bin/sh
# UNIT INVOCATION: makes the daemon load the old file in a rollback. It is restarted only if this run has restarted it.
# If it still has the InvocationID from before the run, a reload is enough.

now=$(systemctl show -p InvocationID --value "$1")
if [ "$now" = "$2" ] && systemctl is-active -q "$1"; then
  systemctl reload "$1"
else
  systemctl reset-failed "$1"
  systemctl restart "$1"
fi
