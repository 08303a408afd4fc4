#!/bin/sh
# Makes a lab host of a fresh debootstrap: runs once in its chroot, with this folder as /runnerops-lab.
set -eu
here=/runnerops-lab
units=/etc/systemd/system

cp "$here/cgroups-rw.service" "$here/gitlab-runner.service" "$units/"
systemctl enable cgroups-rw gitlab-runner ssh docker containerd
systemctl disable docker-registry
systemctl mask systemd-modules-load sshd-keygen e2scrub_reap console-getty getty@tty1 \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer

# The package of gitlab-runner makes this user and this folder; its .bash_logout fails every shell job.
useradd --create-home --shell /bin/bash gitlab-runner
rm -f /home/gitlab-runner/.bash_logout
mkdir -m 0700 /etc/gitlab-runner

useradd --create-home --shell /bin/bash deploy
useradd --create-home --shell /bin/bash nosudo
printf 'deploy ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/deploy
chmod 0440 /etc/sudoers.d/deploy

# The stand-in's interpreter has a private place; where no package of ours needs Python, none is on the PATH,
# so that a tool which needs one on its hosts fails here.
private=/opt/runnerops-lab
mkdir -p "$private"
if [ -e /usr/bin/docker-compose ] && head -1 /usr/bin/docker-compose | grep -q python; then
    ln -s /usr/bin/python3 "$private/python3"
else
    mv "$(readlink -f /usr/bin/python3)" "$private/python3"
    rm -f /usr/bin/python3* /usr/bin/py3*
fi

# OpenSSH 9.8 and newer lock a client's address out for a while after failed logins, which some tests provoke.
if grep -qi persourcepenalties /usr/sbin/sshd; then
    printf 'PerSourcePenalties no\n' >/etc/ssh/sshd_config.d/lab.conf
fi

: >/etc/resolv.conf
rm -f /etc/ssh/ssh_host_* /etc/hostname
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /var/lib/docker /var/lib/containerd
mkdir -p /var/lib/docker /var/lib/containerd /var/log/journal
