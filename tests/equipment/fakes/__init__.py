"""Stateful fakes: Hetzner Cloud API v1, Cloudflare API v4, a name server, GitLab's API v4. Nothing here is real."""

from tests.equipment.fakes.cloudflare import FakeCloudflare
from tests.equipment.fakes.dns import FakeDns
from tests.equipment.fakes.gitlab import FakeGitLab
from tests.equipment.fakes.hetzner import FakeHetzner

__all__ = ["FakeCloudflare", "FakeDns", "FakeGitLab", "FakeHetzner"]
