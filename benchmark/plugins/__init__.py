"""How plugins are declared, found, configured and fingerprinted."""
