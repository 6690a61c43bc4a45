"""Making, updating and destroying previews."""
