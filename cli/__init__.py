"""What a person types: arguments, and what is printed of the results."""
