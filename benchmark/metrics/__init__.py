"""One file a metric, and the pass over the bands that feeds them."""
