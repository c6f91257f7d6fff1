"""Cases: what is worth a file of its own. Pure: no disk, network, database, clock or randomness."""
