#!/bin/sh
# Usage: rootfs.sh ARCHIVE
# Writes the base image's root file system as a tar archive. Needs root and debootstrap. Packages come from the mirror that this machine's
# own apt uses or, if apt knows none for this release, from debootstrap's default.
set -eu

archive=$1
suite=bookworm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
root=$work/rootfs

# shellcheck disable=SC2016 # apt-get fills in the field
mirror=$(apt-get indextargets --format '$(REPO_URI)' \
    'Origin: Debian' "Codename: $suite" 'Component: main' 'Created-By: Packages' 2>/dev/null | head -n 1) || mirror=
# shellcheck disable=SC2086 # no mirror, no argument
debootstrap --variant=minbase --include=ca-certificates,wget "$suite" "$root" $mirror

# Documentation and translations are half of the image. The setting keeps out
# those of packages that other images add.
cat >"$root/etc/dpkg/dpkg.cfg.d/small" <<'EOF'
path-exclude /usr/share/doc/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
EOF
for name in doc info locale man; do
    find "$root/usr/share/$name" -mindepth 1 -delete
done
cat >"$root/etc/apt/apt.conf.d/small" <<'EOF'
APT::Install-Recommends "false";
Acquire::Languages "none";
EOF
rm -rf "$root/var/lib/apt/lists" "$root/var/cache/apt" "$root/var/log"
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial" "$root/var/log"
# The machine's name and resolver are not part of an image.
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
# Device files are the container runtime's business.
find "$root/dev" -mindepth 1 -delete

tar -C "$root" --numeric-owner --sort=name -cf "$archive" .
