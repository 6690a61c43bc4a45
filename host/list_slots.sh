#!/bin/sh
# Lists the slots that previews have on this machine: a line each, time of the last change (RFC 3339, UTC) and slug.
# Environment: PREVIEWS (directory).
set -eu
[ -d "$PREVIEWS" ] || exit 0
TZ=UTC find "$PREVIEWS" -mindepth 1 -maxdepth 1 -type d -printf '%TY-%Tm-%TdT%TH:%TM:%.2TSZ %f\n'
