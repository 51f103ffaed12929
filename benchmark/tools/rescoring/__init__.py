"""Rescoring: add metrics to stored cells, from their weights, without training."""

from benchmark.tools.rescoring.adding import Rescored, rescore
from benchmark.tools.rescoring.selection import chosen

__all__ = ["Rescored", "chosen", "rescore"]
