"""axe-core, and the files that pin it."""
