#!/bin/sh
# Removes the directory of a preview from the host; nothing there is fine.
# Environment: DIRECTORY.
set -eu
rm -rf -- "$DIRECTORY"
