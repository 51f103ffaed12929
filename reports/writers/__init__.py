"""Tables as Markdown, LaTeX, CSV and terminal text."""
