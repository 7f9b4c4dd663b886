"""The error that a user can mend."""


class UnrolledError(Exception):
    """Something that the user can mend; the message says what is wrong, where, and what to do."""
