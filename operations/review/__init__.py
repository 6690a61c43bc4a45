"""What those who review a preview are told of it."""
