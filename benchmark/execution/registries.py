"""The four kinds of plugins."""

from typing import Any

from benchmark.dataset import DATASETS
from benchmark.method import METHODS
from benchmark.metric import METRICS
from benchmark.plugins.registry import Registry
from benchmark.protocol import PROTOCOLS

REGISTRIES: tuple[Registry[Any], ...] = (METHODS, DATASETS, PROTOCOLS, METRICS)
