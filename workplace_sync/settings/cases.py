"""How members reach the union, and how long their words are kept."""

from pydantic_settings import BaseSettings


class CaseSettings(BaseSettings):
    """How members reach the union, and how long their words are kept."""
