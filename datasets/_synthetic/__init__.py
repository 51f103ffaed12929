"""How the synthetic scenes are rendered."""
