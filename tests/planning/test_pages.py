"""Mistakes in a study's page, and words that its page would override: one sentence, no training."""

import pytest

from depthgauge.errors import ConfigError
from depthgauge.planning.plan import plan

PAGE = """\
# @package _global_
notebook: {question: "Does it?", source: ours}
hydra: {sweeper: {params: {activation: "sigmoid,tanh"}}}
steps: 20
train_size: 1000
learning_rate: 0.1
gradients: {images: 50}
"""


@pytest.fixture
def page(project):
    """Write conf/study/mine.yaml, a page that plans; return it."""
    path = project / "conf/study/mine.yaml"
    path.write_text(PAGE)
    return path


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("# @package _global_\n", "", "study/mine: its first line must be `# @package _global_`"),
        ("steps: 20", "stpes: 20", "study/mine: unknown setting stpes (did you mean steps?)"),
        ("images: 50", "imges: 50", "study/mine: unknown setting gradients.imges (did you mean gr"),
        ("steps: 20", "steps:", "study/mine: invalid steps (Incompatible value 'None'"),
        ("steps: 20", "hidden: [5.5]", "study/mine: invalid hidden[0] (Value '5.5' of type"),
        ("{images: 50}", "10", "study/mine: invalid section (Merge error: int is not a subclass"),
        ('{activation: "sigmoid,tanh"}', "tanh", "invalid hydra.sweeper.params=tanh: write each"),
        ('{activation: "sigmoid,tanh"}', "{l2: {a: 1}}", "write each axis as key: values, such as"),
        ("steps: 20", "at: {quick: {steps: 20}}", "at.quick.steps would change nothing: nothing"),
        ("steps: 20", "at: {quick: 20}", "invalid at.quick=20: give a table"),
        ("steps: 20", "models: {a: {}, b: 4}", "invalid models.b=4: give a table"),
    ],
)
def test_a_mistake_in_a_page_is_named_with_its_page_or_key(before, after, sentence, page):
    """A page is YAML that Hydra merges: it would ignore some mistakes, and say others in code."""
    page.write_text(PAGE.replace(before, after))
    with pytest.raises(ConfigError) as caught:
        plan(["study=mine"])
    assert sentence in str(caught.value)


def test_a_page_in_another_encoding_is_a_sentence_in_train_and_status(page, depthgauge):
    """`status` shows the other studies, and why this one cannot be planned."""
    page.write_bytes(PAGE.replace("Does it?", "Größer?").encode("latin-1"))
    sentence = "a page is not UTF-8 after 'notebook: {question: \"Gr'; save it in this encoding"
    code, _, err = depthgauge("train", "study=mine", "--dry-run")
    assert code == 2 and sentence in err
    code, out, err = depthgauge("status", "study=mine")
    assert code == 0 and sentence in out + err


@pytest.mark.parametrize("word", ["+gradients.evry=3", "++gradients.evry=3", "+colour=red"])
def test_a_key_that_is_added_must_be_one_that_a_study_has(word, page):
    """Hydra adds what is not there to a section, which nothing would read."""
    with pytest.raises(ConfigError, match=r"unknown setting (gradients\.evry|colour)"):
        plan(["study=mine", word])


def test_a_data_set_that_the_page_would_override_is_refused(page):
    """A study is merged after the data set: its own name wins, which dataset=X must not hide."""
    page.write_text(PAGE + "dataset: {name: mnist}\n")
    with pytest.raises(
        ConfigError, match=r"dataset=shapeset would change nothing: .* dataset\.name="
    ):
        plan(["study=mine", "dataset=shapeset"])
    with pytest.raises(ConfigError, match="dataset=cifar10 would change nothing"):
        plan(["study=mine", "dataset=mnist,cifar10"])
    assert len(plan(["study=mine", "dataset=mnist"])) == 2
    assert len(plan(["study=mine", "dataset=cifar10", "dataset.name=mnist"])) == 2


def test_a_protocol_that_the_page_reads_may_be_overridden(page):
    """By a word or an experiment, which take the interpolation's place."""
    page.write_text(PAGE.replace("20", "${at.${scale}.steps}") + "at: {quick: {steps: 20}}\n")
    assert [each.config.steps for each in plan(["study=mine"])] == [20, 20]
    assert [each.config.steps for each in plan(["study=mine", "steps=30"])] == [30, 30]
    (page.parents[1] / "experiment/short.yaml").write_text("# @package _global_\nsteps: 5\n")
    assert [each.config.steps for each in plan(["study=mine", "+experiment=short"])] == [5, 5]


@pytest.mark.parametrize("read", ["at[${scale}].steps", "at[${scale}][steps]", "at.quick.steps"])
def test_a_protocol_may_be_read_in_any_way_that_omegaconf_allows(read, page):
    """With brackets in place of dots, or of one scale alone."""
    page.write_text(PAGE.replace("20", f"${{{read}}}") + "at: {quick: {steps: 20}}\n")
    assert [each.config.steps for each in plan(["study=mine"])] == [20, 20]


def test_a_folder_of_pages_that_is_not_there_is_refused_by_status(project, depthgauge):
    """As `train` refuses it; Hydra only warns of a folder to search."""
    code, _, err = depthgauge("status", "--config-dir", "../nosuch")
    assert code == 2 and "--config-dir ../nosuch is not a folder" in err
