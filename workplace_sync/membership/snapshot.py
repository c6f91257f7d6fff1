"""What was read from the group at one time, and whether the reading was complete (promise P2)."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the platform shows them.

    `key` is the person key of their address, or `id:<platform id>` where the platform shows no address.
    `active` is None where the platform does not say.
    """

    platform_id: str
    key: str
    administrator: bool = False
    active: bool | None = None

    @property
    def address_hidden(self) -> bool:
        """Whether the platform showed no address, so that this member cannot be matched with the roster."""
        return self.key.startswith("id:")


@dataclass(frozen=True, slots=True)
class Completeness:
    """The evidence that a reading saw everybody: pages and rows read, the count the platform itself gave, the end.

    `expected` is the platform's own count (None where it gives none), `ended` whether the last page had no `next`,
    `fault` the sentence of an error that broke the reading off, without personal data. `hidden` counts members
    whose address the platform did not show.
    """

    pages: int = 0
    rows: int = 0
    repeated: int = 0
    hidden: int = 0
    expected: int | None = None
    ended: bool = False
    fault: str = ""

    @property
    def shortfall(self) -> str:
        """Why the reading is not complete, as one sentence; empty when it is complete."""
        if self.fault:
            return self.fault
        if not self.ended:
            return "the last page still announced more"
        distinct = self.rows - self.repeated
        if self.expected is not None and self.expected != distinct:
            return f"the platform counts {self.expected} members, {distinct} were read"
        return ""

    @property
    def complete(self) -> bool:
        """Whether every page was read without an error, nothing was announced beyond, and the counts agree."""
        return not self.shortfall

    def with_page(self, rows: int, hidden: int) -> "Completeness":
        """Return this with one more page read."""
        return replace(self, pages=self.pages + 1, rows=self.rows + rows, hidden=self.hidden + hidden)
