"""The tables of the console: accounts, sessions, tokens, and who read what about whom. Like those of `tables`, they never leave this package."""
