"""The tables that go with the queue of jobs. Like those of `tables`, they never leave this package."""
