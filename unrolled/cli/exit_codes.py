"""How the command ends."""

FAILED, NOT_ALL, STOPPED = 1, 3, 130
MEANINGS = {
    0: "done",
    FAILED: "nothing was done, or it was cut off: one line on standard error says why",
    2: "the command was not understood",
    NOT_ALL: "done, but something needs a human's eye: it is listed on standard error",
    STOPPED: "stopped with Ctrl-C; the same command goes on where it stopped",
}
IN_WORDS = "exit codes:\n" + "".join(f"  {code:<4} {said}\n" for code, said in MEANINGS.items())
