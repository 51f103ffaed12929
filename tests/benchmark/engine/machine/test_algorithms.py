"""The algorithm of every convolution is listed by the layer's name."""

from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from benchmark.engine.machine.algorithms import describe
from benchmark.engine.machine.device import CPU


def test_every_convolution_is_listed_in_the_networks_order() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 16, 1),
        nn.ReLU(),
        nn.Sequential(nn.Conv2d(16, 1, 5, padding=2)),
        nn.ConvTranspose2d(1, 1, 2),
        weight_norm(nn.Conv3d(1, 2, (1, 3, 3))),
    )
    found = describe(CPU.place(network))
    assert [(one.layer, one.shape, one.name) for one in found] == [
        ("0", "1 x 1, 1 to 16", "direct"),
        ("2.0", "5 x 5, 16 to 1", "columns"),
        ("3", "2 x 2, 1 to 1", "direct"),
        ("4", "1 x 3 x 3, 1 to 2", "volume"),
    ]
    assert all(one.reason for one in found)


def test_large_kernels_are_transformed_in_float32_alone() -> None:
    network = CPU.place(nn.Sequential(nn.Conv2d(31, 96, 9, padding=4)))
    for images in ((32, 32, 32), (1, 512, 512)):
        (found,) = describe(network, images=images)
        assert found.name == "fourier"
        assert "fewer multiplications" in found.reason
    names = [one.name for one in describe(network, bfloat16=True)]
    assert names == [one.name for one in describe(network, images=(1, 4, 4))] == ["direct"]


def test_a_network_without_convolutions_has_none() -> None:
    assert describe(nn.Linear(2, 2)) == []
