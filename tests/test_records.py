"""Records survive the disk unchanged, and a damaged one says so."""

import struct
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from depthgauge.errors import DataError
from depthgauge.records import join, read, read_study, write

CELL = {
    **dict.fromkeys(("study", "scale", "label"), "x"),
    **{"axes": {}, "config": {"hidden": [30]}, "data": {}},
}


def record(seeds=(0, 1), position=0, **attrs):
    random = np.random.default_rng(len(seeds))
    values = random.normal(size=(len(seeds), 3, 2)).astype(np.float32)
    values[0, 1, 0] = np.nan
    return xr.Dataset(
        {
            "bias_gradient_norm": (("replica", "gradient_step", "layer"), values),
            "diverged_at": ("replica", np.full(len(seeds), -1)),
        },
        {
            "seed": ("replica", np.array(seeds)),
            "learning_rate": ("replica", np.full(len(seeds), 0.1)),
            "gradient_step": np.array([0, 10, 100]),
            "layer": np.array([1, 2]),
        },
        {**CELL, "position": position, "notebook": {"claims": ["ä"]}, **attrs},
    )


def test_what_is_written_is_read(tmp_path):
    """Values (NaN too), types, axes, coordinates and attributes; and the same bytes twice."""
    write(record(), tmp_path / "one")
    write(record(), tmp_path / "two")
    xr.testing.assert_identical(read(tmp_path / "one"), record())
    assert read(tmp_path / "one").bias_gradient_norm.dtype == np.float32
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_memory_that_is_not_contiguous_is_written_right(tmp_path):
    """safetensors writes memory as it lies; a transposed view must not come out scrambled."""
    turned = record().transpose("layer", "gradient_step", "replica")
    write(turned, tmp_path / "turned")
    xr.testing.assert_identical(read(tmp_path / "turned"), turned)


def test_it_opens_as_a_data_frame(tmp_path, monkeypatch):
    """The three lines of docs/records.md, as they are there: a row a replica and step."""
    page = (Path(__file__).parents[1] / "docs/records.md").read_text()
    lines = page.split("```python\n")[1].split("```")[0]
    assert len([line for line in lines.splitlines() if line]) == 3
    values = np.arange(6.0).reshape(2, 3)
    made = record().assign_coords(learning_rate=("replica", [0.1, 0.2]), evaluation_step=[0, 5, 9])
    made["accuracy_test"] = ("replica", "evaluation_step"), values
    write(made, tmp_path / "build/nielsen_accuracy/000.safetensors")
    monkeypatch.chdir(tmp_path)
    found: dict[str, pd.DataFrame] = {}
    exec(lines, found)
    frame = found["frame"].reset_index()
    assert len(frame) == 6 and frame["seed"].tolist() == [0, 0, 0, 1, 1, 1]
    [row] = frame[(frame["seed"] == 1) & (frame["evaluation_step"] == 9)].to_dict("records")
    assert (row["accuracy_test"], row["learning_rate"]) == (5.0, 0.2)


@pytest.mark.parametrize("harm", ["missing", "empty", "cut", "text", "header", "format"])
def test_a_bad_file_gets_one_sentence_and_its_name(harm, tmp_path):
    """Missing, cut off, something else, another format: the path and what to do."""
    path = tmp_path / "record.safetensors"
    write(record(), path)
    content = path.read_bytes()
    changed = {
        "missing": None,
        "empty": b"",
        "cut": content[:-9],
        "text": b"this is no record at all, it is a letter to somebody",
        "header": struct.pack("<Q", 1 << 62) + content[8:],
        "format": content.replace(rb"\"format\": 2", rb"\"format\": 7"),
    }[harm]
    path.unlink()
    if changed is not None:
        assert changed != content
        path.write_bytes(changed)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(path) in str(caught.value) and "train" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_changed_number_or_word_is_noticed(tmp_path):
    """One bit of an array, a word of the attributes: neither is read as if it were so."""
    path = tmp_path / "record.safetensors"
    write(record(), path)
    content = path.read_bytes()
    number = bytearray(content)
    number[-3] ^= 1
    for changed in (bytes(number), content.replace(b"study", b"stody", 1)):
        assert len(changed) == len(content) and changed != content
        path.write_bytes(changed)
        with pytest.raises(DataError, match="damaged"):
            read(path)


def test_a_study_comes_in_the_order_of_its_grid(tmp_path):
    """By position, whatever the file names."""
    for name, position in [("a", 2), ("b", 0), ("c", 1)]:
        write(record(position=position), tmp_path / f"{name}.safetensors")
    assert [each.attrs["position"] for each in read_study(tmp_path)] == [0, 1, 2]
    assert read_study(tmp_path / "nowhere") == []


def test_blocks_join_along_their_replicas():
    """Seeds of all blocks, in order; steps and layers stay; the attributes are the new ones."""
    joined = join([record((0, 1)), record((2, 3, 4))], {"study": "s"})
    assert joined.seed.values.tolist() == [0, 1, 2, 3, 4]
    assert joined.bias_gradient_norm.shape == (5, 3, 2)
    np.testing.assert_array_equal(
        joined.bias_gradient_norm[2:], record((2, 3, 4)).bias_gradient_norm
    )
    assert joined.attrs == {"study": "s"}


def test_blocks_of_different_schedules_do_not_join():
    """A silent outer join would invent missing values."""
    other = record().assign_coords(gradient_step=[0, 20, 100])
    with pytest.raises(ValueError, match="gradient_step"):
        join([record(), other], {})


@pytest.mark.parametrize("name", ["../../step", "a b", "", "a/b", "<b>"])
def test_a_name_that_could_become_a_path_is_refused(name, tmp_path):
    """Variables and axes name files and curves later on; a record from elsewhere may lie."""
    write(record().rename({"gradient_step": name}), tmp_path / "record.safetensors")
    with pytest.raises(DataError, match="is not a name for an array"):
        read(tmp_path / "record.safetensors")


@pytest.mark.parametrize("wrong", [{"study": "../x"}, {"position": "1"}, {"config": None}])
def test_a_record_of_no_cell_is_refused_by_name(wrong, tmp_path):
    """What a study needs to know of each record is checked once, where it is read."""
    write(record(**wrong), tmp_path / "000.safetensors")
    with pytest.raises(
        DataError, match=rf"000\.safetensors is not the record .*{next(iter(wrong))}"
    ):
        read_study(tmp_path)
