"""A cell is composed as Hydra composes it, though not by composing it anew."""

import random
from contextlib import contextmanager

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from omegaconf import OmegaConf, open_dict

from depthgauge.config import Config
from depthgauge.errors import ConfigError
from depthgauge.planning.compose import Composer
from depthgauge.planning.grid import Grid
from depthgauge.planning.models import offer_models
from depthgauge.planning.plan import checked, plan
from depthgauge.planning.study_file import scales_of


@contextmanager
def composing(root, *words):
    """Hydra's own loader, what it composes before the grid is spread out, and our jobs."""
    with initialize_config_dir(str(root / "conf"), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        offer_models(None)
        master = loader.load_configuration("config", list(words), RunMode.MULTIRUN)
        offer_models(master)
        task = list(master.hydra.overrides.task)
        yield loader, master, list(Grid(loader, master, task).jobs())


def hydras(loader, master, job):
    """Return what Hydra composes for a job, as text with its interpolations."""
    config = loader.load_sweep_config(master, job)
    with open_dict(config):
        config.pop("hydra")
    return OmegaConf.to_yaml(config)


@pytest.mark.slow
def test_every_page_composes_at_every_scale_as_hydra_composes_it(project):
    """One cell of each grid, drawn by a seed, after the first of it."""
    draw = random.Random(1)
    for page in sorted((project / "conf/study").glob("*.yaml")):
        for scale in scales_of(page.stem):
            with composing(project, f"study={page.stem}", f"scale={scale}") as made:
                loader, master, jobs = made
                composer = Composer(loader, master)
                for job in (jobs[0], draw.choice(jobs)):
                    study, composed = composer.compose(job)
                assert study == page.stem
                assert OmegaConf.to_yaml(composed) == hydras(loader, master, job)


@pytest.mark.parametrize(
    "words",
    [
        ["hidden=[5],[4,3]", "learning_rate=range(1,4)", "seeds=choice(2,3)"],
        ["dataset=mnist,shapeset", "dataset.divide=255", "l2=0"],
        ["gradients={every: 5, window: 2}", "gradients.every=7,8", "~notebook.source"],
        ["+notebook.mine=1,2", "++gradients.images=50", "at.smoke.steps=3", "scale=smoke"],
        ["dataset={divide: 3.0}", "steps=${seeds}", "seeds=2,3"],
        ["+experiment=dense,float64", "gradients.every=7"],
        ["++models.wide={hidden: [9,9]}", "model=wide", "seeds=2,3"],
    ],
)
def test_words_of_every_kind_are_applied_as_hydra_applies_them(words, project):
    """Sweeps by list, range and choice; groups; additions and deletions; dictionaries."""
    with composing(project, "study=nielsen_accuracy", *words) as (loader, master, jobs):
        composer = Composer(loader, master)
        for job in jobs:
            _, composed = composer.compose(job)
            assert OmegaConf.to_yaml(composed) == hydras(loader, master, job)


@pytest.mark.parametrize(
    ("words", "axes"),
    [
        (["hidden=[5]", "l2=range(2)"], [{"l2": 0.0}, {"l2": 1.0}]),
        (["hidden=choice([5],[4,3])"], [{"hidden": [5]}, {"hidden": [4, 3]}]),
        (["hidden=[5,5]", "gradients={every: 5, images: 20}"], [{}]),
        (["hidden=[5]", "dataset=glob(mn*)"], [{"dataset": "mnist"}]),
        (
            ["hidden=[5]", "+experiment=dense,float64"],
            [{"experiment": "dense"}, {"experiment": "float64"}],
        ),
    ],
)
def test_an_axis_is_what_hydra_sweeps_over(words, axes, project):
    """Not what has a comma in its text; each cell has its own name."""
    fast = ["study=nielsen_accuracy", "scale=smoke", "train_size=1000"]
    planned = plan([*fast, *words])
    assert [each.axes for each in planned] == axes
    assert len({each.label for each in planned}) == len(axes)


def test_an_edited_page_is_composed_anew(project):
    """Nothing that was kept outlives the text it came from."""
    page = project / "conf/study/nielsen_chain.yaml"
    before = plan(["study=nielsen_chain", "scale=smoke"])
    page.write_text(page.read_text().replace("cpu_replicas: 1000", "cpu_replicas: 3"))
    after = plan(["study=nielsen_chain", "scale=smoke"])
    assert before[0].config.cpu_replicas != 3 == after[0].config.cpu_replicas


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["l2=range(1000)", "seeds=range(1,1000)"], "at most 100000 are possible"),
        (["l2=range(10000000000)"], "at most 100000 are possible"),
        (["l2=range(0,1,0)"], "correct that"),
        (["hidden=glob(x*)"], "hidden=glob(x*) has no value"),
        (["learning_rate=interval(0.1,3)"], "a sweeper that searches takes an interval"),
    ],
)
def test_a_grid_that_cannot_be_planned_is_refused(words, sentence, project):
    """In a sentence, at once."""
    with pytest.raises(ConfigError) as caught:
        plan(["study=nielsen_accuracy", *words])
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_interpolations_that_multiply_are_refused(project):
    """Ten lists that repeat the one before ten times stand for ten billion values."""
    lines = ["# @package _global_", "notebook:", f"  a0: [{', '.join(10 * ['1'])}]"]
    for level in range(1, 10):
        repeated = ", ".join(10 * [f"'${{notebook.a{level - 1}}}'"])
        lines.append(f"  a{level}: [{repeated}]")
    (project / "conf/study/laughs.yaml").write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match="stand for more than 100000 values"):
        plan(["study=laughs"])


