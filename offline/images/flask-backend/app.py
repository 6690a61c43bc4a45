"""What gunicorn serves: ``app:app``, as in the original."""

# mypy: disable-error-code="import-not-found,import-untyped"
from __future__ import annotations

import logging
import os

# What the original imports at its start, used here or not: it decides how long a start takes and what a worker weighs.
import boto3  # noqa: F401
import psycopg2.extras  # noqa: F401
import requests_aws4auth  # noqa: F401
from backend.settings import Settings
from backend.web import create_app

logging.basicConfig(level=logging.INFO)
app = create_app(Settings.from_environment(os.environ))
logging.getLogger("backend").info("this is a stand-in for the monitoring Flask backend")
