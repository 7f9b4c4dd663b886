"""Where a course keeps its things: folders, rosters, hand-ins, the gradebook, exports."""
