"""GitLab's pipelines on this machine: ``gitlab-ci-local`` from npm, pinned in this folder."""
