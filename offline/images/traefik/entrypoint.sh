#!/bin/sh
# Flags, or one of Traefik's own commands, mean Traefik.
set -eu

case "${1-}" in
-* | healthcheck | version) set -- traefik "$@" ;;
esac
exec "$@"
