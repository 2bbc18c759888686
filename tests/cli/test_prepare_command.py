"""The prepare stage: from receipts to prepared files, with words checked first."""

import argparse
import json
from dataclasses import replace

import numpy as np
import pytest

from depthgauge.cli import forget, prepare
from depthgauge.cli.main import values_of
from depthgauge.datasets import catalogue, lists, receipt, shapeset_splits
from depthgauge.datasets.catalogue import DataSet
from depthgauge.datasets.prepared import Split, assemble, load, path_of, write
from depthgauge.datasets.shapeset import pool
from depthgauge.datasets.sources import RawFile, RawSet
from depthgauge.errors import ConfigError, DataError

NAMES = ("pinned", "extra")


def toy(raw):
    """Make a data set of one image: the bytes of the raw file, and what may be lost."""
    content = np.frombuffer(raw.read("a"), np.uint8)[None]
    split = Split(content, np.array([raw.unreadable], np.uint8))
    return assemble(
        raw.name, (3,), tuple("abcdefgh"), dict.fromkeys(("train", "validation", "test"), split)
    )


def run(*overrides: str) -> None:
    """Run the stage as the command line does."""
    prepare.run(argparse.Namespace(values=values_of("prepare", overrides)))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return a project with a pinned and an extra set, both fetched."""
    sets = {
        name: RawSet(name, "an origin", "a licence", (RawFile("a", "", 0, ()),)) for name in NAMES
    }
    monkeypatch.setattr(catalogue, "PINNED", ("pinned",))
    monkeypatch.setattr(catalogue, "PIPELINE", ("pinned",))
    monkeypatch.setattr(catalogue, "SETS", {name: DataSet(raw, toy) for name, raw in sets.items()})
    (tmp_path / "dvc.yaml").write_text("")
    for name in NAMES:
        folder = catalogue.raw_folder(tmp_path, name)
        folder.mkdir(parents=True)
        (folder / "a").write_bytes(name[:3].encode())
        receipt.write(catalogue.receipt_path(tmp_path, name), {sets[name]: folder})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_pinned_sets_are_prepared_without_words(project):
    """What the pipeline pins, with origin and licence, and the lists of it; nothing else."""
    run()
    data = load(project, "pinned")
    assert bytes(data.train.images[0]) == b"pin"
    assert data.notes == {"origin": "an origin", "licence": "a licence"}
    folder = project / "data" / "prepared"
    assert sorted(path.name for path in folder.iterdir()) == [
        "all.json", "pinned.safetensors", "pipeline.json",
    ]  # fmt: skip
    for name in ("all", "pipeline"):
        assert json.loads((folder / f"{name}.json").read_text()) == {"pinned": data.hash}


def test_listed_extra_set_is_prepared_without_words(project):
    """With the pipeline's own; only the list of all sets has it, so that few studies run again."""
    lists.list_extra(project, catalogue.fetched(project, "extra"))
    run()
    data, folder = load(project, "extra"), project / "data" / "prepared"
    assert json.loads((folder / "all.json").read_text())["extra"] == data.hash
    assert "extra" not in json.loads((folder / "pipeline.json").read_text())
    assert lists.prepared_extras(project) == ["extra"]
    run("dataset=extra")
    assert lists.prepared_extras(project) == ["extra"]


def test_set_is_listed_once_it_is_prepared(project, monkeypatch):
    """Not the pipeline's own, and none that failed: the pipeline goes on without that one."""
    run("dataset=pinned")
    assert lists.extra_sets(project) == {}
    extra = catalogue.find("extra")

    def failing(_):
        raise DataError("no good")

    monkeypatch.setitem(catalogue.SETS, "extra", replace(extra, prepare=failing))
    with pytest.raises(DataError, match="no good"):
        run("dataset=extra")
    assert lists.extra_sets(project) == {}
    run()
    monkeypatch.setitem(catalogue.SETS, "extra", extra)
    run("dataset=extra")
    assert lists.extra_sets(project) == {"extra": catalogue.fetched(project, "extra").digests}


def test_forgotten_set_stops_the_pipeline_no_longer(project):
    """A listed set whose files are gone says how; afterwards all is as without it."""
    run("dataset=extra")
    (project / "data/extra/extra/a").unlink()
    with pytest.raises(DataError, match=r"is missing.*`depthgauge forget dataset=extra`"):
        run()
    forget.run(argparse.Namespace(values={"dataset": "extra"}))
    run()
    assert lists.prepared_extras(project) == []
    for words, reason in ((["dataset=extra"], "lists nothing"), ([], "which data set")):
        with pytest.raises(ConfigError, match=reason):
            forget.run(argparse.Namespace(values=values_of("forget", words)))


