"""Interface of method plugins: everything that the author of a method imports.

A method declares its input and computes an estimate from it. Patches, training loop, precision,
checkpoints, tiles and scoring are the engine's; a method never scores itself.
"""

from benchmark.method.base import Method
from benchmark.method.iterative import IterativeMethod, Run
from benchmark.method.network import NetworkMethod
from benchmark.method.problem import Inputs, Problem, State
from benchmark.method.recipe import Recipe
from benchmark.method.registration import METHODS, all_methods, register
from benchmark.plugins.parameters import parameter

__all__ = [
    "METHODS",
    "Inputs",
    "IterativeMethod",
    "Method",
    "NetworkMethod",
    "Problem",
    "Recipe",
    "Run",
    "State",
    "all_methods",
    "parameter",
    "register",
]
