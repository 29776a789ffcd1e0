"""Commands and listeners, one feature a file; cogs never import each other."""
