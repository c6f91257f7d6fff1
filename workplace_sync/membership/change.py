"""A wanted change to the group: the plain difference between desired and observed, before any rule is asked."""

from enum import StrEnum


class Action(StrEnum):
    """What a change does to the group."""

    ADD = "add"
    REMOVE = "remove"
