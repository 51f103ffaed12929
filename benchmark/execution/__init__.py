"""From a request to stored cells."""
