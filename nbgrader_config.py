"""nbgrader's settings for this course; https://nbgrader.readthedocs.io explains each."""

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "unrolled"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
# a rubric holds the hidden cases, styles the answers; neither leaves the source folder
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "rubric.py", "styles"]

# a comment, not an error: a student's half-filled notebook still runs, and says what is missing
c.ClearSolutions.code_stub = {"python": "# your answer here"}
c.ClearSolutions.text_stub = "*Your answer here.*"

# where the book's pages are, so that feedback links to the figure that settles a question:
# c.Unrolled.book = "https://…/book"

# where students' notebooks get the checks from where they are missing, as on Colab:
# c.Unrolled.package = "git+https://…/unrolled"
