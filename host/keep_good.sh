#!/bin/sh
# Keeps a copy of a preview's files beside the live ones, once all its containers are healthy with them: what an update
# that fails goes back to. The copy is complete at every moment, or the one before it is still there.
# Environment: DIRECTORY (of the preview).
set -eu
umask 022
good=$DIRECTORY/good
[ -d "$good" ] || [ ! -d "$good.old" ] || mv -- "$good.old" "$good"
rm -rf -- "$good.next" "$good.old"
mkdir -- "$good.next"
cp -R -- "$DIRECTORY/config" "$DIRECTORY/workload" "$good.next/"
if [ -d "$good" ]; then mv -- "$good" "$good.old"; fi
mv -- "$good.next" "$good"
rm -rf -- "$good.old"
