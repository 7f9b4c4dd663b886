"""The wall: where a student's code runs, and how what it computes comes out.

``containers`` is what the judge uses; ``bubblewrap`` builds the wall, ``syscalls`` the filter of
system calls, ``cgroup`` the limit on memory. ``forkserver``, ``inside`` and ``linux`` run behind
the wall; ``wire`` is spoken on both sides.
"""
