#!/bin/bash
# /usr/bin/gitlab-runner where no real one is: a stand-in. Its interpreter has a private place on the host.
# "x" and the script's short path are as long together as the path of the real one, see launch.py.
PYTHONHOME=/usr exec -a x /opt/runnerops-lab/python3 /opt/runnerops-lab/r "$@"
