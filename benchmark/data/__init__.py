"""From files somewhere to training patches."""
