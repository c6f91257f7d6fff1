"""`python -m workplace_sync.sandbox`: start a sandbox."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from workplace_sync.sandbox.options import Options, parse_people


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; return 0, or 1 with a sentence on stderr when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m workplace_sync.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; 0 picks a free one")
    parser.add_argument("--people", default="1000", help="accounts per tenant: 8000, or bt=8000,openreach=3000")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same world")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added to every HTTP request, milliseconds")
    parser.add_argument("--state", type=Path, default=None, help="a file that keeps the world over a restart")
    parser.add_argument("--with-stdin", action="store_true", help="end when standard input ends: with who started it")
    given = parser.parse_args(arguments)
    if given.with_stdin:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    # Imported here, so that --help does not wait for the web framework.
    from workplace_sync.sandbox.ledger import StateFileError  # noqa: PLC0415
    from workplace_sync.sandbox.server import serve_with  # noqa: PLC0415

    try:
        people = parse_people(given.people)
        serve_with(Options(given.host, given.port, people, given.seed, given.latency_ms, given.state))
    except (ValueError, StateFileError, OSError) as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _end_with_stdin() -> None:
    """End this process once whoever holds the other end of standard input has gone, however they went."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
