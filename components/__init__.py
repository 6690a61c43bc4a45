"""What is deployed. Components read no configuration and know no stack."""
