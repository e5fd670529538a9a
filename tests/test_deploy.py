"""The files for containers and CI name settings, files, commands and options that exist."""

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from mockstore.cli.app import mockstore as root
from mockstore.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()
WORKFLOW = (DEPLOY / "github-actions.yml").read_text()


def variables_set() -> Iterator[tuple[str, str]]:
    """Yield the name and value of every environment variable that the files set for the server."""
    yield from re.findall(r"(MOCKSTORE_[A-Z_]+)=(\S+)", CONTAINERFILE)
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    yield from compose["services"]["mockstore"]["environment"].items()
    yield from yaml.safe_load(WORKFLOW)["jobs"]["as-a-service"]["services"]["mockstore"]["env"].items()


@pytest.mark.parametrize(("name", "value"), sorted(set(variables_set())), ids=lambda part: part)
def test_every_variable_is_a_setting_with_a_value_that_it_takes(name: str, value: str) -> None:
    plain = re.sub(r"\$\{.*\}", "token", value)

    assert isinstance(Settings.from_environment({name: plain}), Settings)


def test_the_files_that_compose_names_are_there() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]

    build = services["mockstore"]["build"]
    (volume,) = services["consumer"]["volumes"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    assert (DEPLOY / volume.split(":")[0] / "server.mjs").is_file()
    assert set(services["mockstore"]["depends_on"]) <= set(services)


def test_the_webhook_in_the_compose_file_goes_to_a_service_that_listens_there() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]

    (url,) = [urlsplit(one) for one in re.findall(r"webhooks add (\S+)", text)]
    listens = services[str(url.hostname)]["environment"]
    assert (ip_address(listens["HOST"]).is_unspecified, listens["PORT"]) == (True, str(url.port))
    assert not [
        name for name, service in services.items() if "network_mode" in service
    ]  # a network that is shared by it is lost at a restart


def test_the_image_runs_a_command_that_exists_and_asks_for_a_health_that_exists() -> None:
    commands: list[list[str]] = [json.loads(one) for one in re.findall(r"(?:CMD|RUN) (\[.*\])", CONTAINERFILE)]

    assert ["mockstore", "serve"] in commands
    assert root.get_command(None, "serve") is not None  # type: ignore[arg-type]  # it needs no context
    (probe,) = [one[-1] for one in commands if "-c" in one]
    compile(probe, "probe", "exec")
    assert "/_mockstore/health" in probe


def test_the_workflow_uses_an_option_that_the_plugin_has(pytestconfig: pytest.Config) -> None:
    assert "--mockstore-url http" in WORKFLOW
    assert find_spec("pytest_mockstore") is not None
    assert pytestconfig.getoption("--mockstore-url", default="none") != "none"
