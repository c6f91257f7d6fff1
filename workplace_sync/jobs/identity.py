"""Who reported a case, as it is sealed."""

import json
from dataclasses import dataclass

from workplace_sync.errors import UsageError

_LONGEST = 800  # bytes: so that every identity fits the same block


@dataclass(frozen=True, slots=True)
class Identity:
    """A name and a way to reach them, as they were given; both may be ''. Never printed by accident."""

    name: str = ""
    contact: str = ""

    def __repr__(self) -> str:
        return "Identity(...)"

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return not (self.name or self.contact)

    def as_bytes(self) -> bytes:
        """Return it as it is sealed; raises UsageError where it is too long."""
        content = json.dumps({"contact": self.contact, "name": self.name}, ensure_ascii=False).encode()
        if len(content) > _LONGEST:
            raise UsageError("The name and how to reach you are too long.", hint="Write less: a name and one number.")
        return content

    @classmethod
    def parse(cls, content: bytes) -> "Identity":
        """Return what `as_bytes` wrote."""
        plain = json.loads(content)
        return cls(plain["name"], plain["contact"])


NOBODY = Identity()
