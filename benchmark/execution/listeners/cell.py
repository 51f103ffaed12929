"""What a running cell reports: its training, its test scenes, and lines for the user."""

from benchmark.engine.training.listener import ProgressListener


class CellListener(ProgressListener):
    """Callbacks of a cell that runs anywhere; each does nothing unless overridden."""

    def line(self, text: str) -> None:
        """Handle a line for the user."""

    def alive(self) -> None:
        """Handle a sign of life, which comes about twice a second."""

    def began(self, place: str) -> None:
        """Handle the start of the cell on another machine; it may start again on a third one."""
