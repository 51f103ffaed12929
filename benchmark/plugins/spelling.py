"""Spelling of what a plugin's class declares.

An attribute that the engine does not know would be ignored: `store_levels = 255` would round
nothing.
"""

import dataclasses
import inspect

from benchmark.errors import RequestError, similar

_ALIKE = 0.85  # similarity from which a name counts as misspelt


def check_spelling(kind: str, name: str, cls: type, base: type) -> None:
    """Check that a class declares no attribute whose name is nearly one of its base class.

    Parameters, and names with a leading underscore, are the author's own.

    Args:
        kind: "protocol" and so on, for the message.
        name: the plugin's name.
        cls: the class, before or after it became a dataclass.
        base: the base class, which defines or annotates what the engine reads.

    Raises:
        RequestError: it does; the message says which name was probably meant.
    """
    known = {one for one in (*vars(base), *inspect.get_annotations(base)) if one[0] != "_"}
    ours = {one for one in cls.__mro__ if issubclass(one, base) and one is not base}
    for owner in ours:
        own = {key: value for key, value in vars(owner).items() if key[0] != "_"}
        for attribute, value in own.items():
            if attribute in known or isinstance(value, dataclasses.Field):
                continue
            if near := similar(attribute, known, 1, _ALIKE):
                raise RequestError(
                    f"{kind} '{name}': `{attribute}` is not known, did you mean `{near[0]}`? An "
                    "attribute of your own begins with an underscore"
                )
