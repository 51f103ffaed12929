"""What the figures share: style, text, context, saving."""
