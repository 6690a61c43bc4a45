"""Stateful fakes of the clouds: Hetzner Cloud API v1, Cloudflare API v4, a name server. Nothing here is real."""

from tests.equipment.fakes.cloudflare import FakeCloudflare
from tests.equipment.fakes.dns import FakeDns
from tests.equipment.fakes.hetzner import FakeHetzner

__all__ = ["FakeCloudflare", "FakeDns", "FakeHetzner"]
