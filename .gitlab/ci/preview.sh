#!/bin/sh
# What the jobs of preview.yml run, in a checkout: preview.sh deploy|update|verify|destroy|cleanup|webhook
set -eu
cd -- "$(dirname -- "$0")/../.."

fail() {
    printf 'Error: %s\n' "$*" >&2
    exit 1
}

# SSH_PRIVATE_KEY is the key itself, the key in base64 (so that GitLab can mask it), or the path of a file-type variable.
private_key() {
    case $SSH_PRIVATE_KEY in
        *'PRIVATE KEY'*) printf '%s\n' "$SSH_PRIVATE_KEY" ;;
        /*) cat -- "$SSH_PRIVATE_KEY" ;;
        *) printf '%s' "$SSH_PRIVATE_KEY" | base64 -d ;;
    esac | tr -d '\r'
}

# The key goes through a pipe into an agent that lives as long as this job; nothing that runs later has it.
start_agent() {
    command -v ssh-agent >/dev/null || fail "ssh-agent was not found: use a job image that has an OpenSSH client."
    eval "$(env -u SSH_PRIVATE_KEY ssh-agent -s)" >/dev/null
    trap 'kill "$SSH_AGENT_PID"' EXIT
    private_key | ssh-add -q - ||
        fail "SSH_PRIVATE_KEY is not a private key without a passphrase: correct the variable in the CI/CD settings."
    unset SSH_PRIVATE_KEY
}

# Names of the variables that the request set which started this pipeline; GitLab writes the request down.
variables_of_trigger() {
    env -i PATH=/usr/local/bin:/usr/bin:/bin python3 -I -c '
import json, sys
try:
    with open(sys.argv[1], encoding="utf-8") as file:
        request = json.load(file)
except (OSError, ValueError, RecursionError):
    sys.exit()  # Nothing that GitLab wrote; the command says so.
found = request.get("variables") if isinstance(request, dict) else None
if found:
    print(ascii(sorted(found) if isinstance(found, dict) else found))
' "$TRIGGER_PAYLOAD"
}

action=$1
# Whoever has a trigger token may set variables, which come before the project's and GitLab's own. What has run before this
# line (BASH_ENV, what Git was told) can no longer be refused here: CONTRIBUTING names the setting that refuses it.
if [ -n "${TRIGGER_PAYLOAD:-}" ]; then
    [ "$action" = webhook ] || fail "A trigger token starts the job preview:webhook and no other: nothing was done."
    chosen=$(variables_of_trigger)
    [ -z "$chosen" ] || fail "The request that triggered this pipeline sets variables ($chosen), which no webhook does:" \
        "nothing was done. Take the trigger token back, change what the job could read, and set \"Minimum role to use" \
        "pipeline variables\" to \"No one allowed\" in the CI/CD settings."
fi
if [ "$PREVIEW_BASE" != local ] && [ -z "${PULUMI_BACKEND_URL:-}" ]; then
    if [ "$action" = update ]; then
        echo "PULUMI_BACKEND_URL is not set, so no branch has a preview: nothing to update."
        exit 0
    fi
    # Without it the state would be this job's own: a deploy would be forgotten, a destroy would find nothing.
    fail "PULUMI_BACKEND_URL is not set for this job: set it in the CI/CD settings. A protected variable only reaches" \
        "protected branches, one with an environment scope only jobs of that environment."
fi
if [ -n "${SSH_PRIVATE_KEY:-}" ]; then start_agent; fi
./preview setup

# In a merge request's pipeline its labels are known; a request without any has no such variable.
if [ -n "${CI_MERGE_REQUEST_IID:-}" ]; then
    set -- "--labels=${CI_MERGE_REQUEST_LABELS:-}"
else
    set --
fi

case $action in
    deploy) ./preview deploy --commit "$CI_COMMIT_SHA" "$@" --dotenv preview.env -- "$CI_COMMIT_REF_NAME" ;;
    update) ./preview update --commit "$CI_COMMIT_SHA" "$@" -- "$CI_COMMIT_REF_NAME" ;;
    verify)
        set --
        # Pictures need a browser, which a job image may lack.
        if command -v chromium >/dev/null; then set -- --screenshots pictures --against "$CI_DEFAULT_BRANCH"; fi
        ./preview verify --junit verify.xml "$@" -- "$CI_COMMIT_REF_NAME"
        ;;
    destroy) ./preview destroy -- "$CI_COMMIT_REF_NAME" ;;
    cleanup) ./preview reap --branches-from "$CI_PROJECT_URL.git" --idle "${PREVIEW_IDLE_HOURS:-0}" ;;
    webhook) ./preview webhook --project "$CI_PROJECT_ID" -- "${TRIGGER_PAYLOAD:?is not set: only a webhook starts this job}" ;;
    *) fail "preview.sh knows deploy, update, verify, destroy, cleanup and webhook, not $action." ;;
esac
