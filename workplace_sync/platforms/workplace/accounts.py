"""Looks up people who are gone: their accounts, and the lists of deactivated and former people.

A few are asked for by their nodes, 50 in a batch, which the platform counts as 50 calls. Many are looked for in the
lists, a thousand a page, and only those on neither by their nodes: 5,000 take a dozen requests instead of 5,000 calls.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from workplace_sync.membership.removals import Account
from workplace_sync.platforms.base import AccountsSeen, CallError
from workplace_sync.platforms.workplace.client import BATCH_LIMIT, BatchOperation, GraphClient
from workplace_sync.platforms.workplace.wire import parse_account, parse_id, parse_object

_MANY = 500  # from here on the lists are cheaper than the nodes
_MOST_NODES = 2_000
_MOST_PAGES = 200
_INACTIVE = "community/organization_members"


class AccountReader:
    """Looks people of one group up."""

    def __init__(self, client: GraphClient, group_id: str, *, page_size: int, threads: int) -> None:
        self._client = client
        self._group_id = group_id
        self._page_size = page_size
        self._threads = threads

    def look_up(self, gone: Sequence[str], removed_by_us: Sequence[str]) -> AccountsSeen:
        """Return what the platform says of them, as the port says."""
        on_former = self._listed(f"{self._group_id}/former_members", {*gone, *removed_by_us})
        accounts: Mapping[str, Account]
        if len(gone) < _MANY:
            accounts = self._nodes(gone)
            closed = {each for each in gone if accounts.get(each) is not Account.ACTIVE}
            on_inactive = self._listed(_INACTIVE, closed, inactive="1") if closed else {}
        else:
            on_inactive = self._listed(_INACTIVE, set(gone), inactive="1")
            accounts = self._from_lists(gone, on_inactive)
        return AccountsSeen(accounts, on_inactive, on_former)

    def _from_lists(self, gone: Sequence[str], on_inactive: Mapping[str, bool]) -> Mapping[str, Account]:
        closed = {each for each, listed in on_inactive.items() if listed}
        on_active = self._listed(_INACTIVE, set(gone) - closed)
        living = {each for each, listed in on_active.items() if listed}
        unlisted = [each for each in gone if each not in closed and each not in living]
        return {
            **dict.fromkeys(closed, Account.DEACTIVATED),
            **dict.fromkeys(living, Account.ACTIVE),
            **self._nodes(unlisted[:_MOST_NODES]),
        }

    def _listed(self, path: str, wanted: set[str], **params: str) -> dict[str, bool]:
        """Return who of those wanted is on a list; who is not, is only said when it was read to its end."""
        found: dict[str, bool] = {}
        try:
            for number, page in enumerate(self._client.pages(path, self._page_size, fields="id", **params), 1):
                found |= dict.fromkeys(wanted & {parse_id(parse_object(row).get("id")) for row in page.rows}, True)
                if len(found) == len(wanted) or number == _MOST_PAGES:
                    break
            else:
                return dict.fromkeys(wanted, False) | found
        except CallError:
            pass
        return found

    def _nodes(self, ids: Sequence[str]) -> dict[str, Account]:
        batches = [ids[start : start + BATCH_LIMIT] for start in range(0, len(ids), BATCH_LIMIT)]
        with ThreadPoolExecutor(self._threads, thread_name_prefix="look-up") as pool:
            return dict(each for part in pool.map(self._batch, batches) for each in part)

    def _batch(self, ids: Sequence[str]) -> list[tuple[str, Account]]:
        try:
            operations = [BatchOperation("GET", f"{each}?fields=id,active") for each in ids]
            return list(_told(ids, self._client.batch(operations, reads=True)))
        except CallError:
            return []


def _told(ids: Sequence[str], parts: Sequence[object]) -> Iterator[tuple[str, Account]]:
    for each, part in zip(ids, parts, strict=True):
        account = parse_account(part)
        if account is not Account.UNTOLD:
            yield each, account
