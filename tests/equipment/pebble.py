"""Pebble, a real ACME server for tests, that asks a given DNS server for the proofs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tenacity import retry, stop_after_delay, wait_fixed

from stacks.paths import Paths
from tests.equipment.ports import free_ports

MODULE = "github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1"


@dataclass
class Pebble:
    """A running ACME server.

    Attributes:
        directory: Its directory URL.
        management: URL of its own API.
        roots: PEM file with the certificate that it serves https with.
    """

    directory: str
    management: str
    roots: Path

    def issuing_root(self) -> str:
        """PEM of the root that its certificates are signed with."""
        return httpx.get(f"{self.management}/roots/0", verify=False).text


def _program() -> Path:
    cache = Paths.default().cache / "test-programs"
    program = cache / "pebble"
    if not program.exists():
        go = shutil.which("go")
        if go is None:
            pytest.fail("the certificate's test needs Go, to build Pebble")
        environment = {**os.environ, "GOBIN": str(cache), "CGO_ENABLED": "0"}
        done = subprocess.run([go, "install", MODULE], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.fail(f"Pebble cannot be built: {done.stderr}")
    return program


@contextmanager
def running_pebble(folder: Path, *, address: str, dns: str) -> Iterator[Pebble]:
    """An ACME server on an address of this machine.

    Args:
        folder: For its files.
        address: Address to listen on.
        dns: DNS server, with port, that it asks.
    """
    acme, management, unused_http, unused_tls = free_ports(4)
    key, certificate = folder / "pebble.key", folder / "pebble.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", "/CN=pebble", "-addext", f"subjectAltName=IP:{address}"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    certificate.chmod(0o644)
    settings = {
        "listenAddress": f"{address}:{acme}",
        "managementListenAddress": f"{address}:{management}",
        "certificate": str(certificate),
        "privateKey": str(key),
        "httpPort": unused_http,
        "tlsPort": unused_tls,
    }
    (folder / "pebble.json").write_text(json.dumps({"pebble": settings}), encoding="utf-8")
    with (
        (folder / "pebble.log").open("wb") as log,
        subprocess.Popen(
            [str(_program()), "-config", str(folder / "pebble.json"), "-dnsserver", dns],
            env={**os.environ, "PEBBLE_VA_NOSLEEP": "1"},
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            found = Pebble(f"https://{address}:{acme}/dir", f"https://{address}:{management}", certificate)
            _wait(found.directory)
            yield found
        finally:
            process.kill()


@retry(stop=stop_after_delay(20), wait=wait_fixed(0.1), reraise=True)
def _wait(url: str) -> None:
    httpx.get(url, verify=False).raise_for_status()
