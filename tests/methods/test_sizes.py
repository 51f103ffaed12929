"""Every network has the parameters and the operations of the one that was published.

The numbers were counted in the public networks, the variants' too, and those of EDSR layer by
layer; nothing is computed here, as the networks are built without memory (`meta`).
"""

from decimal import Decimal

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmark.method import METHODS, NetworkMethod
from tests.benchmark.support import network_method, problem
from tests.methods.support import size_of

SCALES = (2, 3, 4, 8)
SIDE = 32  # of the low-resolution image whose operations are counted, at 31 bands

# Parameters with 31 bands at x2, x3, x4, x8. None: there is no such network, or it was not counted.
PARAMETERS: dict[str, tuple[int | None, ...]] = {
    "fcnn3d": (39_405, 39_405, 39_405, 39_405),
    "gdrrn": (218_880, 218_880, 218_880, 218_880),
    "gdrrn[groups=1]": (366_336, 366_336, 366_336, 366_336),
    "sspsr": (10_533_511, 13_483_911, 12_893_831, 15_254_151),
    "sspsr[size=4,overlap=1,blocks=8]": (23_717_155, None, 26_077_475, 28_437_795),
    "sspsr[maps=64]": (707_263, None, 854_975, 1_002_687),
    "mcnet": (1_928_334, 2_038_926, 2_174_094, 2_960_526),
    "ercsr": (1_348_742, 1_459_334, 1_594_502, 2_380_934),
    "sfcsr": (1_084_882, 1_269_842, 1_232_850, 1_380_818),
    "bi3dqrnn": (1_288_227, 1_288_227, 1_288_227, 1_288_227),
    "eunet": (550_586, 632_506, 616_250, 681_914),
    "essaformer": (2_785_171, 3_693_071, 3_578_935, None),
    "essaformer[maps=128]": (2_208_959, None, 2_836_191, 3_463_423),
    "essaformer[maps=256]": (8_685_919, None, 11_193_759, 13_701_599),
    "f3dun": (2_273_282, 2_383_874, 2_519_042, 2_715_778),
    "f3dun[maps=32]": (569_346, 596_994, 630_786, 680_002),
    "snlsr": (1_291_619, 1_476_259, 1_439_331, 1_587_043),
    "cst": (9_480_363, 10_939_263, 10_647_483, 11_814_603),
    "cst[maps=60,stages=2,blocks=2]": (454_333, 616_633, 584_173, 714_013),
    "msdformer": (11_008_803, 13_602_003, 13_083_363, 15_157_923),
    "msdformer[maps=60]": (757_923, 920_223, 887_763, 1_017_603),
    "edsr": (1_402_143, 1_586_783, 1_549_855, 1_697_567),
}
# Parameters at x4 with 102 and with 128 bands.
OF_MORE_BANDS: dict[str, tuple[int, int]] = {
    "fcnn3d": (39_405, 39_405),
    "gdrrn": (382_464, 442_368),
    "sspsr": (13_384_654, 13_564_392),
    "mcnet": (2_174_094, 2_174_094),
    "ercsr": (1_594_502, 1_594_502),
    "sfcsr": (1_232_850, 1_232_850),
    "bi3dqrnn": (1_288_227, 1_288_227),
    "eunet": (779_905, 839_835),
    "essaformer[maps=128]": (2_999_846, 3_059_776),
    "essaformer[maps=256]": (11_520_998, 11_640_832),
    "f3dun": (2_519_042, 2_519_042),
    "snlsr": (1_594_821, 1_651_761),
    "cst": (10_992_614, 11_119_000),
    "msdformer": (14_907_950, 15_526_788),
}
# What the public network has and never uses, so that ours leaves it out.
UNUSED: dict[str, int] = {
    "cst": 16 * 2 * 180,  # the norm of every spectral attention
    "cst[maps=60,stages=2,blocks=2]": 4 * 2 * 60,
    # The convolution after the first block, and a third of the linear maps q, k, v of all four.
    "msdformer": (9 * 240 + 1) * 240 + 4 * 240 * 240,
    "msdformer[maps=60]": (9 * 60 + 1) * 60 + 4 * 60 * 60,
}
# Operations in 10^9 at x2, x3, x4, x8, two for a multiplication and its addition, as printed.
OPERATIONS: dict[str, tuple[str | None, ...]] = {
    "fcnn3d": ("12.0", "25.9", "45.1", "175"),
    "gdrrn": ("11.5", "25.8", "45.8", "183"),
    "gdrrn[groups=1]": ("22.3", "50.2", "89.3", "357"),
    "sspsr": ("54.8", None, "122", "391"),
    "sspsr[size=4,overlap=1,blocks=8]": ("243", None, "375", "902"),
    "sspsr[maps=64]": ("3.745", None, "8.8", "29"),  # not 3.8: it was rounded twice
    "mcnet": ("122", "130", "139", "194"),
    "ercsr": ("92", "111", "136", "299"),
    "sfcsr": ("141", "153", "179", "331"),
    "bi3dqrnn": ("58.6", "132", "234", "937"),
    "eunet": ("5.3", "7.5", "11.0", "33.6"),
    "essaformer": ("34.3", "71.0", "130", None),
    "essaformer[maps=128]": ("27.1", None, "103", "406"),
    "essaformer[maps=256]": ("108", None, "409", "1614"),
    "f3dun": ("151", "170", "195", "405"),
    "f3dun[maps=32]": ("37.8", "42.5", "48.8", "101"),
    "snlsr": (None, None, "6.6", None),
    "cst": ("20.3", "24.3", "32.3", "80.4"),
    "cst[maps=60,stages=2,blocks=2]": ("1.2", "1.8", "3.0", "10.6"),
    "msdformer": ("31.3", "38.0", "51.6", "133"),
    "msdformer[maps=60]": ("2.3", "3.0", "4.2", "11.8"),
}
# Their small variants have the same layers at every scale, and take a tenth of the time.
ONLY_X4 = {"cst", "msdformer", "sspsr[size=4,overlap=1,blocks=8]", "essaformer[maps=256]"}


