"""Branch → slug → stack, host, URL."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stacks.names import NameRefusedError, PreviewName, host_of, slug_of, slug_of_stack, stack_of

DNS_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")
DOCKER_NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9_.-]+$")


@pytest.mark.parametrize(
    ("branch", "slug"),
    [
        ("feature/add-metrics", "feature-add-metrics"),
        ("claude/implement-caching", "claude-implement-caching"),
        ("feature_test_branch", "feature-test-branch"),
        (
            "feature/optimize-query-execution-plan-for-large",
            "feature-optimize-query-execution-plan-for-lar-c7d21eb2",
        ),
        ("UPPER", "upper"),
        ("--a--b--", "a-b"),
        ("fix/#42: ünï", "fix-42n"),
    ],
)
def test_a_branch_has_the_slug_that_the_requirements_give(branch: str, slug: str) -> None:
    assert slug_of(branch) == slug


def test_a_name_of_exactly_the_limit_is_not_cut() -> None:
    assert slug_of("a" * 45) == "a" * 45
    assert slug_of("a" * 46).startswith("a" * 45 + "-")


def test_a_cut_that_ends_in_dashes_does_not_double_them() -> None:
    assert "--" not in slug_of("a" * 44 + "/" + "b" * 20)


@pytest.mark.parametrize("branch", ["", "///", "___", "äöü", "-", "🙂"])
def test_a_branch_with_nothing_usable_is_refused_in_one_sentence(branch: str) -> None:
    with pytest.raises(NameRefusedError, match="has no letter or digit") as refused:
        slug_of(branch)
    assert "\n" not in str(refused.value)


@given(st.text(max_size=300))
def test_every_slug_makes_valid_host_stack_and_docker_names(branch: str) -> None:
    try:
        slug = slug_of(branch)
    except NameRefusedError:
        assert not re.search(r"[a-z0-9]", branch.lower())
        return
    assert DNS_LABEL.match(host_of(slug, "pgai.watch").split(".", 1)[0])
    assert DOCKER_NAME.match(f"preview-{slug}-victoriametrics")
    assert slug_of_stack(stack_of(slug)) == slug


@given(st.text(max_size=45))
def test_a_slug_that_is_not_cut_is_its_own_slug(branch: str) -> None:
    try:
        slug = slug_of(branch)
    except NameRefusedError:
        return
    assert slug_of(slug) == slug or len(slug) > 45


@given(st.text(alphabet="abc/_", min_size=46, max_size=80), st.text(alphabet="abc/_", min_size=46, max_size=80))
def test_long_branches_that_differ_do_not_share_a_slug(one: str, other: str) -> None:
    try:
        slugs = slug_of(one), slug_of(other)
    except NameRefusedError:
        return
    if one != other and all(len(slug) > 45 for slug in slugs):
        assert slugs[0] != slugs[1]


@pytest.mark.parametrize("stack", ["base", "local", "preview-", "xpreview-a"])
def test_only_a_previews_stack_has_a_slug(stack: str) -> None:
    with pytest.raises(NameRefusedError):
        slug_of_stack(stack)


# What Git's rules are about, and what they leave alone.
_PIECES = st.sampled_from(
    [*"aZ9/.@{-~^:?*[]\\ é🙂'$`;\n\x1f\x7f\xa0", "..", "//", "@{", ".lock", "HEAD", "refs/heads/"]
)


@settings(deadline=None)  # A program runs for each example.
@given(st.lists(_PIECES, min_size=1, max_size=5).map("".join))
def test_a_branch_is_taken_just_when_git_takes_its_name(branch: str) -> None:
    assume(re.search("[a-z0-9]", branch.lower()))
    git = subprocess.run(["git", "check-ref-format", "--branch", branch], cwd="/", capture_output=True, check=False)
    try:
        taken = bool(PreviewName(branch))
    except NameRefusedError:
        taken = False
    assert taken == (git.returncode == 0)


@pytest.mark.parametrize(
    "branch", ["a\nb", "a\x00b", "a\x9b31mb", "a\u2028b", "a\udcffb", "HEAD", "-a", "a b", "x.lock"]
)
def test_a_name_that_no_branch_can_have_is_refused_in_one_printable_sentence(branch: str) -> None:
    with pytest.raises(NameRefusedError, match="give the name of a branch") as refused:
        PreviewName(branch)
    assert str(refused.value).isprintable()


@dataclass(frozen=True)
class Site:
    scheme: str
    domain: str
    port: int


def test_the_url_leaves_out_the_port_that_https_implies() -> None:
    assert PreviewName("a").url(Site("https", "pgai.watch", 443)) == "https://preview-a.pgai.watch"
    assert PreviewName("a").url(Site("https", "localhost", 8443)) == "https://preview-a.localhost:8443"


def test_a_preview_is_named_once_after_its_branch() -> None:
    name = PreviewName("feature/a")
    assert (name.branch, name.slug, name.stack) == ("feature/a", "feature-a", "preview-feature-a")
    assert name.host("pgai.watch") == "preview-feature-a.pgai.watch"
    with pytest.raises(NameRefusedError):
        PreviewName("///")
