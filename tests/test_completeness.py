"""Which records lack steps: every axis of states ends at the last step, updates end before it."""

from depthgauge.completeness import missing_steps


def config(steps=400, procedure="descent", before=0):
    return {"steps": steps, "procedure": procedure, "pretraining": {"steps": before}}


def test_an_axis_that_ends_early_is_named():
    """Of two axes, the one that stops at 20 of 400 steps."""
    axes = {"gradient_step": [0, 20], "evaluation_step": [0, 400]}
    assert missing_steps(config(), axes) == "gradient_step ends at 20 of 400 steps"


def test_no_update_follows_the_last_step():
    """Update ratios at steps 0, 2, ..., 398 of 400 are whole; the states beside them must be."""
    axes = {"update_step": [0, 398], "gradient_step": [0, 400]}
    assert missing_steps(config(), axes) == ""
    axes["gradient_step"] = [0, 398]
    assert "gradient_step ends at 398" in missing_steps(config(), axes)


def test_pretraining_comes_first():
    """Of 500 steps 100 are pre-training: the axes of remedies end at 400."""
    axes = {"gradient_step": [0, 400]}
    assert missing_steps(config(500, "remedies", 100), axes) == ""
