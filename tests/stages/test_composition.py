"""A cell is composed as Hydra composes it, though not by composing it anew."""

import json
import pickle
import random

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict

from depthgauge.config import Config
from depthgauge.errors import ConfigError
from depthgauge.stages.composition import loader_of
from depthgauge.stages.grid import compositions, launch
from depthgauge.stages.plan import checked
from depthgauge.stages.prune import SCALES


@pytest.fixture
def hydras(project):
    """Hydra's own loader of the project's pages, which keeps nothing."""
    return ConfigLoaderImpl(create_config_search_path(str(project / "conf")))


@pytest.fixture
def ours(project):
    return loader_of(project / "conf")


def test_every_page_composes_at_every_scale_as_hydra_composes_it(project, hydras, ours):
    """All cells are studies that can run; one of each grid is compared, drawn by a seed.

    The text of the whole config, interpolations and Hydra's part included; then what is checked.
    """
    draw = random.Random(1)
    for page in sorted((project / "conf/study").glob("*.yaml")):
        for scale in SCALES:
            words = [f"study={page.stem}", f"scale={scale}"]
            cells = [(job, checked(config)) for job, config in compositions(words)]
            for _, config in cells:
                assert config.notebook["question"].endswith("?") and config.notebook["source"]
                assert set(config.notebook["minutes"]) == set(SCALES)
                assert json.dumps(config.notebook)
            job, found = draw.choice(cells)
            master = ours.load_configuration("config", words, RunMode.MULTIRUN)
            wanted = hydras.load_sweep_config(master, job)
            assert to_text(ours.load_sweep_config(master, job)) == to_text(wanted)
            with open_dict(wanted):
                wanted.pop("hydra")
            assert found == checked(wanted)


@pytest.mark.parametrize(
    "words",
    [
        ["hidden=[5],[4,3]", "learning_rate=range(1,4)", "seeds=choice(2,3)"],
        ["dataset=mnist,shapeset", "dataset.divide=255", "l2=0"],
        ["gradients={every: 5, window: 2}", "gradients.every=7", "~notebook.source"],
        ["+notebook.mine=1", "++gradients.images=50", "at.smoke.steps=3", "scale=smoke"],
        ["hydra.sweep.subdir=x", "hydra.job.name=y", "hydra.sweeper.max_batch_size=2"],
        ["dataset={divide: 3.0}", "steps=${seeds}"],
    ],
)
def test_words_of_every_kind_are_applied_as_hydra_applies_them(words, hydras, ours):
    """Sweeps by list, range and choice; groups; additions and deletions; Hydra's own settings."""
    words = ["study=nielsen_accuracy", *words]
    master = hydras.load_configuration("config", words, RunMode.MULTIRUN)
    assert to_text(ours.load_configuration("config", words, RunMode.MULTIRUN)) == to_text(master)
    job, _ = compositions(words)[-1]
    wanted = hydras.load_sweep_config(master, job)
    assert to_text(ours.load_sweep_config(master, job)) == to_text(wanted)


@pytest.mark.parametrize("word", ["colour=red", "seeds=many", "hidden=[30", "study@x=y", "~colour"])
def test_what_hydra_refuses_is_refused_in_its_words(word, hydras, ours):
    """The same text."""
    told = []
    for loader in (hydras, ours):
        with pytest.raises(HydraException) as caught:
            loader.load_configuration("config", ["study=nielsen_accuracy", word], RunMode.MULTIRUN)
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_an_edited_page_is_composed_anew(project):
    """Nothing that was kept outlives the text it came from."""
    page = project / "conf/study/nielsen_chain.yaml"
    before = loader_of(project / "conf")
    assert loader_of(project / "conf") is before
    page.write_text(page.read_text() + "\nl2: 3\n")
    assert loader_of(project / "conf") is not before
    assert all(cell.l2 == 3 for _, cell in compositions(["study=nielsen_chain"]))


def test_another_process_needs_no_copy_of_what_is_kept(project):
    """A launcher sends the loader with every job: a path, and the process's own loader serves."""
    loader = loader_of(project / "conf")
    compositions(["study=nielsen_chain"])
    sent = pickle.dumps(loader)
    assert len(sent) < 1000 and pickle.loads(sent) is loader


def test_only_the_jobs_asked_for_are_launched_and_nothing_of_them_is_kept(project):
    """In the grid's order; a job that fails is not overlooked."""
    words = ["study=nielsen_accuracy", "hidden=[5],[6],[7]", "hydra.sweep.dir=.cells/x"]
    seen = []
    launch(words, lambda config: seen.append(list(config.hidden)), {2, 0})
    assert seen == [[5], [7]]

    def fails(config):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        launch(words, fails, range(3))


def to_text(config):
    """All keys in order, with values as they are written, interpolations unresolved."""
    return OmegaConf.to_yaml(config)


@pytest.mark.parametrize("else_where", ["${hidden}", "${capacity}"])
def test_a_section_that_points_to_something_else_is_refused(else_where):
    """An interpolation is resolved only when the config becomes dataclasses."""
    config = OmegaConf.structured(Config)
    OmegaConf.update(config, "evaluation", else_where)
    with pytest.raises(ConfigError, match=r"^evaluation=.* will not do: it is a section of keys"):
        checked(config)


def test_a_number_beyond_floats_is_refused_where_it_is_pointed_to():
    """Steps are whole numbers of any size; a weight decay is a float."""
    config = OmegaConf.structured(Config)
    OmegaConf.update(config, "steps", 10**400)
    OmegaConf.update(config, "l2", "${steps}")
    with pytest.raises(ConfigError, match="int too large to convert to float"):
        checked(config)
