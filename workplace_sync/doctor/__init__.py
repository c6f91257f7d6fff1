"""Looks whether everything is in place for a run, and says what to do where it is not. It changes nothing."""
