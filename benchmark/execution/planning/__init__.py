"""What a request asks for: its cells, their status, and how long they will take."""
