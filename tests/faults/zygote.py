"""A process that has imported everything, and forks one child for each command it is told to run.

Starting Python with torch, Lightning, MLflow and Hydra takes seconds; a fork takes milliseconds.
Reads one JSON object a line: words, folder, and maybe environment, before (functions to call) and
fuse; answers with one: code, out, err and, where no fuse is given, how often each of its points was
passed.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

STAGES = ("fetch", "prepare", "train", "judge", "report", "track")
LIBRARIES = (
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.tracking._tracking_service.client",
    "hydra._internal.hydra",
    "pytorch_lightning",
)


def main():
    """Serve requests until the input ends."""
    os.environ.update(
        MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_LOGGING_LEVEL="WARNING", GIT_PYTHON_REFRESH="quiet"
    )
    sys.dont_write_bytecode = True  # each child would write, and count, what it imports late
    for name in (*(f"depthgauge.stages.{each}" for each in STAGES), *LIBRARIES):
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def answer(request):
    """Run one command in a child; return what became of it."""
    with tempfile.TemporaryDirectory() as scratch:
        child = os.fork()
        if child == 0:
            run(request, Path(scratch))
        _, status = os.waitpid(child, 0)
        out, err = (Path(scratch, name).read_text(errors="replace") for name in ("out", "err"))
        passed = Path(scratch, "passed")
        return {
            "code": os.waitstatus_to_exitcode(status),
            "out": out,
            "err": err,
            "passed": json.loads(passed.read_text()) if passed.exists() else {},
        }


def run(request, scratch):
    """The child: run the command as the console script would, and end."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    for number, name in ((1, "out"), (2, "err")):
        handle = os.open(scratch / name, os.O_WRONLY | os.O_CREAT)
        os.dup2(handle, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    os.chdir(request["folder"])
    os.environ.update(request.get("environment", {}))
    code = 70
    try:
        for module, function in request.get("before", []):
            getattr(importlib.import_module(module), function)()
        from fuses import POINTS, arm

        fuse = request.get("fuse")
        passed = {} if fuse else {point: arm(point, at=0) for point in POINTS}
        if fuse:
            arm(**fuse)
        from depthgauge.stages.main import main as depthgauge

        try:
            depthgauge(request["words"])
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        Path(scratch, "passed").write_text(
            json.dumps({point: count[0] for point, count in passed.items()})
        )
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
