"""The Pulumi programs, and what they stand on: names, settings, outputs, paths."""
