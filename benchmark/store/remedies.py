"""What to do about a stored cell that is valid and lacks something, for messages.

A run leaves such a cell as it is: to repeat the run alone does nothing.
"""

COMPUTE_AGAIN = "move its folder out of the results folder and repeat its run"
GET_WEIGHTS = (
    "pack it by `export --weights` where it was computed and import the zip, or " + COMPUTE_AGAIN
)
