"""How previews are composed and operated: names, settings, programs, operations and the command."""
