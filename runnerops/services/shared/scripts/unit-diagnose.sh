#!/bin/sh
# UNIT: prints the state of the unit, and the last lines of its log.

echo "$1 is $(systemctl is-active "$1"); the last lines of its log:"
journalctl -q --no-pager -o cat -u "$1" -n 8
