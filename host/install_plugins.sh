#!/bin/sh
# Installs plugins of Grafana with Grafana's own program, in a container of its image: each in a folder of its version, so
# that what a running Grafana has mounted stays as it is. One that cannot be had is named; that is no failure.
# Arguments: ID VERSION SOURCE of each; SOURCE is the address or file of its archive, or "catalogue" for the vendor's.
# Environment: PLUGINS (directory), SECONDS_EACH (most that one may take), TOGETHER (folder in which all are side by side
# as well; empty: none).
set -eu
umask 022
next=$PLUGINS/.next
while [ "$#" -gt 0 ]; do
    plugin=$1 version=$2 source=$3
    shift 3
    [ "$source" != catalogue ] || source=
    folder=$PLUGINS/$plugin@$version
    if [ ! -e "$folder/$plugin/plugin.json" ]; then
        rm -rf -- "$next" "$folder"
        mkdir -- "$next"
        status=0
        # The archive passes through the directory for temporary files, which in memory would be too small.
        said=$(TMPDIR=$next timeout "$SECONDS_EACH" grafana cli --pluginsDir "$next" \
            ${source:+--pluginUrl "$source"} plugins install "$plugin" "$version" 2>&1) || status=$?
        if [ ! -e "$next/$plugin/plugin.json" ]; then
            reason=$(printf '%s\n' "$said" | sed -n 's/^Error: \(✗ \)*//; /./h; ${ g; p; }')
            [ "$status" -lt 124 ] || reason="not there within $SECONDS_EACH s"
            echo "missing $plugin@$version: ${reason:-its archive has no such plugin}"
            continue
        fi
        mv -- "$next" "$folder"
    fi
    if [ -n "$TOGETHER" ] && [ ! -e "$TOGETHER/$plugin" ]; then
        rm -rf -- "$next"
        mkdir -p -- "$TOGETHER"
        # The same files once more, without their room.
        cp -al -- "$folder/$plugin" "$next"
        mv -- "$next" "$TOGETHER/$plugin"
    fi
    echo "installed $plugin@$version"
done
rm -rf -- "$next"
