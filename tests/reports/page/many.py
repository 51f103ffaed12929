"""Made-up results as large as the suite is meant for: 14 methods, four protocols, three seeds."""

from collections.abc import Sequence

import numpy as np

from tests.reports.conftest import Make, described

TRAINED = ("EDSR", "3D-FCNN", "GDRRN", "SSPSR", "MCNet", "ERCSR", "SFCSR", "Bi-3DQRNN", "F3DUN",
           "EUNet", "ESSAformer", "MSDformer")  # fmt: skip
PLAIN = ("Bicubic", "Total variation")
SEEDS = (0, 1, 2)
SCENES = tuple(f"scene {letter}" for letter in "abcdefg")
# A protocol's scales and its main metrics: (name, title, unit, digits, whether higher is better).
PSNR = ("psnr", "PSNR", "dB", 2, True)
MPSNR = ("mpsnr", "MPSNR", "dB", 4, True)
SAM = ("sam", "SAM", "degrees", 2, False)
SSIM = ("ssim", "SSIM", "", 4, True)
PROTOCOLS = {
    "wang2017": ((2, 3, 4), (PSNR, SAM)),
    "li2020": ((2, 3, 4, 8), (PSNR, SSIM, SAM)),
    "jiang2020": ((4, 8), (MPSNR, SAM)),
    "liu2023": ((4, 8), (MPSNR, SAM)),
}


def fill_many(make: Make) -> None:
    """Store every method under every protocol."""
    rng = np.random.default_rng(17)
    for protocol, (scales, metrics) in PROTOCOLS.items():
        facts = [
            described(name, title=title, unit=unit, digits=digits, higher=higher, main=True)
            for name, title, unit, digits, higher in metrics
        ]
        for scale in scales:
            for number, title in enumerate((*PLAIN, *TRAINED)):
                for seed in SEEDS if title in TRAINED else (0,):
                    _store(make, rng, protocol, scale, number, title, seed, facts)


def _store(
    make: Make,
    rng: np.random.Generator,
    protocol: str,
    scale: int,
    number: int,
    title: str,
    seed: int,
    facts: Sequence[dict[str, object]],
) -> None:
    trained = title in TRAINED
    psnr = 42 - 4 * np.log2(scale) + 0.3 * number + 0.05 * rng.standard_normal()
    rows = [
        {
            "scene": scene,
            "psnr": psnr + index + 0.1 * rng.standard_normal(),
            "mpsnr": psnr + index + 0.1 * rng.standard_normal(),
            "sam": 6 - 0.1 * number + 0.2 * index + 0.02 * rng.standard_normal(),
            "ssim": 0.95 + 0.002 * number - 0.001 * index,
        }
        for index, scene in enumerate(SCENES)
    ]
    names = [str(fact["name"]) for fact in facts]
    make(
        title.lower().replace(" ", "_"), scale, seed, protocol=protocol, profile="evening",
        title=title, published=title if protocol != "wang2017" or title == "Bicubic" else "",
        trained=trained, test=list(SCENES), metrics=facts, bands=31,
        rows=[{name: row[name] for name in ("scene", *names)} for row in rows],
        curve=_curve(rng, psnr) if trained else None,
        fit_s=60.0 * (number + 1), upscale_s=0.01 * 1.6**number,
    )  # fmt: skip


def _curve(rng: np.random.Generator, psnr: float) -> list[dict[str, object]]:
    return [
        {
            "step": 200 * point,
            "loss": 0.01 / point + 1e-4 * rng.random(),
            "psnr": psnr - 6 / point + 0.1 * rng.standard_normal(),
            "rate": 1e-3,
            "seconds": 2.5 * point,
        }
        for point in range(1, 25)
    ]


def operations() -> dict[tuple[str, int, int], float | None]:
    """Return made-up operations of every network."""
    return {
        (title.lower().replace(" ", "_"), scale, 31): 1e9 * 2.2**number
        for number, title in enumerate(TRAINED)
        for scale in (2, 3, 4, 8)
    }
