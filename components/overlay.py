"""Addresses of the networks that previews have on a cluster. Imports no provider."""

from __future__ import annotations

POOL = "10.201.0.0/16"
"""Where they are taken from; no machine has an address of it."""

MASK = 26
"""Length of each one's prefix: 62 addresses, and each preview has two."""
