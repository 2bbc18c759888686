import subprocess
import sys
import time

import psutil
import pytest

from depthgauge.tracking import process
from depthgauge.tracking.process import (
    PROCESS,
    host,
    is_gone,
    mark_killed,
    process_tags,
    started,
)
from depthgauge.tracking.runs import start_run, start_sweep
from depthgauge.tracking.sweep import sweep_of


@pytest.fixture
def sleeper():
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def since(pid):
    return started(psutil.Process(pid))


def tag_of(pid):
    return f"{host()} {pid} {since(pid)}"


def this_process():
    """The number and the start of this process, as its own tag has them."""
    name, pid, start = process_tags()[PROCESS].rsplit(" ", 2)
    assert name == host()
    return int(pid), float(start)


def test_a_process_is_gone_when_killed(sleeper):
    """Alive, then a zombie nobody has waited for, then no process at all."""
    start = since(sleeper.pid)
    assert not is_gone(sleeper.pid, start)
    sleeper.kill()
    deadline = time.monotonic() + 10
    while psutil.Process(sleeper.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
    assert is_gone(sleeper.pid, start)
    sleeper.wait()
    assert is_gone(sleeper.pid, start)


def test_a_number_given_out_again_is_another_process(sleeper):
    """A process of the same number that started at another time is not ours."""
    assert is_gone(sleeper.pid, since(sleeper.pid) - 60)


def test_runs_of_killed_processes_are_marked(store, make_record, sleeper):
    """On the next start: those of a dead process here are KILLED, not the living or the distant."""
    runs = start_sweep(store, sweep_of([make_record(layers).attrs for layers in (2, 3, 4)]))
    here, living, distant = runs.children.values()
    for run_id in (here, distant):
        start_run(store, run_id)
        store.client.set_tag(run_id, PROCESS, tag_of(sleeper.pid))
    far = tag_of(sleeper.pid).replace(host(), "another-node")
    store.client.set_tag(distant, PROCESS, far)
    sleeper.kill()
    sleeper.wait()
    mark_killed(store)
    status = {each: store.client.get_run(each).info.status for each in runs.children.values()}
    assert status == {here: "KILLED", living: "SCHEDULED", distant: "RUNNING"}


def test_runs_of_another_container_are_left_alone(store, make_record, sleeper, monkeypatch):
    """On the same machine and under the same host name, but with its own process ids."""
    monkeypatch.setattr(process.Path, "readlink", lambda _: "pid:[4026532999]")
    runs = start_sweep(store, sweep_of([make_record().attrs]))
    [run_id] = runs.children.values()
    start_run(store, run_id)
    store.client.set_tag(run_id, PROCESS, tag_of(sleeper.pid))
    sleeper.kill()
    sleeper.wait()
    monkeypatch.setattr(process.Path, "readlink", lambda _: "pid:[4026532111]")
    mark_killed(store)
    assert store.client.get_run(run_id).info.status == "RUNNING"
    monkeypatch.setattr(process.Path, "readlink", lambda _: "pid:[4026532999]")
    mark_killed(store)
    assert store.client.get_run(run_id).info.status == "KILLED"


def test_a_clock_that_is_set_back_kills_nobody(monkeypatch):
    """The system's clock, and so the time at which it started, is corrected by an hour."""
    pid, start = this_process()
    boot, born = psutil.boot_time(), psutil.Process().create_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: boot - 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: born - 3600)
    assert not is_gone(pid, start)


def test_this_process_is_alive():
    """The tag of the process that asks names a living one."""
    assert not is_gone(*this_process())
