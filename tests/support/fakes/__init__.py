"""Stateful fakes of the clouds: Hetzner Cloud API v1, Cloudflare API v4, a name server. Nothing here is real."""

from tests.support.fakes.cloudflare import FakeCloudflare
from tests.support.fakes.dns import FakeDns
from tests.support.fakes.hetzner import FakeHetzner, ServerEvent

__all__ = ["FakeCloudflare", "FakeDns", "FakeHetzner", "ServerEvent"]
