"""docs/team.md and the files beside it: what they name exists, and no secret is in them."""

import configparser
import re
import shlex
from pathlib import Path

import pytest
import yaml

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "team.md").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((DOCS / "team" / "compose.yaml").read_text(encoding="utf-8"))
SERVICE = COMPOSE["services"]["tracking"]


def options(words):
    return [word[2:].partition("=")[0] for word in words if word.startswith("--")]


def test_images_are_pinned():
    """To a version, not to whatever is newest; MLflow and its driver by constraints.txt."""
    build = SERVICE["build"]["dockerfile_inline"]
    images = [each["image"] for each in COMPOSE["services"].values() if "image" in each]
    for image in [*images, *re.findall(r"^FROM (\S+)$", build, re.MULTILINE)]:
        assert re.search(r":\d+\.\d+", image), image
    assert "-c /constraints.txt" in build
    assert (DOCS / "team" / SERVICE["build"]["context"] / "constraints.txt").is_file()


def test_secrets_come_from_outside():
    """Each is a variable that must be set, by a name that the page writes into .env."""
    text = (DOCS / "team" / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert set(re.findall(r"\$\{(\w+):\?\}", text)) == asked
    for service in COMPOSE["services"].values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|SECRET", name) or value.startswith("${")
    assert all(name in PAGE.split("### Without containers")[0] for name in asked)
    assert (DOCS.parent / ".gitignore").read_text().count("/docs/team/.env\n") == 1


def test_volumes_and_dependencies_exist():
    """What a service mounts or waits for is declared, or lies beside the file."""
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or (DOCS / "team" / source).is_file()
        assert set(service.get("depends_on", [])) <= set(COMPOSE["services"])


@pytest.mark.filterwarnings("ignore:.*Any type hint")  # from MLflow's command line
def test_mlflow_knows_what_the_server_is_given():
    """Options of the compose file and of the page; the page's are the compose file's."""
    from mlflow.cli import server

    known = {name.lstrip("-") for option in server.params for name in option.opts}
    given = options(SERVICE["command"])
    assert set(given) <= known
    line = PAGE.split("bin/mlflow server ")[1].partition("```")[0]
    assert sorted(options(shlex.split(line.replace("\\\n", " ")))) == sorted(given)


def test_mlflow_reads_the_settings_of_its_users(monkeypatch):
    """By its own reader; the administrator's password is not among them."""
    config = pytest.importorskip("mlflow.server.auth.config", reason="no mlflow[auth]")
    monkeypatch.setenv("MLFLOW_AUTH_CONFIG_PATH", str(DOCS / "team" / "auth.ini"))
    monkeypatch.delenv("MLFLOW_AUTH_ADMIN_PASSWORD", raising=False)
    found = config.read_auth_config()
    assert (found.default_permission, found.admin_username) == ("MANAGE", "admin")
    assert found.admin_password is None and found.auth_cache_ttl_seconds == 60
    assert found.database_uri == "postgresql+psycopg2:///"
    parser = configparser.ConfigParser()
    parser.read(DOCS / "team" / "auth.ini")
    assert set(parser["mlflow"]) <= set(found._fields)


def test_dvc_knows_what_a_remote_is_given():
    """Each `dvc remote modify` of the page, by DVC's own schema for S3."""
    from dvc.config_schema import REMOTE_SCHEMAS

    given = re.findall(r"dvc remote modify (?:--local )?team (\w+)", PAGE)
    assert len(given) == 4
    assert set(given) <= {str(key) for key in REMOTE_SCHEMAS["s3"]}
