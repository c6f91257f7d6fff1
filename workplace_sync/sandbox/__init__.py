"""A Workplace-style Graph server with an employer's hand and faults on demand."""
