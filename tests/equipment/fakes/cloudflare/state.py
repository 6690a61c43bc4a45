"""What a Cloudflare account holds."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.equipment.fakes.http import Json, now


@dataclass(frozen=True)
class Token:
    """What a token may do; `zones` are names."""

    id: str
    zones: frozenset[str]
    edit: bool = True


@dataclass
class State:
    """An account: zones by id, and for each zone its records by id, in the order of their making."""

    zones: dict[str, Json] = field(default_factory=dict)
    records: dict[str, dict[str, Json]] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    records_limit: int = 200

    def add_zone(self, name: str) -> Json:
        """A new active zone."""
        number = secrets.token_hex(16)
        stamp = now()
        zone: Json = {
            "id": number,
            "name": name,
            "status": "active",
            "paused": False,
            "type": "full",
            "development_mode": 0,
            "name_servers": ["ada.ns.fake-cloudflare.test", "bob.ns.fake-cloudflare.test"],
            "original_name_servers": None,
            "original_registrar": None,
            "original_dnshost": None,
            "created_on": stamp,
            "modified_on": stamp,
            "activated_on": stamp,
            "vanity_name_servers": [],
            "meta": {
                "step": 2,
                "custom_certificate_quota": 0,
                "page_rule_quota": 3,
                "phishing_detected": False,
                "cdn_only": False,
                "dns_only": False,
                "foundation_dns": False,
            },
            "owner": {"id": None, "type": "user", "email": None},
            "account": {"id": "fa4e" * 8, "name": "Fake account"},
            "tenant": {"id": None, "name": None},
            "tenant_unit": {"id": None},
            "permissions": ["#dns_records:edit", "#dns_records:read", "#zone:read"],
            "plan": {"id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "name": "Free Website", "price": 0, "currency": "USD"},
        }
        self.zones[number] = zone
        self.records[number] = {}
        return zone

    def all_records(self) -> list[Json]:
        """The records of all zones."""
        return [record for table in self.records.values() for record in table.values()]

    def named(self, name: str) -> list[Json]:
        """The records of a full name."""
        return [record for record in self.all_records() if record["name"] == name.lower()]

    def zone_of(self, name: str) -> Json | None:
        """The zone with the longest name that a full name lies in."""
        fitting: Iterable[Json] = (one for one in self.zones.values() if f".{name.lower()}".endswith(f".{one['name']}"))
        return max(fitting, key=lambda zone: len(zone["name"]), default=None)