@pytest.mark.parametrize("else_where", ["${hidden}", "${capacity}"])
def test_a_section_that_points_to_something_else_is_refused(else_where):
    """An interpolation is resolved only when the config becomes dataclasses."""
    config = OmegaConf.structured(Config)
    OmegaConf.update(config, "evaluation", else_where)
    with pytest.raises(ConfigError, match=r"^invalid evaluation=.*: it is a section of keys"):
        checked(config)


def test_a_number_beyond_floats_is_refused_where_it_is_pointed_to():
    """Steps are whole numbers of any size; a weight decay is a float."""
    config = OmegaConf.structured(Config)
    OmegaConf.update(config, "steps", 10**400)
    OmegaConf.update(config, "l2", "${steps}")
    with pytest.raises(ConfigError, match="int too large to convert to float"):
        checked(config)


MODELS = """\
# @package _global_
notebook: {question: "Does it?", source: ours}
hydra: {sweeper: {params: {model: "plain,wide,deep"}}}
steps: 20
train_size: 1000
learning_rate: 0.1
models:
  plain: {}
  wide: {hidden: [9], learning_rate: [0.2, 0.3]}
  deep: {hidden: "${repeat:4,3}", remedy: {optimizer: adam}, procedure: remedies}
"""


def test_a_model_is_a_bundle_of_keys_and_the_command_line_has_the_last_word(project):
    """The page's own keys hold where the bundle has none; a bundle's where no word is given."""
    (project / "conf/study/bundles.yaml").write_text(MODELS)
    plain, wide, deep = plan(["study=bundles"])
    assert [each.axes for each in (plain, wide, deep)] == [
        {"model": "plain"},
        {"model": "wide"},
        {"model": "deep"},
    ]
    assert (plain.config.hidden, plain.config.learning_rates()) == ([30], [0.1])
    assert (wide.config.hidden, wide.config.learning_rates()) == ([9], [0.2, 0.3])
    assert (deep.config.hidden, deep.config.remedy.optimizer) == ([4, 4, 4], "adam")
    (narrow,) = plan(["study=bundles", "model=wide", "hidden=[2]", "seeds=1"])
    assert (narrow.config.hidden, narrow.config.learning_rates()) == ([2], [0.2, 0.3])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["study=bundles", "model=magic"], "model=magic is unknown; choose one of deep, plain, wi"),
        (["study=nielsen_accuracy", "model=wide"], "model must be left out: its page has none"),
        (
            ["study=bundles", "scale=banana"],
            "expected one of [smoke, quick, over",
        ),
        (["study=bundles", "scale=paper"], "scale must be one that its page has: quick"),
        (["study=nielsen_accuracy", "scale=overnight"], "choose one of smoke, quick, paper"),
        (
            ["study=bundles", "++models.wide.hiden=[3]"],
            "model/wide: unknown setting hiden (did you mean hidden?)",
        ),
    ],
)
def test_a_choice_that_the_page_does_not_have_is_refused(words, sentence, project):
    """Also after another study of the same process had one of that name."""
    (project / "conf/study/bundles.yaml").write_text(MODELS)
    plan(["study=bundles"])
    with pytest.raises(ConfigError) as caught:
        plan(words)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)
