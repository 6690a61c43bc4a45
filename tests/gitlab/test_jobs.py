"""The jobs of ``.gitlab/ci/preview.yml``, run: a project with its own repository, previews on the local base."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from stacks.names import slug_of
from tests.equipment.docker import remains
from tests.equipment.fakes import FakeGitLab
from tests.equipment.gitlab.pipelines import PROJECT, SCHEDULE, TRIGGER, merge_request, push
from tests.equipment.gitlab.project import Project
from tests.equipment.local_base import LocalBase, bring_up
from tests.equipment.viewer import viewer

pytestmark = pytest.mark.engine

HOSTILE = "feature/never';touch>pwned;'$(touch>pwned)`touch>pwned`\"&touch>pwned|#"


@pytest.fixture(scope="module")
def project(local_base: LocalBase) -> Iterator[Project]:
    with local_base.clone("gitlab") as clone, FakeGitLab() as gitlab:
        made = Project.make(clone, gitlab)
        bring_up(clone)
        yield made
    text = "\n".join(made.printed)
    for secret in (made.private_key, gitlab.token, gitlab.job_token):
        assert secret not in text
    assert base64.b64decode(made.private_key).decode().splitlines()[1] not in text


def test_the_life_of_a_preview_from_deploy_to_the_end_of_its_branch(project: Project, engine: Any, token: str) -> None:
    branch = f"feature/{token}_life"
    project.create(branch)
    request = project.gitlab.open_merge_request(branch)

    early = project.run("preview:update", push(branch))
    assert early.code == 0, early.text
    assert "nothing to update" in early.text
    assert not project.previews()
    assert not project.gitlab.notes(request)

    by_gitlab = project.gitlab.start_job(f"preview/{branch}", project.git("rev-parse", "HEAD"), branch)
    deployed = project.run("preview:deploy", push(branch))
    assert deployed.code == 0, deployed.text
    url = f"https://preview-{slug_of(branch)}.localhost:{project.clone.ports['httpsPort']}"
    dotenv = (project.clone.path / "preview.env").read_text("utf-8").splitlines()
    assert f"PREVIEW_URL={url}/?from=now-30m&to=now" in dotenv
    assert url in deployed.stdout
    assert f"log in as admin with the password that ./preview credentials {branch} shows" in deployed.text
    with viewer(branch, project.clone.ports["httpsPort"]) as page:
        assert page.get("/api/health").status_code == 200
    assert project.previews()[branch]["commit"] == project.git("rev-parse", "HEAD")
    assert _note(project, request, branch) == "🟢 Preview: live"
    assert _deployments(project, branch) == ["running"], "GitLab's own, which it ends with the job"
    project.gitlab.end_job(by_gitlab)

    passwords = project.passwords(branch)
    dashboard = project.clone.path / "config/grafana/dashboards/tables.json"
    dashboard.write_text(dashboard.read_text("utf-8").replace('"title": "', '"title": "New ', 1), encoding="utf-8")
    project.git("commit", "--quiet", "--all", "--message", "Change a dashboard")
    updated = project.run("preview:update", merge_request(branch))
    assert updated.code == 0, updated.text
    assert f"Preview of {branch} updated" in updated.text
    assert project.previews()[branch]["commit"] == project.git("rev-parse", "HEAD")
    assert project.passwords(branch) == passwords
    assert _deployments(project, branch) == ["success", "success"]

    project.delete(branch)
    destroyed = project.run("preview:destroy", push(branch), bare=True)
    assert destroyed.code == 0, destroyed.text
    assert f"Preview of {branch} destroyed" in destroyed.text
    assert not project.previews()
    assert not remains(engine, slug_of(branch))
    assert _note(project, request, branch) == "⚪ Preview: gone"

    for password in passwords:
        assert not [text for text in [*project.printed, *project.gitlab.notes(request)] if password in text]


def _note(project: Project, request: int, branch: str) -> str:
    """Title of the only note of a merge request."""
    (note,) = project.gitlab.notes(request)
    assert note.startswith(f"<!-- pgai-preview preview-{slug_of(branch)}.localhost:")
    return note.splitlines()[1].removeprefix("### ")


def _deployments(project: Project, branch: str) -> list[str]:
    """State of each deployment of a branch, whose environment leads to its preview."""
    with project.gitlab.edit() as state:
        found = [one for one in state.deployments.values() if one["environment"]["name"] == f"preview/{branch}"]
        assert f"//preview-{slug_of(branch)}.localhost:" in found[-1]["environment"]["external_url"]
        return [one["status"] for one in found]


def test_the_clean_up_destroys_the_preview_of_a_branch_that_is_gone_and_only_that(
    project: Project, engine: Any, token: str
) -> None:
    branch = f"feature/{token}-cleanup"
    project.create(branch)
    deployed = project.run("preview:deploy", merge_request(branch))
    assert deployed.code == 0, deployed.text
    kept = project.run("preview:cleanup", SCHEDULE)
    assert kept.code == 0, kept.text
    assert list(project.previews()) == [branch]

    passwords = project.passwords(branch)
    project.delete(branch)
    cleaned = project.run("preview:cleanup", SCHEDULE)
    assert cleaned.code == 0, cleaned.text
    assert branch in cleaned.text
    assert not project.previews()
    assert not remains(engine, slug_of(branch))
    for password in passwords:
        assert not [text for text in project.printed if password in text]


def test_a_webhook_destroys_the_preview_of_the_branch_that_it_names_and_no_other(
    project: Project, engine: Any, token: str
) -> None:
    branch = f"feature/{token}-webhook"
    project.create(branch)
    deployed = project.run("preview:deploy", push(branch))
    assert deployed.code == 0, deployed.text
    project.git("checkout", "--quiet", "main")
    described = {"id": int(PROJECT), "path_with_namespace": "group/previews", "default_branch": "main"}
    deletion = {
        "object_kind": "push",
        "after": "0" * 40,
        "ref": "main",
        "pushed_ref": f"refs/heads/{branch}",
        "project": described,
    }
    # Whatever else is sent is judged without a job, in the unit tests.
    for harmless in (
        {**deletion, "project": {**described, "id": 16, "path_with_namespace": "fork/previews"}},
        {**deletion, "pushed_ref": f"refs/heads/{branch.replace('-', '_')}"},
    ):
        done = project.run("preview:webhook", TRIGGER, payload=harmless)
        assert done.code == 0, done.text
        assert "Nothing to do: " in done.text
    assert list(project.previews()) == [branch]

    passwords = project.passwords(branch)
    done = project.run("preview:webhook", TRIGGER, payload=deletion)
    assert done.code == 0, done.text
    assert "Its preview was destroyed" in done.text
    assert not project.previews()
    assert not remains(engine, slug_of(branch))
    again = project.run("preview:webhook", TRIGGER, payload=deletion)
    assert again.code == 0, again.text
    assert "It had no preview" in again.text
    for password in passwords:
        assert not [text for text in project.printed if password in text]


def test_a_branch_without_a_preview_is_no_failure_and_its_name_is_never_run(project: Project) -> None:
    done = project.run("preview:destroy", push(HOSTILE), bare=True)
    assert done.code == 0, done.text
    assert f"There is no preview of {HOSTILE}: nothing to destroy." in done.text
    assert not [path for path in project.clone.path.parent.rglob("pwned*") if path]


def test_a_job_fails_as_its_command_does(project: Project) -> None:
    done = project.run("preview:deploy", push("///"))
    assert done.code == 2
    assert "has no letter or digit" in done.text
