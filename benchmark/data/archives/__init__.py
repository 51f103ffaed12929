"""Safe readers of archives."""
