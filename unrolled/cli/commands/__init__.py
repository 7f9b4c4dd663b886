"""What each command does: its function ``run`` takes the options, and returns the exit code."""
