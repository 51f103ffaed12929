"""The receptive field of a network, by which the tiles of an image overlap."""

from torch import nn
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized

_Convolution = nn.Conv2d | nn.Conv3d | nn.ConvTranspose2d | nn.ConvTranspose3d

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
    """Add up the reach of all convolutions, which is right for a sequence of layers.

    After a layer that enlarges the image, such as `PixelShuffle`, it is more than needed.

    Returns:
        The radius of the receptive field in input pixels; None if a layer is neither pointwise nor
        a convolution of stride 1, nor a transposed one that multiplies the size by its stride
        (pooling, attention, linear layers, norms other than batch norms).
    """
    # How weights are computed, as by weight norm, does not matter.
    lists = [part for part in network.modules() if isinstance(part, ParametrizationList)]
    hidden = {part for one in lists for part in one.modules()}
    total = 0
    for layer in network.modules():
        if isinstance(layer, _Convolution):
            reach = _reach(layer)
            if reach is None:
                return None
            total += reach
        elif layer in hidden or isinstance(layer, LOCAL_LAYERS):
            continue
        elif is_parametrized(layer) or not list(layer.children()):
            return None
    return total


def _reach(layer: _Convolution) -> int | None:
    """Return how many of its input pixels away a convolution sees; None if that is not known."""
    reach = 0
    for axis in (-2, -1):
        stride, side = layer.stride[axis], layer.kernel_size[axis]
        span = layer.dilation[axis] * (side - 1) + 1
        if isinstance(layer, nn.ConvTranspose2d | nn.ConvTranspose3d):
            padding = int(layer.padding[axis])
            if span - 2 * padding + layer.output_padding[axis] != stride:
                return None
            # Output pixel stride j + r, 0 <= r < stride, is a sum over the input pixels i with
            # 0 <= stride (j - i) + r + padding < span.
            before, after = (stride - 1 + padding) // stride, (span - 1 - padding) // stride
            reach = max(reach, before, after)
        elif stride == 1 and layer.padding_mode != "circular":
            reach = max(reach, span // 2)
        else:  # circular padding copies from the opposite border
            return None
    return reach