def resampling(scale: int) -> float:
    """Count the operations of EUNet's eight resamplings of 31 bands by the protocol's matrices.

    Torch's own interpolation, which the public network uses, is not counted.
    """
    high = SIDE * scale
    return 8 * 31 * 2 * (high * SIDE * SIDE + high * SIDE * high)


def of_unused_maps(maps: int) -> float:
    """Count the operations of the thirds of MSDformer's q, k, v that nothing uses."""
    return 4 * 2 * maps * maps * SIDE * SIDE


def build(reference: str, scale: int, bands: int) -> tuple[NetworkMethod, nn.Module]:
    """Build a network of the checkout without memory for its weights."""
    method = network_method(reference)
    asked = problem(scale, bands, (SIDE * scale, SIDE * scale))
    assert method.refusal(asked) == ""
    with torch.device("meta"):
        return method, method.network(asked)


def test_no_network_that_is_not_run_by_default_is_left_out() -> None:
    ours = [entry for entry in METHODS if entry.file.parent.name == "methods"]
    large = {one.name for one in ours if issubclass(one.cls, NetworkMethod)} - {
        "srcnn", "espcn", "vdsr", "proposed"
    }  # fmt: skip
    assert large == {reference.partition("[")[0] for reference in PARAMETERS}
    assert PARAMETERS.keys() - OPERATIONS.keys() == {"edsr"}  # nobody counted its operations


@pytest.mark.parametrize("reference", PARAMETERS)
def test_it_has_the_published_networks_parameters_but_unused_ones(reference: str) -> None:
    counted = dict(zip(SCALES, PARAMETERS[reference], strict=True))
    found = {
        scale: size_of(build(reference, scale, 31)[1]) if count else None
        for scale, count in counted.items()
    }
    unused = UNUSED.get(reference, 0)
    assert found == {scale: count and count - unused for scale, count in counted.items()}


@pytest.mark.parametrize("reference", OF_MORE_BANDS)
def test_parameters_grow_with_the_bands_as_those_of_the_published_network(reference: str) -> None:
    found = tuple(size_of(build(reference, 4, bands)[1]) for bands in (102, 128))
    unused = UNUSED.get(reference, 0)
    assert found == tuple(count - unused for count in OF_MORE_BANDS[reference])


@pytest.mark.parametrize("reference", OPERATIONS)
def test_it_has_the_operations_of_the_published_network(reference: str) -> None:
    """To 1 %, or to the rounding of the printed number."""
    for scale, printed in zip(SCALES, OPERATIONS[reference], strict=True):
        if printed is None or (reference in ONLY_X4 and scale != 4):
            continue
        method, network = build(reference, scale, 31)
        sides = {"low": SIDE, "upscaled": SIDE * scale}
        images = [torch.zeros(1, 31, sides[n], sides[n], device="meta") for n in method.inputs]
        with FlopCounterMode(display=False) as counter:
            network.to("meta").eval()(*images)
        known = {
            "eunet": -resampling(scale),
            "msdformer": of_unused_maps(240),
            "msdformer[maps=60]": of_unused_maps(60),
        }.get(reference, 0.0)
        found = (counter.get_total_flops() + known) / 1e9
        exponent = Decimal(printed).as_tuple().exponent
        rounding = 0.5 * 10.0 ** int(exponent)
        assert found == pytest.approx(float(printed), rel=0.01, abs=rounding), f"x{scale}"
