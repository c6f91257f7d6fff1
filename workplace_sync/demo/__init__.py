"""The story of the union and the employer, played against a sandbox of its own, to the end and with proof."""
