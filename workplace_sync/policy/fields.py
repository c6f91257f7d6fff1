"""What all models of policy files share: nothing unknown, nothing converted, nothing changed afterwards."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Part(BaseModel):
    """A part of a file: an unknown field is a fault, and so is a value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Lenient = Field(strict=False)  # YAML has lists and plain text where we have tuples and enums
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
