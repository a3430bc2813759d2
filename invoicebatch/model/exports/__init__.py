"""What goes to other systems: records under their column names, and marking exactly what was written."""
