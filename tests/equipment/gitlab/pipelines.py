"""Pipelines of a repository as GitLab would make them, listed or run by gitlab-ci-local's shell executor."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.equipment.checkout import Finished
from tests.equipment.gitlab.install import command

PROJECT = "15"
DEFAULT_BRANCH = "main"

LIFE = {"preview:deploy": "manual", "preview:update": "on_success", "preview:destroy": "manual"}
PREVIEWS = LIFE | {"preview:verify": "manual"}
"""Jobs of a preview's life, then all of its jobs: when each of them runs where nothing starts by itself."""

# gitlab-ci-local lists jobs without asking the workflow's rules whether there is a pipeline, so a job has them too.
_WORKFLOW = "the pipeline itself"
_PROBE = f"""
include: [{{local: .gitlab-ci.yml}}]
{_WORKFLOW}:
  stage: .pre
  script: ["true"]
  rules: [!reference [workflow, rules]]
"""
_PROBE_FILE = ".gitlab-ci-local-probe.yml"
_JOB_SECONDS = 600
# Holding the file against GitLab's schema takes most of the time, and :meth:`Repository.configuration` has done it.
_UNCHECKED = "--no-json-schema-validation"


@dataclass(frozen=True)
class Pipeline:
    """What made GitLab start a pipeline.

    Attributes:
        variables: Predefined variables that differ with it.
        unset: Those that such a pipeline does not have.
    """

    variables: Mapping[str, str]
    unset: tuple[str, ...] = ()


def push(branch: str, *, source: str = "push") -> Pipeline:
    """Somebody pushed a branch, or started its pipeline in the browser (``web``)."""
    return Pipeline({"CI_PIPELINE_SOURCE": source, "CI_COMMIT_BRANCH": branch, "CI_COMMIT_REF_NAME": branch})


def merge_request(branch: str, *, source: str = PROJECT, target: str = PROJECT) -> Pipeline:
    """A pipeline of a merge request, out of one project into another."""
    variables = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_COMMIT_REF_NAME": branch,
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": source,
        "CI_MERGE_REQUEST_PROJECT_ID": target,
    }
    return Pipeline(variables, unset=("CI_COMMIT_BRANCH",))


def tag(name: str) -> Pipeline:
    """Somebody pushed a tag."""
    variables = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_REF_NAME": name, "CI_COMMIT_TAG": name}
    return Pipeline(variables, unset=("CI_COMMIT_BRANCH",))


SCHEDULE = push(DEFAULT_BRANCH, source="schedule")
TRIGGER = push(DEFAULT_BRANCH, source="trigger")


@dataclass(frozen=True)
class Repository:
    """A working tree with ``.gitlab-ci.yml``, in Git.

    Attributes:
        path: Its root.
        home: Directory for what gitlab-ci-local keeps.
        environment: Environment of the runner.
        settings: The project's CI/CD variables, as gitlab-ci-local's file of variables takes them.
        always: Variables that win over every other.
    """

    path: Path
    home: Path
    environment: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)

    def jobs(self, pipeline: Pipeline) -> dict[str, str]:
        """The jobs that a pipeline has, and when each of them runs."""
        (self.path / _PROBE_FILE).write_text(_PROBE, encoding="utf-8")
        done = self._run(pipeline, "--list-json", _UNCHECKED, f"--file={_PROBE_FILE}")
        assert done.code == 0, done.text
        jobs = {job["name"]: job["when"] for job in json.loads(done.stdout) if job["when"] != "never"}
        return jobs if jobs.pop(_WORKFLOW, None) else {}

    def configuration(self) -> dict[str, Any]:
        """The whole file, with what it includes and extends, held against GitLab's schema."""
        done = self._run(push(DEFAULT_BRANCH), "--preview")
        assert done.code == 0, done.text
        content: dict[str, Any] = yaml.safe_load(done.stdout.partition("---\n")[2])
        return content

    def run(self, job: str, pipeline: Pipeline) -> Finished:
        """Run a job as a runner would, in the working tree.

        Returns:
            What it printed, with the exit code of the job's own script.
        """
        done = self._run(pipeline, "--force-shell-executor", _UNCHECKED, job)
        # A job that is allowed to fail leaves gitlab-ci-local's own code at 0.
        failed = re.search(rf"^{re.escape(job)} finished in .* (?:WARN|FAIL) (\d+)", done.stderr, re.MULTILINE)
        return replace(done, code=int(failed[1])) if failed else done

    def _run(self, pipeline: Pipeline, *arguments: str) -> Finished:
        program = command()
        assert program, "gitlab-ci-local is not installed: python -m tests.equipment.prerequisites does it"
        settings = yaml.safe_dump(dict(self.settings))
        (self.path / ".gitlab-ci-local-variables.yml").write_text(settings, encoding="utf-8")
        variables = {"CI_PROJECT_ID": PROJECT, **pipeline.variables, **self.always}
        started = time.monotonic()
        done = subprocess.run(
            [
                *program,
                *(f"--variable={name}={value}" for name, value in variables.items()),
                *(f"--unset-variable={name}" for name in pipeline.unset),
                f"--ignore-predefined-vars={','.join(variables)}",
                f"--home={self.home}",
                *arguments,
            ],
            cwd=self.path,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=_JOB_SECONDS,
        )
        return Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - started)
