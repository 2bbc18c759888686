"""Records and verdicts to draw: Nielsen's studies, with the provenance that real records carry."""

import json

import xarray as xr

from claims import (
    cost_surface_records,
    error_records,
    extra_records,
    remedies_records,
    theory_records,
)
from claims.glorot_signal_records import records as signal_records
from claims.nielsen_records import PUBLISHED, records
from depthgauge.claims.judging import judge
from depthgauge.provenance.ledger import Origin
from depthgauge.studies.registry import CLAIMS

PROVENANCE = {
    "code": "c0de" * 16,
    "device": "cpu",
    "versions": {"torch": "2.13.0", "numpy": "2.4.6"},
}

ORIGIN = Origin(
    records="d1ge57",
    blocks=24,
    seconds=425.0,
    commit="0123abc with changes in src or conf",
    machine="A processor, 2 cores",
    software="Python 3.11.2",
)


def complete(seeds: int = 12) -> dict[str, list[xr.Dataset]]:
    """Return every record that the figures draw."""
    found = {
        **signal_records(True, seeds),
        **remedies_records.records(remedies_records.HELPED, seeds),
        **error_records.table_records(error_records.PUBLISHED, seeds),
    }
    real = {study: [_real(cell) for cell in cells] for study, cells in found.items()}
    return {**small(seeds), **real}


def small(seeds: int = 12) -> dict[str, list[xr.Dataset]]:
    """Return the records of those studies that are made and drawn in no time."""
    found = {
        **theory_records.records(theory_records.TRUE, seeds),
        **records(PUBLISHED, seeds),
        "glorot_cost_surface": [cost_surface_records.record(cost_surface_records.PUBLISHED, seeds)],
        "glorot_second_order": extra_records.second_order(extra_records.SECOND_ORDER, seeds),
        "glorot_pretraining": extra_records.pretraining(extra_records.PRETRAINING, seeds),
        "glorot_svm": extra_records.svm(extra_records.SVM, seeds),
        **error_records.width_records(error_records.GAINS, seeds),
        **error_records.depth_records(seeds),
        **error_records.cost_records(seeds),
        **remedies_records.sigmoid_records(remedies_records.HELPED, seeds),
    }
    return {study: [_real(cell) for cell in cells] for study, cells in found.items()}


def judged(found: dict[str, list[xr.Dataset]]) -> list[dict]:
    """Return the verdicts on `found` as they are read from results/claims.json."""
    return json.loads(json.dumps(judge(found, CLAIMS)))


def diverge(cell: xr.Dataset, *replicas: int) -> xr.Dataset:
    """Return `cell` with these replicas diverged at step 100, their numbers gone wild."""
    lost = xr.DataArray([i in replicas for i in range(cell.sizes["replica"])], dims="replica")
    wild = cell.map(lambda values: values.where(~lost, 1e6) if values.ndim > 1 else values)
    return wild.assign(diverged_at=xr.where(lost, 100, -1)).assign_attrs(cell.attrs)


def _real(cell: xr.Dataset) -> xr.Dataset:
    if "unit" in cell.dims:
        cell = cell.assign_coords(unit=range(1, cell.sizes["unit"] + 1))
    if cell.attrs["study"] == "nielsen_training_speed" and cell.attrs["config"]["batch_size"] == 10:
        # The two trajectories differ, so that no figure may take one for the other.
        cell = cell.assign(bias_gradient_norm=1.1 * cell["bias_gradient_norm"])
    data = {"name": cell.attrs["data"]["name"], "hash": "3f2a91c0" * 8}
    steps = cell.attrs["config"]["steps"]
    return cell.assign_attrs(PROVENANCE, data=data, published_steps=steps)
