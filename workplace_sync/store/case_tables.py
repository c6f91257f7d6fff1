"""The tables of escalations, and of the vault in which those who reported are sealed. Like those of `tables`, they never leave this package."""
