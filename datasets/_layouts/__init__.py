"""Layouts of the files of CAVE and Harvard: published and common ones."""
