"""How members reach the union, and how long their words are kept."""

from pydantic import Field
from pydantic_settings import BaseSettings

from workplace_sync.settings.values import shown


class CaseSettings(BaseSettings):
    """How members reach the union, and how long their words are kept."""

    call_it_out: bool = Field(
        default=False,
        description="Whether the console has the public page /call-it-out, on which members report without logging in. "
        "Switch it on once officers have their keys.",
        json_schema_extra=shown("off"),
    )
    unseal_hours: int = Field(
        72,
        ge=1,
        le=24 * 30,
        description="Hours in which a second officer has to answer when asked to open together who reported a case.",
    )
