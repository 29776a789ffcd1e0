"""A local Discord and local providers, on which the bot can be tried and tested offline."""
