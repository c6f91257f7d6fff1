"""The Workplace-style Graph platform."""
