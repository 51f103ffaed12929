"""The means of the bands over the training images, as a part of a network."""

from torch import Tensor, nn


class BandMeans(nn.Module):
    """Subtract a mean from every band, and add it again.

    The means are a buffer: they are not trained, and they are stored with the weights.

    Args:
        means: (bands,), such as `problem.band_means`.
    """

    means: Tensor

    def __init__(self, means: Tensor) -> None:
        super().__init__()
        self.register_buffer("means", means.detach().clone()[:, None, None])

    def subtract(self, images: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same without means."""
        return images - self.means

    def add(self, images: Tensor) -> Tensor:
        """Map (batch, bands, rows, columns) to the same with means."""
        return images + self.means
