"""The command ``unrolled``."""
