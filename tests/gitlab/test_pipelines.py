"""Which jobs a pipeline has."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.equipment.gitlab.pipelines import (
    DEFAULT_BRANCH,
    PREVIEWS,
    SCHEDULE,
    TRIGGER,
    Pipeline,
    Repository,
    merge_request,
    push,
    tag,
)

CHECKS = {"lint": "on_success", "unit": "on_success", "engine": "on_success", "standins": "on_success"}
BRANCH = "feature/a"
FORK = "16"
HOSTILE = "a';touch>pwned;'$(touch>pwned)`touch>pwned`\"&touch>pwned|#"
ORIGINALS = Pipeline({**SCHEDULE.variables, "PGAI_REQUIRE_ORIGINALS": "1"})


def labelled(*labels: str, branch: str = BRANCH, **variables: str) -> Pipeline:
    """A pipeline of a merge request with labels; GitLab leaves the variable out where there are none."""
    of_request = merge_request(branch)
    known = {"CI_MERGE_REQUEST_IID": "7", **({"CI_MERGE_REQUEST_LABELS": ",".join(labels)} if labels else {})}
    return Pipeline({**of_request.variables, **known, **variables}, of_request.unset)


BY_ITSELF = {"preview:deploy": "on_success", "preview:verify": "manual", "preview:destroy": "manual"}
DRAFT = {"CI_MERGE_REQUEST_DRAFT": "true"}


@pytest.mark.parametrize(
    ("pipeline", "jobs"),
    [
        pytest.param(labelled("preview"), PREVIEWS, id="a label where nothing starts by itself"),
        pytest.param(labelled("preview", PREVIEW_AUTO="manual"), PREVIEWS, id="a label where all is by hand"),
        pytest.param(labelled(PREVIEW_AUTO="label"), PREVIEWS, id="no label"),
        pytest.param(labelled("bug", "preview", PREVIEW_AUTO="label"), BY_ITSELF, id="the label"),
        pytest.param(
            labelled("preview::keep", "no preview", "previews", PREVIEW_AUTO="label"), PREVIEWS, id="other labels"
        ),
        pytest.param(labelled(PREVIEW_AUTO="all"), BY_ITSELF, id="all"),
        pytest.param(labelled(PREVIEW_AUTO="all", **DRAFT), BY_ITSELF, id="a draft"),
        pytest.param(labelled(PREVIEW_AUTO="all", PREVIEW_DRAFTS="no", **DRAFT), PREVIEWS, id="a draft, left out"),
        pytest.param(
            labelled("preview", PREVIEW_AUTO="label", PREVIEW_DRAFTS="no", **DRAFT),
            PREVIEWS,
            id="a labelled draft, left out",
        ),
        pytest.param(
            labelled(PREVIEW_AUTO="all", PREVIEW_DRAFTS="no", CI_MERGE_REQUEST_DRAFT="false"), BY_ITSELF, id="no draft"
        ),
        pytest.param(
            labelled(PREVIEW_AUTO="all", CI_MERGE_REQUEST_SOURCE_PROJECT_ID=FORK), {}, id="a fork's, where all start"
        ),
        pytest.param(
            Pipeline({**push(BRANCH).variables, "PREVIEW_AUTO": "all"}), PREVIEWS, id="a branch where all start"
        ),
    ],
)
def test_a_preview_starts_by_itself_for_the_merge_requests_that_the_project_has_chosen(
    repository: Repository, pipeline: Pipeline, jobs: Mapping[str, str]
) -> None:
    assert repository.jobs(pipeline) == {**CHECKS, **jobs}


@pytest.mark.parametrize(
    ("branch", "has_previews"),
    [
        ("Feature/{a_b}-1.0", True),
        ("a" * 247, True),
        ("a" * 248, False),
        ("feature/ä", False),
        ("feature/$HOME", False),
        (HOSTILE, False),
        ("_", False),
    ],
)
def test_a_branch_that_no_environment_can_be_named_after_has_no_preview_jobs(
    repository: Repository, branch: str, has_previews: bool
) -> None:
    jobs = BY_ITSELF if has_previews else {}
    assert repository.jobs(labelled(branch=branch, PREVIEW_AUTO="all")) == {**CHECKS, **jobs}


@pytest.mark.parametrize(
    ("pipeline", "jobs"),
    [
        pytest.param(push(BRANCH), CHECKS | PREVIEWS, id="a branch"),
        pytest.param(push(BRANCH, source="web"), CHECKS | PREVIEWS, id="a branch, started in the browser"),
        pytest.param(push(DEFAULT_BRANCH), CHECKS, id="the default branch"),
        pytest.param(push(DEFAULT_BRANCH, source="web"), CHECKS, id="the default branch, started in the browser"),
        pytest.param(merge_request(BRANCH), CHECKS | PREVIEWS, id="a merge request"),
        pytest.param(merge_request(DEFAULT_BRANCH), CHECKS, id="a merge request of the default branch"),
        pytest.param(merge_request(BRANCH, source=FORK), CHECKS, id="a fork's merge request, run in this project"),
        pytest.param(merge_request(BRANCH, target=FORK), CHECKS, id="a fork's merge request, run in the fork"),
        pytest.param(tag("v1"), {}, id="a tag"),
        pytest.param(SCHEDULE, {"preview:cleanup": "on_success"}, id="the schedule"),
        pytest.param(
            Pipeline({**SCHEDULE.variables, "LONG_TESTS": "yes"}),
            {"preview:cleanup": "on_success", "long": "on_success", "oldest-docker": "on_success"},
            id="the schedule of the long tests",
        ),
        pytest.param(
            ORIGINALS, {"preview:cleanup": "on_success", "originals": "on_success"}, id="the originals' schedule"
        ),
        pytest.param(
            Pipeline({**ORIGINALS.variables, "CI_COMMIT_BRANCH": BRANCH, "CI_COMMIT_REF_NAME": BRANCH}),
            {},
            id="the originals' schedule of another branch",
        ),
        pytest.param(TRIGGER, {"preview:webhook": "on_success"}, id="a webhook"),
        *(
            pytest.param(Pipeline({**TRIGGER.variables, name: "x"}), {}, id=f"a trigger that sets {name}")
            for name in ("BASH_ENV", "PULUMI_HOME")
        ),
        pytest.param(
            Pipeline({**push(BRANCH).variables, "ENV": "staging"}),
            CHECKS | PREVIEWS,
            id="a branch whose group has a variable ENV",
        ),
        pytest.param(push(BRANCH, source="schedule"), {}, id="a schedule of another branch"),
        pytest.param(push(BRANCH, source="trigger"), {}, id="a webhook that names another branch"),
        pytest.param(push(BRANCH, source="api"), CHECKS, id="the programming interface"),
    ],
)
def test_a_pipeline_has_the_jobs_of_what_started_it_and_no_others(
    repository: Repository, pipeline: Pipeline, jobs: Mapping[str, str]
) -> None:
    assert repository.jobs(pipeline) == jobs


def test_a_branch_with_an_open_merge_request_has_one_pipeline_not_two(repository: Repository) -> None:
    known = {"CI_OPEN_MERGE_REQUESTS": "group/previews!1"}
    of_branch, of_request = push(BRANCH), merge_request(BRANCH)
    assert repository.jobs(Pipeline({**of_branch.variables, **known})) == {}
    assert repository.jobs(Pipeline({**of_request.variables, **known}, of_request.unset)) == CHECKS | PREVIEWS
