"""A project in GitLab whose jobs are run: its repository, its variables, and a runner of its own."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stacks.paths import Paths
from tests.equipment.checkout import Clone, Finished
from tests.equipment.fakes import FakeGitLab
from tests.equipment.gitlab import packages
from tests.equipment.gitlab.pipelines import Pipeline, Repository
from tests.equipment.sshd import make_key

_PIPELINE_FILES = (".gitlab-ci.yml", ".gitlab/ci/preview.yml")


@dataclass
class Project:
    """A project in GitLab with a runner.

    Attributes:
        clone: Working tree of its repository.
        checkout: The same for jobs that check the branch out.
        bare: A directory with the pipeline's files only, for the job that checks nothing out.
        gitlab: GitLab, as far as jobs ask it.
        private_key: Value of its variable SSH_PRIVATE_KEY.
        printed: What every job has printed.
    """

    clone: Clone
    checkout: Repository
    bare: Repository
    gitlab: FakeGitLab
    private_key: str
    printed: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, clone: Clone, gitlab: FakeGitLab) -> Project:
        """Give a clone a repository, and a runner the variables of its jobs."""
        root = clone.path.parent
        clone.commit()
        origin = root / "origin.git"
        subprocess.run(["git", "clone", "--quiet", "--bare", str(clone.path), str(origin)], check=True)
        subprocess.run(["git", "remote", "add", "origin", str(origin)], cwd=clone.path, check=True)
        key = root / "key"
        make_key(key)
        always = {
            **gitlab.variables,
            "PREVIEW_BASE": "local",
            "CI_PROJECT_URL": origin.with_suffix("").as_uri(),
            # The engine that set-up has made, not one of the job's own.
            "XDG_CACHE_HOME": str(Paths.default().cache.parent),
            **packages.variables(),
        }
        checkout = Repository(clone.path, root, clone.environment, always=always)
        return cls(
            clone=clone,
            checkout=checkout,
            bare=replace(checkout, path=_only_pipeline(root, clone)),
            gitlab=gitlab,
            private_key=base64.b64encode(key.read_bytes()).decode(),
        )

    def run(self, job: str, pipeline: Pipeline, *, bare: bool = False, payload: Any = None) -> Finished:
        """Run a job; what it prints is kept."""
        secrets = {"SSH_PRIVATE_KEY": self.private_key, "PREVIEW_GITLAB_TOKEN": self.gitlab.token}
        variables = {name: {"type": "variable", "values": {"preview*": value}} for name, value in secrets.items()}
        if payload is not None:
            variables["TRIGGER_PAYLOAD"] = {"type": "file", "values": {"*": json.dumps(payload)}}
        done = replace(self.bare if bare else self.checkout, settings=variables).run(job, pipeline)
        self.printed.append(done.text)
        return done

    def git(self, *arguments: str) -> str:
        """Run Git in the working tree."""
        command = ["git", "-c", "user.name=Test", "-c", "user.email=test@localhost", *arguments]
        return subprocess.run(command, cwd=self.clone.path, check=True, capture_output=True, text=True).stdout.strip()

    def create(self, branch: str) -> None:
        """Make a branch, check it out and push it."""
        self.git("checkout", "--quiet", "-B", branch, "main")
        self.git("push", "--quiet", "origin", branch)

    def delete(self, branch: str) -> None:
        """Delete a branch, here and in GitLab."""
        self.git("checkout", "--quiet", "main")
        self.git("branch", "--quiet", "-D", branch)
        self.git("push", "--quiet", "origin", "--delete", branch)

    def previews(self) -> dict[str, dict[str, Any]]:
        """Branch → its preview."""
        return {one["branch"]: one for one in self.clone.json("list", "--json")}

    def passwords(self, branch: str) -> set[str]:
        """Every password of a branch's preview."""
        found = {one["password"] for one in self.clone.json("credentials", branch, "--json").values()}
        self.clone.transcript.pop()
        assert len(found) >= 3
        return found


def _only_pipeline(root: Path, clone: Clone) -> Path:
    """A directory as a runner has it that checked nothing out; gitlab-ci-local only includes what Git knows."""
    bare = root / "bare"
    for name in _PIPELINE_FILES:
        (bare / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(clone.path / name, bare / name)
    replace(clone, path=bare).commit()
    return bare
