"""How the command ends."""

FAILED, NOT_ALL, STOPPED = 1, 3, 130
IN_WORDS = """exit codes:
  0    done
  1    nothing was done, or it was cut off: one line on standard error says why
  2    the command was not understood
  3    graded, but some hand-ins need a human's eye: they are listed on standard error
  130  stopped with Ctrl-C; the same command goes on where it stopped
"""
