"""The receptive field of a network, by which the tiles of an image overlap."""

from torch import nn

# Pointwise layers: each output pixel depends on the input pixel at its place alone.
LOCAL_LAYERS = (
    nn.AlphaDropout,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.CELU,
    nn.Dropout,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.ELU,
    nn.GELU,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,  # ReLU6 too
    nn.Identity,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.Mish,
    nn.PReLU,
    nn.PixelShuffle,
    nn.RReLU,
    nn.ReLU,
    nn.SELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Softmax2d,
    nn.Softplus,
    nn.Softsign,
    nn.Tanh,
)


def halo_of(network: nn.Module) -> int | None:
    """Add up the kernel radii of all convolutions, which is right for a sequence of layers.

    Returns:
        The radius of the receptive field in input pixels; None if a layer is neither a convolution
        of stride 1 nor pointwise (pooling, attention, linear layers, norms other than batch norms).
    """
    reach = 0
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Conv3d) and _keeps_size(layer):
            sides = zip(layer.kernel_size[-2:], layer.dilation[-2:], strict=True)
            reach += max((dilation * (side - 1) + 1) // 2 for side, dilation in sides)
        elif not (isinstance(layer, LOCAL_LAYERS) or list(layer.children())):
            return None
    return reach


def _keeps_size(layer: nn.Conv2d | nn.Conv3d) -> bool:
    """Return False for strides, and for padding that copies from the opposite border."""
    return set(layer.stride[-2:]) == {1} and layer.padding_mode != "circular"
