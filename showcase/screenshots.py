"""Photographs MLflow's pages for docs/mlflow.md; run by `make screenshots` after `make repro`.

Brings a study's records into the project's own database where they are not there, starts MLflow's
server on this machine alone, on a free port, and writes docs/mlflow_*.png. Needs Debian's chromium.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from mlflow import MlflowClient
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
STUDY, FIGURE = "nielsen_accuracy", "by_layer.png"

MOST_BYTES = 150_000
"""Of one picture, so that a clone stays small."""

PAUSE_SECONDS = 15
"""Until data have come and charts are drawn: the page polls for ever, so it is never idle."""

ANONYMOUS = """(pairs) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const [own, shown] of pairs) {
      texts.currentNode.data = texts.currentNode.data.replaceAll(own, shown);
    }
  }
}"""
"""Pictures name no folder and no machine of whoever took them."""

COLOURS = 128
"""More than an interface of flat colours shows; a palette is a third of the size."""

RARE_TOO = Image.Quantize.MAXCOVERAGE
"""The dots that tell runs apart are few pixels."""

SIDEBAR = 198
"""Pixels on the left, the same on every page, that the pictures leave out."""


def main() -> None:
    """Take the pictures."""
    subprocess.run(
        [sys.executable, "-m", "depthgauge.cli", "track", f"study={STUDY}"], cwd=ROOT, check=True
    )
    client = MlflowClient(f"sqlite:///{ROOT / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(STUDY)
    if experiment is None:
        sys.exit(f"there are no records of {STUDY} in build/: run `make repro` first")
    runs = client.search_runs([experiment.experiment_id])
    parent = next(run for run in runs if "mlflow.parentRunId" not in run.data.tags)
    mode = "workflowType=machine_learning"
    with served() as address, page() as window:
        base = f"{address}/#/experiments/{experiment.experiment_id}/runs"
        run = f"{base}/{parent.info.run_id}"
        view = f"{base}?{mode}&viewStateShareKey="
        photograph(window, f"{base}?{mode}", "mlflow_experiment", 330)
        photograph(window, f"{view}table", "mlflow_table", 520)
        photograph(window, f"{view}charts&compareRunsMode=CHART", "mlflow_charts", 1185)
        photograph(window, f"{run}/artifacts/figures/{FIGURE}?{mode}", "mlflow_artifact", 720)
        photograph(window, f"{run}?{mode}", "mlflow_sweep", 800)


@contextmanager
def served() -> Iterator[str]:
    """Run MLflow's server over our database; give its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    words = ["ui", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command = [sys.executable, "-m", "mlflow", *words]
    store = ["--backend-store-uri", "sqlite:///mlflow.db"]
    server = subprocess.Popen([*command, *store], cwd=ROOT, env=os.environ | quiet)
    try:
        address = f"http://127.0.0.1:{port}"
        wait(address)
        yield address
    finally:
        server.terminate()
        server.wait()


def wait(address: str, seconds: float = 90) -> None:
    """Return once the server answers; exits with a sentence when it does not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if requests.get(f"{address}/health", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    sys.exit(f"MLflow did not answer at {address} within {seconds:.0f} s: see its words above")


@contextmanager
def page() -> Iterator[Page]:
    """Open a window of the size that the pictures have."""
    browser = shutil.which("chromium")
    if browser is None:
        sys.exit("chromium is not installed: apt-get install chromium, then repeat")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        window = playwright.chromium.launch(executable_path=browser, args=flags)
        first = window.new_page(viewport={"width": 1440, "height": 1560})
        first.add_init_script("localStorage.setItem('mlflow.assistant.panelOpen_v1', 'false')")
        first.add_init_script(
            "localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"
        )
        yield first
        window.close()


def photograph(window: Page, address: str, name: str, height: int) -> None:
    """Write docs/NAME.png: the top of a page, so many pixels of it."""
    window.goto("about:blank")  # only the part behind # differs, which alone loads nothing
    window.goto(address)
    window.wait_for_timeout(PAUSE_SECONDS * 1000)
    window.evaluate(
        ANONYMOUS, [[str(ROOT), "/home/you/depthgauge"], [socket.gethostname(), "host"]]
    )
    shown = Image.open(io.BytesIO(window.screenshot())).convert("RGB")
    picture = shown.crop((SIDEBAR, 0, shown.width, height)).quantize(COLOURS, RARE_TOO)
    path = ROOT / "docs" / f"{name}.png"
    picture.save(path, optimize=True)
    size = path.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{path} has {size:,} bytes, more than {MOST_BYTES:,}: use fewer COLOURS")
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
