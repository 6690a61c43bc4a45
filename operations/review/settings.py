"""Where GitLab is, and what it may be asked with: all of it from the variables that a job of a pipeline has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NOTE_TOKEN = "PREVIEW_GITLAB_TOKEN"  # noqa: S105 - a variable's name
"""Name of the variable with the token that may write notes."""

_API = "/api/v4"


@dataclass(frozen=True, kw_only=True)
class GitLab:
    """A project in GitLab.

    Attributes:
        server: Address of GitLab.
        project: Number of the project.
        project_url: Address of its pages; empty where unknown.
        job_token: The job's token: reads merge requests and notes, does all with deployments and environments.
        note_token: Token of the project that also writes notes and uploads files; empty where there is none.
        job_url: Page of the job; empty outside one.
        deployed_environment: Environment to which the job deploys in GitLab's eyes; empty where it does not.
        ca_file: Certificates that GitLab is to be known by; empty for the usual ones.
    """

    server: str
    project: str
    project_url: str = ""
    job_token: str = field(default="", repr=False)
    note_token: str = field(default="", repr=False)
    job_url: str = ""
    deployed_environment: str = ""
    ca_file: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        return self.job_token, self.note_token


def gitlab_of(environment: Mapping[str, str]) -> GitLab | None:
    """What the variables say; None outside GitLab.

    Args:
        environment: Variables as GitLab gives them to a job, with the project's own.
    """
    server = environment.get("CI_API_V4_URL", "").removesuffix(_API) or environment.get("CI_SERVER_URL", "")
    project = environment.get("CI_PROJECT_ID", "")
    job_token, note_token = environment.get("CI_JOB_TOKEN", ""), environment.get(NOTE_TOKEN, "")
    if not (server and project and (job_token or note_token)):
        return None
    # GitLab keeps a deployment for each job that names an environment, save where the job says that it only prepares,
    # verifies, accesses or stops it.
    deploys = environment.get("CI_ENVIRONMENT_ACTION", "") in ("", "start")
    return GitLab(
        server=server,
        project=project,
        project_url=environment.get("CI_PROJECT_URL", ""),
        job_token=job_token,
        note_token=note_token,
        job_url=environment.get("CI_JOB_URL", ""),
        deployed_environment=environment.get("CI_ENVIRONMENT_NAME", "") if deploys else "",
        ca_file=environment.get("CI_SERVER_TLS_CA_FILE", ""),
    )


def environment_of(branch: str) -> str:
    """Name of the environment in GitLab of a branch's preview."""
    return f"preview/{branch}"
