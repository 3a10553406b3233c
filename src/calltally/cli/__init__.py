"""The commands, each a few lines around the engine."""
