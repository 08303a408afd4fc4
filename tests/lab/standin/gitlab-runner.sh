#!/bin/bash
# The program /usr/bin/gitlab-runner of the stand-in. Its Python interpreter is not on the PATH of the host. The name
# `x` and the short path of the script are together as long as the path of the real program: see launch.py.
PYTHONHOME=/usr exec -a x /opt/runnerops-lab/python3 /opt/runnerops-lab/r "$@"
