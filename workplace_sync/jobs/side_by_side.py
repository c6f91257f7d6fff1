"""Several groups reconciled at once, each by itself: what goes wrong with one never stops another."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from itertools import zip_longest
from typing import TypeVar

from workplace_sync.errors import ExitCode
from workplace_sync.jobs.reconcile import Configured, ReconcileOptions, Surroundings, reconcile
from workplace_sync.jobs.reconciled import Reconciled
from workplace_sync.logs import in_context

G = TypeVar("G", bound=Configured)


def side_by_side(
    app: Surroundings[G], groups: Sequence[G], options: ReconcileOptions, *, at_once: int
) -> list[Reconciled]:
    """Reconcile groups, at most `at_once` at a time, and return what became of each, in their order.

    A mistake of the program's own is told in `crash`. Interrupted (KeyboardInterrupt), the groups under way end at
    their next page or batch, the others are not begun, and all of these end with the code INTERRUPTED.
    """
    halt = threading.Event()
    stoppable = replace(options, stop=lambda: halt.is_set() or options.stop())
    with ThreadPoolExecutor(max(1, min(at_once, len(groups))), thread_name_prefix="group") as pool:
        futures: list[Future[Reconciled]] = []
        try:
            futures.extend(pool.submit(in_context(_alone), app, group, stoppable) for group in groups)
            return [future.result() for future in futures]
        except KeyboardInterrupt:
            halt.set()
            return [_interrupted(group, future) for group, future in zip_longest(groups, futures)]


def _alone(app: Surroundings[G], group: G, options: ReconcileOptions) -> Reconciled:
    try:
        return reconcile(app, group, options)
    except Exception as error:  # noqa: BLE001 - the others go on, and the caller reports it
        sentence = f"Something went wrong that should not ({type(error).__name__})."
        return Reconciled(group.managed.name, ExitCode.ERROR, trouble=sentence, news=True, crash=error)


def _interrupted(group: G, future: "Future[Reconciled] | None") -> Reconciled:
    if future is not None and not future.cancel():
        return future.result()
    return Reconciled(group.managed.name, ExitCode.INTERRUPTED, trouble="Interrupted before it was begun.", news=True)
