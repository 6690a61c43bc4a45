"""The caller's proxy, where it is none that can be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def usable_proxy(what: str, error: Callable[[str], Exception]) -> Iterator[None]:
    """Say in one sentence that the proxy is no good, where an HTTP client is made.

    The client takes the proxies of the environment then, whichever address it is asked for later.

    Args:
        what: What cannot be done without, as a sentence begins: "The preview … cannot be asked".
        error: Makes of the sentence what is raised.
    """
    # Takes long to import; whoever makes a client has done so.
    import httpx

    try:
        yield
    except (ImportError, ValueError, httpx.InvalidURL) as fault:
        raise error(
            f"{what} through the proxy that the environment names, which has to be an HTTP proxy (http://HOST:PORT): "
            "correct HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or unset them."
        ) from fault
