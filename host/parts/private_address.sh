# shellcheck shell=sh
give_up() {
    printf '%s\n' "$1" >&2
    exit 1
}

# Waits for the address, which comes when the cloud has put the machine into the network, until a deadline in Unix time.
# Environment: ADDRESS (the machine's own in the private network), SECONDS_AT_MOST (what that deadline was made of).
await_address() {
    until ip -4 -oneline address show to "$ADDRESS" | grep -q .; do
        [ "$(date +%s)" -lt "$1" ] ||
            give_up "This machine did not get its address $ADDRESS in the private network within $SECONDS_AT_MOST s: look at the server's networks in Hetzner's console."
        sleep 1
    done
}
