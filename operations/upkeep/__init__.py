"""What keeps previews in order over time."""
