"""A process that has imported everything, and forks one child for each command it is sent.

Starting Python with torch, Lightning, MLflow and Hydra takes seconds; a fork takes milliseconds.
Reads a JSON list of commands a line, which run at the same time. Each has words, folder, and maybe
environment, before (functions to call), limit (bytes of a file) and fuse. Answers with a list:
code, out, err and, where no fuse is given, how often each of its points was passed.
"""

import contextlib
import importlib
import json
import os
import resource
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
    for name in (*(f"depthgauge.cli.{each}" for each in STAGES), *LIBRARIES):
        importlib.import_module(name)
    print("ready", flush=True)
    for line in sys.stdin:
        requests = json.loads(line)
        running = [start(each) for each in requests]
        print(json.dumps([answer(*each) for each in running]), flush=True)


def start(request):
    """Fork a child that runs one command; return its number and the folder it reports in."""
    scratch = tempfile.TemporaryDirectory()
    child = os.fork()
    if child == 0:
        run(request, Path(scratch.name))
    return child, scratch


def answer(child, temporary):
    """Wait for a child; return what became of it."""
    with temporary as scratch:
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
        if "limit" in request:
            resource.setrlimit(resource.RLIMIT_FSIZE, (request["limit"], resource.RLIM_INFINITY))
        from fuses import POINTS, arm

        fuse = request.get("fuse")
        passed = {} if fuse else {point: arm(point, at=0) for point in POINTS}
        if fuse:
            arm(**fuse)
        from depthgauge.cli.main import main as depthgauge

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
