"""Serve on port 8000 in one process with a thread a request; SIGTERM ends it at once with 0."""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import logging
import os
import signal
import sys
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from backend import VERSION
from backend.settings import Settings, SettingsError
from backend.web import create_app


class QuietHandler(WSGIRequestHandler):  # type: ignore[misc,unused-ignore]
    """A request handler whose log is plain text, and leaves out the health check that comes every few seconds."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002 - the base class gives it
        """Log every request but a successful health check."""
        status = str(int(code)) if isinstance(code, int) else code
        if not (self.path == "/health" and status == "200"):
            logging.getLogger("backend").info("%s %s: %s", self.address_string(), self.requestline, status)


def stop(_signum: int, _frame: FrameType | None) -> None:
    """End at once: nothing here needs to be saved, and a slow request must not hold the exit up."""
    logging.getLogger("backend").info("stopped on request")
    logging.shutdown()
    os._exit(0)


def main() -> int:
    """Serve until a signal comes; 1 if the settings cannot be used."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stdout)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, stop)
    logger = logging.getLogger("backend")
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        logger.error("cannot start: %s", error)  # noqa: TRY400 - the sentence says it all
        return 1
    try:
        server = make_server(
            settings.host, settings.port, create_app(settings), threaded=True, request_handler=QuietHandler
        )
    except (OSError, SystemExit):
        logger.error("cannot listen on %s:%d; is the port taken?", settings.host, settings.port)  # noqa: TRY400
        return 1
    logger.info("this is a stand-in for the monitoring Flask backend (%s), listening on %d", VERSION, settings.port)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
