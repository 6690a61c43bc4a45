"""What Hetzner sells: locations, server types, images. Prices are made up; which type is orderable where is not.

The generations CX1, CX2 and, in Europe, CPX1 can no longer be ordered (announced 2024-06-06 and 2025-10-16).
"""

from __future__ import annotations

from tests.equipment.fakes.http import Json

EUROPE = ("nbg1", "fsn1", "hel1")
OVERSEAS = ("ash", "hil", "sin")


def locations() -> list[Json]:
    """All locations."""
    rows = [
        (1, "fsn1", "Falkenstein DC Park 1", "DE", "Falkenstein", 50.47612, 12.370071, "eu-central"),
        (2, "nbg1", "Nuremberg DC Park 1", "DE", "Nuremberg", 49.452102, 11.076665, "eu-central"),
        (3, "hel1", "Helsinki DC Park 1", "FI", "Helsinki", 60.169855, 24.938379, "eu-central"),
        (4, "ash", "Ashburn, VA", "US", "Ashburn, VA", 39.045821, -77.487073, "us-east"),
        (5, "hil", "Hillsboro, OR", "US", "Hillsboro, OR", 45.54222, -122.951924, "us-west"),
        (6, "sin", "Singapore", "SG", "Singapore", 1.283333, 103.833333, "ap-southeast"),
    ]
    keys = ("id", "name", "description", "country", "city", "latitude", "longitude", "network_zone")
    return [dict(zip(keys, row, strict=True)) for row in rows]


_CX1_GONE = {"announced": "2024-06-06T00:00:00Z", "unavailable_after": "2024-09-05T23:59:59Z"}
_2025_GONE = {"announced": "2025-10-16T00:00:00Z", "unavailable_after": "2025-12-31T23:59:59Z"}

_Row = tuple[int, str, int, float, int, str, str, str, tuple[str, ...], dict[str, str] | None, tuple[str, ...]]

# id, name, cores, memory (GB), disk (GB), category, CPU, architecture, where, end of sale, where it ended
_TYPES: list[_Row] = [
    (3, "cx21", 2, 4, 40, "cost_optimized", "shared", "x86", EUROPE, _CX1_GONE, EUROPE),
    (5, "cx31", 2, 8, 80, "cost_optimized", "shared", "x86", EUROPE, _CX1_GONE, EUROPE),
    (105, "cx32", 4, 8, 80, "cost_optimized", "shared", "x86", EUROPE, _2025_GONE, EUROPE),
    (114, "cx23", 2, 4, 40, "cost_optimized", "shared", "x86", EUROPE, None, ()),
    (115, "cx33", 4, 8, 80, "cost_optimized", "shared", "x86", EUROPE, None, ()),
    (116, "cx43", 8, 16, 160, "cost_optimized", "shared", "x86", EUROPE, None, ()),
    (117, "cx53", 16, 32, 320, "cost_optimized", "shared", "x86", EUROPE, None, ()),
    (23, "cpx21", 3, 4, 80, "regular_purpose", "shared", "x86", EUROPE + OVERSEAS, _2025_GONE, EUROPE),
    (24, "cpx31", 4, 8, 160, "regular_purpose", "shared", "x86", EUROPE + OVERSEAS, _2025_GONE, EUROPE),
    (109, "cpx22", 2, 4, 80, "regular_purpose", "shared", "x86", EUROPE, None, ()),
    (110, "cpx32", 4, 8, 160, "regular_purpose", "shared", "x86", EUROPE, None, ()),
    (111, "cpx42", 8, 16, 320, "regular_purpose", "shared", "x86", EUROPE, None, ()),
    (45, "cax11", 2, 4, 40, "cost_optimized", "shared", "arm", EUROPE, None, ()),
    (93, "cax21", 4, 8, 80, "cost_optimized", "shared", "arm", EUROPE, None, ()),
    (94, "cax31", 8, 16, 160, "cost_optimized", "shared", "arm", EUROPE, None, ()),
    (97, "ccx23", 4, 16, 160, "general_purpose", "dedicated", "x86", EUROPE + OVERSEAS, None, ()),
]


def server_types() -> list[Json]:
    """All server types, with the end of sale per location, and at the top where it is the same everywhere."""
    ids = {place["name"]: place["id"] for place in locations()}
    return [_server_type(row, ids) for row in _TYPES]


def _server_type(row: _Row, ids: dict[str, int]) -> Json:
    number, name, cores, memory, disk, category, cpu, architecture, places, end, ended = row
    everywhere = end if set(ended) == set(places) else None
    return {
        "id": number,
        "name": name,
        "description": name.upper(),
        "category": category,
        "cores": cores,
        "memory": float(memory),
        "disk": disk,
        "deprecated": everywhere is not None,
        "deprecation": everywhere,
        "prices": [_price(place, cores) for place in places],
        "storage_type": "local",
        "cpu_type": cpu,
        "architecture": architecture,
        "locations": [
            {
                "id": ids[place],
                "name": place,
                "available": place not in ended,
                "recommended": place not in ended,
                "deprecation": end if place in ended else None,
            }
            for place in places
        ],
    }


def _price(place: str, cores: int) -> Json:
    def amount(euros: float) -> Json:
        return {"net": f"{euros:.10f}", "gross": f"{euros * 1.19:.16f}"}

    return {
        "location": place,
        "price_hourly": amount(cores * 0.0025),
        "price_monthly": amount(cores * 1.5),
        "included_traffic": 21990232555520,
        "price_per_tb_traffic": amount(1.0),
    }


def images() -> list[Json]:
    """The system images that matter, for both architectures."""
    rows = [
        ("debian-12", "debian", "12", "Debian 12", None),
        ("debian-13", "debian", "13", "Debian 13", None),
        ("ubuntu-20.04", "ubuntu", "20.04", "Ubuntu 20.04", "2025-04-30T00:00:00Z"),
        ("ubuntu-22.04", "ubuntu", "22.04", "Ubuntu 22.04", None),
        ("ubuntu-24.04", "ubuntu", "24.04", "Ubuntu 24.04", None),
    ]
    return [
        {
            "id": 114690387 + 10 * index + (0 if architecture == "x86" else 1),
            "type": "system",
            "status": "available",
            "name": name,
            "description": description,
            "image_size": None,
            "disk_size": 5,
            "created": "2023-06-13T06:00:02Z",
            "created_from": None,
            "bound_to": None,
            "os_flavor": flavor,
            "os_version": version,
            "rapid_deploy": True,
            "protection": {"delete": False},
            "deprecated": deprecated,
            "labels": {},
            "deleted": None,
            "architecture": architecture,
        }
        for index, (name, flavor, version, description, deprecated) in enumerate(rows)
        for architecture in ("x86", "arm")
    ]
