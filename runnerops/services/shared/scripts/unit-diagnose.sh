#!/bin/sh
# UNIT: prints how it is, and the last lines of its log.

echo "$1 is $(systemctl is-active "$1"); its last lines:"
journalctl -q --no-pager -o cat -u "$1" -n 8
