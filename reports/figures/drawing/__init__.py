"""What the figures share: style, text, axes, labels, saving."""
