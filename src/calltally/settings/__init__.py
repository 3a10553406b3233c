"""Typed settings from one TOML file and `CALLTALLY_*` variables."""

from calltally.model.command import as_started, command_of
from calltally.settings.load import data_folder, load, require_guard, secret_in, settings_file
from calltally.settings.problems import Problem, SettingsError
from calltally.settings.sections import AgentSetting, QueueSetting, Server, Settings, Site, TeamSetting
from calltally.settings.values import Address, address_from

__all__ = [
    "Address",
    "AgentSetting",
    "Problem",
    "QueueSetting",
    "Server",
    "Settings",
    "SettingsError",
    "Site",
    "TeamSetting",
    "address_from",
    "as_started",
    "command_of",
    "data_folder",
    "load",
    "require_guard",
    "secret_in",
    "settings_file",
]
