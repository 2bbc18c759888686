"""The user's own grid of a shipped study: each figure is drawn, or says why not."""

import pytest

from depthgauge.report.figures import FIGURES, draw

CHANGES = {
    "depth": {"hidden": [30] * 8},
    "one layer": {"hidden": [7]},
    "model": {"model": "mine"},
    "data": {"dataset": "digits"},
}


def changed(record, change):
    """The record of the same numbers under another depth, model or data set."""
    attrs = record.attrs
    config, data = attrs["config"], attrs["data"]
    if "dataset" in change:
        config = {**config, "dataset": {**config["dataset"], "name": change["dataset"]}}
        data = {**data, "name": change["dataset"]}
    else:
        config = {**config, **change}
    axes = {key: change.get(key, value) for key, value in attrs["axes"].items()}
    return record.assign_attrs(config=config, data=data, axes=axes)


@pytest.mark.parametrize("change", CHANGES)
def test_what_no_figure_compares_is_said(change, records):
    """Every study at once: each figure is drawn or missing for a reason, none is a traceback."""
    other = {
        study: [changed(record, CHANGES[change]) for record in cells[:6]]
        for study, cells in records.items()
    }
    drawn, missing = draw(other)
    assert drawn.keys() | missing.keys() == FIGURES.keys()
    assert missing and all("depthgauge train study=" in each or "lacks" in each
                           for each in missing.values())  # fmt: skip
