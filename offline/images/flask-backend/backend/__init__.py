"""Stand-in for the monitoring product's own Flask backend: the endpoints that a preview relies on."""

VERSION = "stand-in"
