"""The console: where it is served, who may log in, how long a session lasts."""

from pydantic_settings import BaseSettings


class ConsoleSettings(BaseSettings):
    """The console: where it is served, who may log in, how long a session lasts."""
