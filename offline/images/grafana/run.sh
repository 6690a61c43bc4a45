#!/bin/sh
# The entrypoint's name is the official image's. GF_* variables, also NAME__FILE, are read by the program itself.
exec /usr/share/grafana/bin/grafana server "$@"
