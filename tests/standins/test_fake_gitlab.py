"""The field's own Python client cannot tell the fake GitLab from GitLab, as far as the fake plays it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gitlab
import pytest
from gitlab.exceptions import GitlabError

from tests.equipment.fakes import FakeGitLab
from tests.equipment.fakes.gitlab import User

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def fake() -> Iterator[FakeGitLab]:
    with FakeGitLab() as fake:
        yield fake


def project(fake: FakeGitLab, token: str = "", *, job: bool = False) -> Any:
    private, of_job = (None, fake.job_token) if job else (token or fake.token, None)
    return gitlab.Gitlab(fake.server, private_token=private, job_token=of_job).projects.get(15, lazy=True)


def refused(call: Any, *args: Any, **kwargs: Any) -> tuple[int | None, str]:
    with pytest.raises(GitlabError) as caught:
        call(*args, **kwargs)
    return caught.value.response_code, str(caught.value.error_message)


def test_notes_are_listed_in_pages_and_written_changed_and_deleted_by_their_author(fake: FakeGitLab) -> None:
    iid = fake.open_merge_request("feature/a")
    for number in range(45):
        fake.comment(iid, f"{number}", system=number % 2 == 0)
    notes = project(fake).mergerequests.get(iid, lazy=True).notes
    assert [note.body for note in notes.list(iterator=True, sort="asc")] == [str(number) for number in range(45)]
    assert notes.list(iterator=True).total == 45
    assert len(notes.list(all=True, activity_filter="only_comments")) == 22
    made = notes.create({"body": "new"})
    made.body = "changed"
    made.save()
    assert notes.get(made.id).body == "changed"
    assert made.author["username"].startswith("project_15_bot_")
    made.delete()
    assert refused(notes.get, made.id) == (404, "404 Not found")


def test_only_a_maintainer_changes_what_somebody_else_has_written(fake: FakeGitLab) -> None:
    iid = fake.open_merge_request("feature/a")
    note = fake.comment(iid, "mine")
    token = fake.add_token(User(9, "bob", 30), "api")
    others = project(fake, token).mergerequests.get(iid, lazy=True).notes
    assert refused(others.update, note, {"body": "yours"}) == (403, "403 Forbidden")
    project(fake).mergerequests.get(iid, lazy=True).notes.update(note, {"body": "ours"})
    assert fake.notes(iid) == ["ours"]


def test_a_note_has_a_limit_and_runs_its_quick_actions(fake: FakeGitLab) -> None:
    notes = project(fake).mergerequests.get(fake.open_merge_request("feature/a"), lazy=True).notes
    assert refused(notes.create, {"body": "x" * 1_000_001})[0] == 400
    assert refused(notes.create, {"body": "a\0b"})[0] == 400
    notes.create({"body": "look\n/close"})
    with fake.edit() as state:
        assert state.quick_actions == ["close"]


def test_merge_requests_are_found_by_branch_and_state(fake: FakeGitLab) -> None:
    merged = fake.open_merge_request("feature/a", state="merged")
    opened = fake.open_merge_request("feature/a", labels=("preview",))
    fake.open_merge_request("feature/b")
    found = project(fake, job=True).mergerequests
    assert [one.iid for one in found.list(source_branch="feature/a", state="opened")] == [opened]
    assert {one.iid for one in found.list(source_branch="feature/a", state="all")} == {opened, merged}
    assert [one.iid for one in found.list(labels=["preview"])] == [opened]


def test_a_jobs_token_reads_notes_and_cares_for_deployments_and_may_do_nothing_else(fake: FakeGitLab) -> None:
    iid = fake.open_merge_request("feature/a")
    note = fake.comment(iid, "hello")
    mine = project(fake, job=True)
    notes = mine.mergerequests.get(iid, lazy=True).notes
    assert [one.body for one in notes.list(get_all=True)] == ["hello"]
    assert refused(notes.create, {"body": "no"}) == (401, "401 Unauthorized")
    assert refused(notes.update, note, {"body": "no"}) == (401, "401 Unauthorized")
    assert refused(mine.upload, "a.png", b"x") == (401, "401 Unauthorized")
    made = mine.deployments.create(
        {"environment": "preview/feature/a", "sha": SHA, "ref": "feature/a", "tag": False, "status": "running"}
    )
    made.status = "success"
    made.save()
    assert [one.status for one in mine.deployments.list(environment="preview/feature/a", get_all=True)] == ["success"]
    (environment,) = mine.environments.list(name="preview/feature/a", get_all=True)
    mine.environments.update(environment.id, {"external_url": "https://preview-feature-a.localhost"})
    environment.stop()
    (stopped,) = mine.environments.list(states="stopped", get_all=True)
    assert (stopped.name, stopped.external_url) == ("preview/feature/a", "https://preview-feature-a.localhost")


def test_a_deployment_of_a_job_is_gitlabs_and_one_of_the_api_has_no_job_that_stops_it(fake: FakeGitLab) -> None:
    mine = project(fake, job=True)
    number = fake.start_job("preview/a", SHA, "a", on_stop="preview:destroy")
    assert refused(mine.deployments.update, number, {"status": "failed"})[0] == 403
    fake.end_job(number)
    environment = mine.environments.get(mine.environments.list(name="preview/a", get_all=True)[0].id)
    environment.stop()
    with fake.edit() as state:
        assert state.started_jobs == ["preview:destroy"]
        state.environments[environment.id]["state"] = "available"
    values = {"environment": "preview/a", "sha": SHA, "ref": "a", "tag": False, "status": "success"}
    again = mine.deployments.create(values)
    assert refused(mine.deployments.update, again.id, {"status": "success"})[0] == 400
    environment.stop()
    with fake.edit() as state:
        assert state.started_jobs == ["preview:destroy"]
    assert refused(mine.deployments.create, {**values, "environment": "preview/a#b"})[0] == 400
    assert refused(mine.deployments.create, {**values, "status": "created"})[0] == 400


def test_whoever_has_no_rights_is_refused_as_gitlab_does(fake: FakeGitLab) -> None:
    assert refused(project(fake, "wrong").mergerequests.list, get_all=True) == (401, "401 Unauthorized")
    stranger = project(fake, fake.add_token(User(10, "eve", 0), "api"))
    assert refused(stranger.mergerequests.list, get_all=True) == (404, "404 Project Not Found")
    reader = project(fake, fake.add_token(User(9, "bob", 40), "read_api"))
    iid = fake.open_merge_request("feature/a")
    notes = reader.mergerequests.get(iid, lazy=True).notes
    assert notes.list(get_all=True) == []
    assert refused(notes.create, {"body": "no"}) == (403, "insufficient_scope")


def test_an_upload_is_kept_and_named_for_markdown(fake: FakeGitLab) -> None:
    made = project(fake).upload("table s.png", filedata=b"picture")
    assert made["markdown"] == f"![table_s]({made['url']})"
    with fake.edit() as state:
        assert state.uploads == {made["url"]: b"picture"}


def test_rate_limits_and_faults_come_as_gitlab_words_them(fake: FakeGitLab) -> None:
    mine = project(fake)
    fake.fail_next(429, retry_after=1)
    assert mine.mergerequests.list(get_all=True) == [], "the client waits and asks again"
    fake.fail_next(429)
    code, said = refused(mine.mergerequests.list, get_all=True, obey_rate_limit=False)
    assert (code, "requested too many times" in said) == (429, True)
    fake.fail_next(500)
    assert refused(mine.mergerequests.list, get_all=True)[0] == 500
    fake.fail_next(502)
    assert refused(mine.mergerequests.list, get_all=True)[0] == 502
