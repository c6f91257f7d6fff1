"""The JSON Schema of policy files, made from the models, so that an editor can complete and check them while they are written."""

import json
from typing import Annotated

from pydantic import Field, TypeAdapter

from workplace_sync.policy.document import ExceptionDocument, MembershipDocument, PlatformDocument

_DOCUMENT: TypeAdapter[object] = TypeAdapter(
    Annotated[MembershipDocument | PlatformDocument | ExceptionDocument, Field(discriminator="kind")]
)


def schema_text() -> str:
    """Return the schema as it is kept beside the policies."""
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A policy, a text of the platform's owner, or an exception (workplace_sync)",
    }
    return json.dumps(head | _DOCUMENT.json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
