"""Encore: a Discord bot with which a community extends AI-generated songs."""
