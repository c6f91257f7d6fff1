"""The console as its users see it: what they come for, from the log-in to the end, in a real browser."""
