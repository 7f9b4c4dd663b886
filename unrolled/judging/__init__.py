"""What an answer is worth: rubrics, the students' own numbers, comparing, and the judge."""
