"""A data remote on an S3-compatible server: what one has computed, nobody computes again."""

import json

import pytest

from projects import put_under_dvc

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
NOWHERE = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}


@pytest.fixture
def s3():
    """Return the address of a local S3 server with a bucket `team`."""
    boto3 = pytest.importorskip("boto3", reason="dvc-s3 is not installed (the extra `team`)")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    client = boto3.client(
        "s3", endpoint_url=address, region_name="us-east-1",
        aws_access_key_id="a", aws_secret_access_key="b",
    )  # fmt: skip
    client.create_bucket(Bucket="team")
    yield address
    server.stop()


@pytest.fixture
def run(done):
    """Run a line in a shell that must end well; return all it printed."""

    def line(folder, text, **environment):
        commit = {f"GIT_{who}_NAME": "a" for who in ("AUTHOR", "COMMITTER")}
        commit |= {f"GIT_{who}_EMAIL": "a@b" for who in ("AUTHOR", "COMMITTER")}
        code, out, err = done(folder, ["bash", "-c", text], **commit, **KEYS, **environment)
        assert code == 0, out + err
        return out + err

    return line


@pytest.mark.slow
@pytest.mark.alone
def test_a_colleague_computes_nothing(s3, project, tmp_path, run, done):
    """Pushed by one; by another `repro --pull`, or pull and repro: no stage runs, same bytes."""
    put_under_dvc(project, "nielsen_neuron_bars", "seeds=6", "replicas=6")
    run(
        project,
        "dvc remote add -q --default team s3://team/depthgauge"
        f" && dvc remote modify team endpointurl {s3} && dvc remote modify team region us-east-1",
    )
    assert "Running stage 'train'" in run(project, "dvc repro")
    run(project, "git add -A && git commit -qm done && dvc push -q")
    for name, line in {"repro": "dvc repro --pull", "pull": "dvc pull -q && dvc repro"}.items():
        printed = run(tmp_path, f"git clone -q project {name} && cd {name} && {line}")
        assert "Running stage" not in printed and "up to date" in printed
        for path in ("build/nielsen_neuron_bars/000.safetensors", "results/claims.json"):
            assert (tmp_path / name / path).read_bytes() == (project / path).read_bytes()
        assert not (tmp_path / name / ".cells").exists()
        assert json.loads((tmp_path / name / "results/claims.json").read_text())
    code, _, err = done(tmp_path / "pull", ["dvc", "push"], **NOWHERE)
    assert (code, "Unable to locate credentials" in err) == (255, True), err
