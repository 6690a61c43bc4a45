"""The operators' command, by subject: arguments, and what is printed of the results."""
