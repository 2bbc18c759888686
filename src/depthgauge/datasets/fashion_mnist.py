"""Fashion-MNIST: 28x28 grey articles of clothing, in MNIST's format and split.

Source: Xiao, Rasul, Vollgraf, "Fashion-MNIST", arXiv:1708.07747.
"""

from depthgauge.datasets.idx import read_split
from depthgauge.datasets.mnist import split_as_published
from depthgauge.datasets.prepared import Prepared
from depthgauge.datasets.receipt import RawFolder
from depthgauge.datasets.sources import Download, RawFile, RawSet

HOSTS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
)
NAMES = "T-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot"
CLASSES = tuple(NAMES.split(", "))
# name, bytes, sha256
FILES = """
train-images-idx3-ubyte.gz 26421880 3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84
train-labels-idx1-ubyte.gz 29515 a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845
t10k-images-idx3-ubyte.gz 4422102 346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073
t10k-labels-idx1-ubyte.gz 5148 67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5
"""


def _file(name: str, size: str, sha256: str) -> RawFile:
    # the published digest is that of the gzip, so the gzip is stored
    return RawFile(
        name, f"sha256:{sha256}", int(size), tuple(Download(f"{host}/{name}") for host in HOSTS)
    )


RAW = RawSet(
    "fashion_mnist",
    origin="https://github.com/zalandoresearch/fashion-mnist",
    licence="MIT, Zalando SE",
    files=tuple(_file(*line.split()) for line in FILES.split("\n") if line),
)


def prepare(raw: RawFolder) -> Prepared:
    """Return Fashion-MNIST, split as MNIST is; raises DataError when a raw file is not right."""
    train, test = read_split(raw, "train", ".gz"), read_split(raw, "t10k", ".gz")
    return split_as_published("fashion_mnist", CLASSES, train, test)
