"""The tables of runs, and of which run holds a group. Like those of `tables`, they never leave this package."""
