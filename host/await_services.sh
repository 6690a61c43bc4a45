#!/bin/sh
# Waits until services of a preview are well that others need at their start.
# Environment: SERVICES (their keys), DIRECTORY (of the preview), SLUG, BASE (label of the base's previews), SECONDS_UNTIL_WELL
# (that they may take).
set -eu
: "${SERVICES:?}" "${DIRECTORY:?}" "${SLUG:?}" "${BASE:?}" "${SECONDS_UNTIL_WELL:?}"

# part: unless_gone

# part: proven_since

# part: wait_until_well

# part: wait_for_tasks

# shellcheck disable=SC2086  # a list of keys
if [ "${RUNTIME:-}" = services ]; then wait_for_tasks $SERVICES; else wait_until_well $SERVICES; fi
