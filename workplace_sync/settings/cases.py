"""How members reach the union, and how long their words are kept."""

from pydantic import Field
from pydantic_settings import BaseSettings


class CaseSettings(BaseSettings):
    """How members reach the union, and how long their words are kept."""

    unseal_hours: int = Field(
        72,
        ge=1,
        le=24 * 30,
        description="Hours in which a second officer has to answer when asked to open together who reported a case.",
    )
