"""The Discord-facing features, one file each; they know services and ui, never each other."""
