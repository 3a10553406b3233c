"""Typed settings from one TOML file and `CALLTALLY_*` variables."""
