"""What a student's machine needs: the checks in the notebooks, and the look before handing in."""
