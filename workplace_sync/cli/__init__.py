"""The command line: asks and shows, nothing more."""
