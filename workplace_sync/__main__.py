"""`python -m workplace_sync`: the same as the command `workplace-sync`."""

from workplace_sync.cli.main import run

if __name__ == "__main__":
    run()
