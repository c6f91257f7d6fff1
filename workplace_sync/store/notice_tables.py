"""The table of what was told to whom and when, so that nothing is told twice. Like those of `tables`, they never leave this package."""
