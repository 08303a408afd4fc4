#!/bin/sh
# Gives a finished root the Docker of a newer suite: newer-docker.sh MIRROR SUITE PACKAGE... runs in its chroot.
# systemd stays as it is (the newest refuses control groups v1), and so does the registry, which all hosts share.
set -eu
mirror=$1 suite=$2
shift 2

printf 'deb %s %s main\n' "$mirror" "$suite" >/etc/apt/sources.list.d/newer.list
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d # nothing starts in a chroot
chmod 0755 /usr/sbin/policy-rc.d
apt-mark hold systemd systemd-sysv libsystemd0 docker-registry
# that suite's Release file may be some days older than it allows
apt-get -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none update
apt-get -o Dpkg::Options::=--force-confold install -y --no-install-recommends -t "$suite" "$@"

rm -f /usr/sbin/policy-rc.d /etc/apt/sources.list.d/newer.list
rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb /var/lib/docker /var/lib/containerd
mkdir -p /var/lib/docker /var/lib/containerd
