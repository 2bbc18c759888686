"""Takes the pictures of README and docs/mlflow.md; run by `make screenshots` after `make repro`.

Runs docs/examples/mlp.py for docs/diagnosis_page.png. For docs/mlflow_*.png, brings a study's
records into the project's own database where they are not there, and starts MLflow's server on
this machine alone, on a free port. Needs Debian's chromium.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
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

SIDEBAR = 198
"""Pixels on the left, the same on every page, that the pictures leave out."""


def main() -> None:
    """Take the pictures."""
    with page() as window:
        diagnosis(window)
        mlflow(window)


def diagnosis(window: Page) -> None:
    """Write docs/diagnosis_page.png: remedies and the signal over depth, of the twelve layers."""
    with tempfile.TemporaryDirectory() as folder:
        example = [sys.executable, str(ROOT / "docs" / "examples" / "mlp.py")]
        subprocess.run(example, cwd=folder, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=True)
        window.set_viewport_size({"width": 880, "height": 900})
        window.goto((Path(folder) / "flow.html").as_uri())
        top, bottom = (
            window.get_by_role("heading", name=name).evaluate("each => each.offsetTop")
            for name in ("What was tried", "What the change is made of")
        )
        picture = window.screenshot(
            full_page=True, clip={"x": 0, "y": top - 16, "width": 880, "height": bottom - top}
        )
        save(picture, "diagnosis_page")


def mlflow(window: Page) -> None:
    """Write docs/mlflow_*.png."""
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
    window.set_viewport_size({"width": 1440, "height": 1560})
    with served() as address:
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
    """Open a window."""
    browser = shutil.which("chromium")
    if browser is None:
        sys.exit("chromium is not installed: apt-get install chromium, then repeat")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        window = playwright.chromium.launch(executable_path=browser, args=flags)
        first = window.new_page()
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
    save(
        window.screenshot(clip={"x": SIDEBAR, "y": 0, "width": 1440 - SIDEBAR, "height": height}),
        name,
    )


def save(picture: bytes, name: str) -> None:
    """Write docs/NAME.png in true colours: a palette would give different runs one colour."""
    path = ROOT / "docs" / f"{name}.png"
    Image.open(io.BytesIO(picture)).convert("RGB").save(path, optimize=True)
    size = path.stat().st_size
    if size > MOST_BYTES:
        sys.exit(f"{path} has {size:,} bytes, more than {MOST_BYTES:,}: show less of the page")
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
