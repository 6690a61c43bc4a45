"""How previews are operated: functions that return results or raise errors of the project's own, and print nothing."""
