"""Every setting and secret as one frozen object, read from the environment, `.env` and a folder of secrets.

A setting is a variable named WORKPLACE_SYNC_<NAME>. Where it is set more than once, the environment beats `.env` (in
the home folder), which beats a file of that name in the folder WORKPLACE_SYNC_SECRETS_DIR. Tokens have names of
their own, given in the group files, and are looked up in the same three places when they are needed.
"""

from workplace_sync.settings.ground import ENV_FILE, PREFIX
from workplace_sync.settings.loading import Settings, load_settings, settings_table

__all__ = ["ENV_FILE", "PREFIX", "Settings", "load_settings", "settings_table"]
