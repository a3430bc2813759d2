"""Export: workbooks, XML, UBL, external systems, jobs."""
