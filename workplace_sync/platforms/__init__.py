"""The port to a platform, and the platforms behind it."""
