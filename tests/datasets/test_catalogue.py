"""Every data set has a page in conf/dataset, and every page a data set."""

from pathlib import Path

import pytest
import yaml

from depthgauge.config import Dataset
from depthgauge.datasets.catalogue import GENERATED, PINNED, SETS

CONF = Path(__file__).parents[2] / "conf" / "dataset"
PAGES = sorted(CONF.glob("*.yaml"))


def test_pages_and_sets_are_the_same():
    """Of sets with raw files and of the generated one, which is neither fetched nor pinned."""
    assert {page.stem for page in PAGES} == {*SETS, *GENERATED}
    assert not set(GENERATED) & set(SETS)
    assert set(PINNED) <= set(SETS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_is_a_checked_config_with_a_source(page):
    """Its keys are the schema's, its name is its own, and it says where its choices are from."""
    text = page.read_text()
    assert Dataset(**yaml.safe_load(text)).name == page.stem
    assert text.startswith("# ")
    assert "Source" in text


@pytest.mark.parametrize("name", SETS)
def test_raw_files_are_verifiable(name):
    """Each file that hosts offer has a digest of known kind; names never leave the folder."""
    for file in SETS[name].raw.files:
        algorithm, _, digest = file.digest.partition(":")
        assert (algorithm, len(digest)) in {("sha256", 64), ("md5", 32), ("", 0)}
        assert file.name == Path(file.name).name
        assert bool(file.sources) == bool(file.digest)
