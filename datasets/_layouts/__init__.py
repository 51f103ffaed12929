"""Where people keep the files of CAVE and Harvard."""
