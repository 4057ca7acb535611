"""Files to blocks with page, style and order; the format is found from the content."""
