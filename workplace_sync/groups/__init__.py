"""The group files, config/groups/<name>.yaml: one for each group that is managed, checked as a whole before any is used.

A file says who may be in, where the group is, and what may be done there. It never holds a secret: only the name of
the variable or file that holds it.
"""

from workplace_sync.groups.loading import load_group, load_groups
from workplace_sync.groups.model import (
    AddressSource,
    FileSource,
    GroupFile,
    GroupSource,
    PlatformConfig,
    RosterSource,
    Schedule,
)

__all__ = [
    "AddressSource",
    "FileSource",
    "GroupFile",
    "GroupSource",
    "PlatformConfig",
    "RosterSource",
    "Schedule",
    "load_group",
    "load_groups",
]
