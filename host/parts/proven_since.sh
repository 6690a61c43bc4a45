# shellcheck shell=sh
# When all of a preview was last well, in UTC: the time of the copy of its good files; nothing where it never was.
proven_since() {
    date -u -r "$DIRECTORY/good" +%FT%T.%N 2>/dev/null || date -u -r "$DIRECTORY/good.old" +%FT%T.%N 2>/dev/null || :
}
