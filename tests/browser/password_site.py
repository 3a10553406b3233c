"""The settings of a service that asks for a password."""

from argon2 import PasswordHasher

from tests.running import SETTINGS

PASSWORD = "kornblume-42"
_QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PASSWORD_SETTINGS = f'{SETTINGS}\n[server]\npassword = "{_QUICK.hash(PASSWORD)}"\n'
