"""How low-resolution images are made and estimates are scored, under one name each."""
