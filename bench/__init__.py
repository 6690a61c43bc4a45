"""Repeatable measurements; not part of the tests."""
