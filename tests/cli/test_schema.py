import json
from collections.abc import Callable

import pytest
from click.testing import Result

from mockstore.events import petstore_catalogue

Run = Callable[..., Result]

TYPES = petstore_catalogue().types


@pytest.mark.parametrize("arguments", [["schema"], ["schema", "--list"], ["schema", "pet.adopted", "--list"]], ids=str)
def test_the_types_are_listed(arguments: list[str], run: Run) -> None:
    assert run(*arguments).stdout.split() == list(TYPES)


def test_the_types_are_listed_as_json(run: Run) -> None:
    assert json.loads(run("schema", "--json").stdout) == {"types": list(TYPES)}


@pytest.mark.parametrize("name", TYPES)
def test_a_schema_and_its_example_are_printed(name: str, run: Run) -> None:
    catalogue = petstore_catalogue()

    assert json.loads(run("schema", name).stdout) == catalogue.schema(name)
    assert json.loads(run("schema", name, "--example").stdout) == catalogue.example(name)


def test_an_unknown_type_gets_the_nearest(run: Run) -> None:
    result = run("schema", "pet.adoptd")

    assert result.exit_code == 2
    assert result.stderr == (
        "mockstore: unknown event type 'pet.adoptd': did you mean 'pet.adopted' or 'payment.failed'? "
        f"known types: {', '.join(TYPES)}\n"
    )
