"""Labels at the ends of lines: where their line ends, and never on one another."""

import numpy as np
import pandas as pd
import pytest

from depthgauge.report.labels import Axis, end_labels, spread


def test_labels_that_have_room_stay_where_their_line_ends():
    """The last point of each line, whatever the order of the rows."""
    table = pd.DataFrame(
        {"step": [9, 0, 0, 9], "layer": [1, 1, 2, 2], "median": [2.0, 0.0, 5.0, 8.0]}
    )
    ends = end_labels(table, "step", "median", "layer", Axis.over(table, 140))
    assert ends[["step", "layer", "median"]].to_numpy().tolist() == [[9, 1, 2.0], [9, 2, 8.0]]


@pytest.mark.parametrize("log", [False, True])
def test_labels_of_lines_that_meet_stand_above_each_other(log):
    """One line of text apart, in the order of the lines, within the axis."""
    values = [1.0, 1.001, 1.002, 50.0]
    table = pd.DataFrame({"step": 0, "layer": [1, 2, 3, 4], "median": values})
    axis = Axis(1.0, 100.0, 140, log)
    found = end_labels(table, "step", "median", "layer", axis)["median"].to_numpy()
    places = np.log(found) / np.log(100) if log else (found - 1) / 99
    assert np.diff(places).min() >= 0.1 - 1e-3  # 14 of 140 pixels
    assert places.min() >= -1e-3 and places.max() <= 1


def test_a_run_of_labels_keeps_its_centre():
    """Three that coincide move around where they were; two runs that then touch are one."""
    assert spread([5.0, 5.0, 5.0], 1.0, 0.0, 10.0).tolist() == [4.0, 5.0, 6.0]
    assert spread([5.0, 5.0, 5.9], 1.0, 0.0, 10.0).tolist() == pytest.approx([4.3, 5.3, 6.3])
    assert spread([9.9, 10.0], 1.0, 0.0, 10.0).tolist() == [9.0, 10.0]
