"""Linear operators of one image axis, one file each."""
