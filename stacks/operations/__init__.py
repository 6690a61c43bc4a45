"""What the helper command adds to the engine: each step is a Pulumi operation that an operator could type."""
