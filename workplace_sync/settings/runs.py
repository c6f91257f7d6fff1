"""How runs of one group are kept apart, reviewed and measured."""

from pydantic_settings import BaseSettings


class RunSettings(BaseSettings):
    """How runs of one group are kept apart, reviewed and measured."""
