#!/bin/sh
# The last step of the first boot: starts what cloud-init has written and installed, and says "ready" only if previews
# can run here. Can be run again. Environment: DIRECTORY, STATE (where "ready" or "failed", with the reason, appears),
# ENGINE_SECONDS (how long the engine may take to answer).
set -eu
umask 022
: "${DIRECTORY:?has to be set}"
state=${STATE:-/var/lib/pgai-preview}
seconds=${ENGINE_SECONDS:-120}
mkdir -p "$state"
rm -f "$state/ready" "$state/failed"

note() {
    echo "first boot: $1" >&2
}

give_up() {
    note "$1"
    printf '%s\n' "$1" >"$state/failed.next" && mv "$state/failed.next" "$state/failed"
    exit 1
}

# What does not keep previews from running is only noted.
sysctl --quiet --load /etc/sysctl.d/90-pgai-preview.conf || note 'vm.swappiness could not be set'
[ "$(wc -l </proc/swaps)" -gt 1 ] || note 'there is no swap'

id deploy >/dev/null 2>&1 || give_up 'The user deploy does not exist: cloud-init could not make it, see /var/log/cloud-init.log.'
install -d -o deploy -g deploy -m 0755 "$DIRECTORY" "$DIRECTORY/previews"
# Shared by the operations of deploy; its inode must stay.
[ -e "$DIRECTORY/.lock" ] || install -o deploy -g deploy -m 0644 /dev/null "$DIRECTORY/.lock"

systemctl daemon-reload || note 'the unit files could not be read again'
# The SSH server may have started before its settings were written.
systemctl try-reload-or-restart ssh.service || note 'the SSH server could not be told its settings'
# Ubuntu's systemd listens in its place, on the port that it has read from the same settings.
systemctl try-restart ssh.socket || note 'the socket of the SSH server could not be told its port'
command -v docker >/dev/null || give_up 'Docker is not installed: its packages could not be had, see /var/log/cloud-init-output.log.'
for unit in docker.service /etc/systemd/system/pgai-preview-*.timer; do
    unit=${unit##*/}
    systemctl enable "$unit" || note "$unit could not be enabled"
    systemctl start "$unit" || note "$unit could not be started, see 'journalctl -u $unit'"
done

# As the user that will use it. Within this limit it is a matter of time, after it something is broken.
waited=0
until said=$(runuser -u deploy -- docker ps --quiet 2>&1); do
    [ "$waited" -lt "$seconds" ] || give_up "The user deploy cannot use Docker, even after $seconds s. It last said: $said"
    sleep 1
    waited=$((waited + 1))
done
iptables -w 10 -C DOCKER-USER -d 169.254.169.254 -j REJECT 2>/dev/null ||
    give_up "Containers could reach the metadata address: the rule of block_metadata.sh is missing, see 'systemctl status docker'."
docker version --format 'Docker {{.Server.Version}}' >"$state/ready.next"
mv "$state/ready.next" "$state/ready"
note "ready, $(cat "$state/ready")"
