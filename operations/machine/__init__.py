"""The machine of a base."""
