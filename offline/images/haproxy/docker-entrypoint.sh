#!/bin/sh
# Flags alone mean haproxy. It runs as master and worker in the foreground, so
# that a signal to the container reloads or ends it.
set -eu

case "${1-}" in
-*) set -- haproxy "$@" ;;
esac
if [ "${1-}" = haproxy ]; then
    shift
    set -- haproxy -W -db "$@"
fi
exec "$@"
