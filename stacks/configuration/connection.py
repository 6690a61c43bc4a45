"""Connection strings of monitored databases, as URL or as key and value, and the preview's own in their place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

OWN_HOSTS: Mapping[str, str] = {"target-db": "target_database", "sink-postgres": "measurements"}
"""Databases of a preview: host → the database that is meant where none is named."""

_WORD = re.compile(r"\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)")
_CREDENTIALS = (
    "user",
    "password",
    "passfile",
    "service",
    "servicefile",
    "sslcert",
    "sslkey",
    "sslpassword",
    "sslrootcert",
)
_ENCRYPTED = ("require", "verify-ca", "verify-full")


class UnusableConnectionError(Exception):
    """A connection string cannot be used; the message says why and has nothing of it."""


def with_own_credentials(text: str) -> str | None:
    """The connection string for the preview's own monitoring role.

    Returns:
        A string without a password, which is in a file; None where it names no database of the preview.

    Raises:
        UnusableConnectionError: pgwatch could not use it.
    """
    settings = settings_of(text)
    host = settings.get("host", "")
    if host not in OWN_HOSTS:
        return None
    port, database = settings.get("port") or "5432", settings.get("dbname") or OWN_HOSTS[host]
    rest = {
        key: value
        for key, value in settings.items()
        if key not in (*_CREDENTIALS, "host", "port", "dbname") and not (key == "sslmode" and value in _ENCRYPTED)
    }
    query = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
    return f"postgresql://pgwatch@{host}:{port}/{quote(database, safe='')}{query}"


def settings_of(text: str) -> dict[str, str]:
    """What a connection string says, by libpq's keys; ``host`` and ``port`` may be lists with commas.

    Raises:
        UnusableConnectionError: pgwatch could not use it.
    """
    text = text.strip()
    settings = _of_url(text) if re.match(r"postgres(ql)?://", text) else _of_words(text)
    for port in (settings.get("port") or "").split(","):
        if port and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            raise UnusableConnectionError("its port is not a number from 1 to 65535")
    if any(not character.isprintable() for value in settings.values() for character in value):
        raise UnusableConnectionError("it has characters that cannot be printed")
    return settings


def _of_url(text: str) -> dict[str, str]:
    try:
        parts = urlsplit(text)
        query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)) if parts.query else {}
    except ValueError:
        raise UnusableConnectionError(
            "it is not a URL: write [ ] : / ? # @ in a password as %5B %5D and so on"
        ) from None
    account, _, places = parts.netloc.rpartition("@")
    if any(sign in account for sign in "[]/?#@"):
        raise UnusableConnectionError("its user or password has signs that a URL must have as %5B, %5D and so on")
    user, _, password = account.partition(":")
    hosts, ports = [], []
    for place in places.split(","):
        found = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::(.*))?", place)
        if not found:
            raise UnusableConnectionError("its host is not one")
        hosts.append(found[1].strip("[]"))
        ports.append(found[2] or "")
    named = {
        "user": unquote(user),
        "password": unquote(password),
        "host": unquote(",".join(hosts)),
        "port": ",".join(filter(None, ports)),
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    return {**{key: value for key, value in named.items() if value}, **query}


def _of_words(text: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    position = 0
    while position < len(text):
        found = _WORD.match(text, position)
        if not found:
            raise UnusableConnectionError("it is neither a URL (postgresql://…) nor key=value pairs")
        value = found[2] if found[2] is not None else found[3]
        settings[found[1]] = re.sub(r"\\(.)", r"\1", value)
        position = found.end()
    if not settings:
        raise UnusableConnectionError("it says nothing")
    return settings
