"""The pages that come out of grading: one for each student, one for the class."""