def test_what_became_of_photographs_is_printed(project, monkeypatch, capsys):
    """How many were kept and why the others were not."""
    notes = {
        "photographs": 33,
        "kept": 22,
        "images_outside_the_classes": 7,
        "left_over": 4,
        "unreadable": [],
        "lacking_classes": ["flower"],
    }
    extra = catalogue.find("extra")
    noted = replace(extra, prepare=lambda raw: replace(toy(raw), notes=notes))
    monkeypatch.setitem(catalogue.SETS, "extra", noted)
    run("dataset=extra")
    assert (
        "extra: 22 of 33 photographs kept; 7 show none of the ten classes; 4 are more than the"
        " smallest class has; no photograph of flower\n" in capsys.readouterr().out
    )


def test_what_was_left_out_by_hand_is_left_out_by_the_pipeline(project):
    """As many unreadable images as the file that lies there says; another clone allows none."""
    lists.list_extra(project, catalogue.fetched(project, "extra"))
    noted = replace(toy(catalogue.fetched(project, "extra")), notes={"unreadable": ["x", "y"]})
    write(noted, path_of(project, "extra"))
    run()
    assert load(project, "extra").train.labels.tolist() == [2]
    path_of(project, "extra").unlink()
    run()
    assert load(project, "extra").train.labels.tolist() == [0]


@pytest.mark.parametrize("text", ["{", "[]", '{"nothing": {}}', '{"extra": 3}', "3"])
def test_damaged_list_is_one_sentence(project, text):
    """It says how to restore it."""
    (project / "data" / "extra.json").write_text(text)
    with pytest.raises(DataError, match=r"extra\.json is damaged .*git checkout data/extra\.json"):
        run()


def test_extra_set_is_prepared_by_name(project):
    """From its own folder and receipt; the number that may be lost gets through."""
    run("dataset=extra", "unreadable=7")
    data = load(project, "extra")
    assert bytes(data.train.images[0]) == b"ext"
    assert data.train.labels.tolist() == [7]


def test_generated_set_needs_no_raw_files(project, monkeypatch):
    """Its splits are the generator's own images, and the file says where they are from."""
    few = {"train": (0, 30), "validation": (1 << 40, 20), "test": (1 << 41, 10)}
    monkeypatch.setattr(shapeset_splits, "SPLITS", few)
    run("dataset=shapeset")
    data = load(project, "shapeset")
    for split, (first, count) in few.items():
        images, labels = pool(0, count, first)
        assert np.array_equal(getattr(data, split).images, images)
        assert np.array_equal(getattr(data, split).labels, labels)
    assert data.classes == ("T", "P", "E", "TP", "PE", "TE", "TT", "PP", "EE")
    assert data.notes["origin"] == "generated: docs/shapeset.md"


def test_training_never_meets_a_held_out_image():
    """The ranges are disjoint, and 5 million mini-batches of 10 end before the first of them."""
    train, validation, test = (shapeset_splits.SPLITS[s] for s in ("train", "validation", "test"))
    assert train[0] + max(train[1], 50_000_000) <= validation[0]
    assert sum(validation) <= test[0]
    assert train[1] >= 50_000


def test_altered_raw_file_stops_it(project):
    """Other bytes than the receipt's never become a prepared file; an older one stays."""
    run()
    before = (project / "data/prepared/pinned.safetensors").read_bytes()
    (project / "data/raw/pinned/a").write_bytes(b"xyz")
    with pytest.raises(DataError, match="not what its receipt says"):
        run()
    assert (project / "data/prepared/pinned.safetensors").read_bytes() == before


def test_set_that_was_not_fetched_says_so(project):
    """The sentence has the command."""
    (project / "data/extra/extra/receipt.json").unlink()
    with pytest.raises(DataError, match=r"extra is not fetched.*fetch dataset=extra"):
        run("dataset=extra")


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("dataset=nothing", "nothing is unknown"),
        ("unreadable=some", "give a number"),
        ("unreadable=-1", "give a number"),
        ("file=x", "unknown word 'file=x'"),
    ],
)
def test_wrong_words_are_refused(project, word, reason):
    """Before anything is written."""
    with pytest.raises(ConfigError, match=reason):
        run(word)
    assert not (project / "data" / "prepared").exists()
