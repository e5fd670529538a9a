"""Precedence of settings: marks, then `mockstore_config`, then ini settings and command line."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin.conftest import Run

KEYWORDS = (
    "seed, clock, start, strict, raise_errors, provider, schedule, timeout, signatures, signature_time, "
    "retry_after, schemas, require_https, factory, scenario"
)


def test_the_mark_nearest_to_the_test_wins(run: "Run") -> None:
    result = run("""
import pytest

pytestmark = [pytest.mark.mockstore(timeout=1, schedule=[1], strict=False), pytest.mark.mockstore(strict=False)]


def rules(mockstore):
    waits = [wait.total_seconds() for wait in mockstore.provider.schedule.waits]
    return mockstore.provider.timeout.total_seconds(), waits, mockstore.options.strict


@pytest.fixture(scope="module")
def mockstore_config():
    return {"timeout": 9, "schedule": [9], "raise_errors": False, "seed": 9}


def test_module_over_config(mockstore):
    assert rules(mockstore) == (1, [1], False)
    assert not mockstore.options.raise_errors


@pytest.mark.mockstore(timeout=2, schedule=[2])
class TestClass:
    def test_class_over_module(self, mockstore):
        assert rules(mockstore) == (2, [2], False)

    @pytest.mark.mockstore(timeout=3)
    def test_function_over_class(self, mockstore):
        assert rules(mockstore) == (3, [2], False)


@pytest.mark.mockstore(timeout=2, schedule=[2])
class Base: ...


class TestHeir(Base):
    pytestmark = pytest.mark.mockstore(schedule=[4])

    def test_class_over_its_base(self, mockstore):
        assert rules(mockstore) == (2, [4], False)


@pytest.mark.mockstore(timeout=5)
@pytest.mark.parametrize("wanted", [pytest.param(6, marks=pytest.mark.mockstore(timeout=6)), 5])
def test_case_over_function(mockstore, wanted):
    assert rules(mockstore)[0] == wanted
""")

    result.assert_outcomes(passed=6)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        pytest.param(
            "import pytest\n\n@pytest.mark.mockstore(\n    clock='virtual',\n    strikt=False,\n)\n"
            "def test_it(mockstore): ...\n",
            "test_shop.py:5: @pytest.mark.mockstore(clock='virtual', strikt=False): unknown keyword 'strikt': did you "
            f"mean 'strict' or 'start'? known keywords: {KEYWORDS}",
            id="on a function",
        ),
        pytest.param(
            "import pytest\n\n@pytest.mark.mockstore(sead=1)\nclass TestIt:\n    def test_it(self, mockstore): ...\n",
            "test_shop.py:3: @pytest.mark.mockstore(sead=1): unknown keyword 'sead': did you mean 'seed'? known "
            f"keywords: {KEYWORDS}",
            id="on a class",
        ),
        pytest.param(
            "import pytest\n\nother = pytest.mark.mockstore(seed=1)\npytestmark = pytest.mark.mockstore(qqq=1)\n\n"
            "def test_it(mockstore): ...\n",
            f"test_shop.py:4: @pytest.mark.mockstore(qqq=1): unknown keyword 'qqq': known keywords: {KEYWORDS}",
            id="on a module",
        ),
        pytest.param(
            "import pytest\n\n@pytest.mark.mockstore(False)\ndef test_it(mockstore): ...\n",
            f"test_shop.py:3: @pytest.mark.mockstore(False): it takes keywords only: {KEYWORDS}",
            id="without a keyword",
        ),
        pytest.param(
            "import pytest\n\n@pytest.mark.mockstore(clock='vrtual')\ndef test_it(mockstore): ...\n",
            "test_shop.py:3: @pytest.mark.mockstore(clock='vrtual'): unknown clock 'vrtual'; known clocks: virtual, "
            "travel, system",
            id="a value that is not allowed",
        ),
        pytest.param(
            "import pytest\n\n@pytest.fixture(autouse=True)\ndef late(request):\n"
            "    request.applymarker(pytest.mark.mockstore(sead=1))\n\ndef test_it(late, mockstore): ...\n",
            "test_shop.py:5: @pytest.mark.mockstore(sead=1): unknown keyword 'sead': did you mean 'seed'? known "
            f"keywords: {KEYWORDS}",
            id="set while running",
        ),
        pytest.param(
            "import pytest\n\n@pytest.fixture\ndef mockstore_config():\n    return {'sead': 1}\n\n"
            "def test_it(mockstore): ...\n",
            f"the fixture mockstore_config: unknown keyword 'sead': did you mean 'seed'? known keywords: {KEYWORDS}",
            id="in the configuration",
        ),
    ],
)
def test_a_wrong_keyword_fails_at_the_line_that_says_it(run: "Run", source: str, text: str) -> None:
    result = run(source)

    result.assert_outcomes(errors=1)
    assert text in result.outlines


FIRST = """
def test_first(mockstore, mockstore_seed):
    print("seed", mockstore_seed, mockstore.emit("pet.adopted").body.decode())
"""


def _printed(result: pytest.RunResult) -> str:
    return next(line for line in result.outlines if line.startswith("seed"))


@pytest.mark.parametrize(
    ("args", "ini", "seed"),
    [
        pytest.param([], "", 0, id="none given"),
        pytest.param([], "mockstore_seed = 7", 7, id="ini"),
        pytest.param(["--mockstore-seed=8"], "mockstore_seed = 7", 8, id="option over ini"),
        pytest.param(["--mockstore-seed=0"], "mockstore_seed = 7", 0, id="option of zero"),
    ],
)
def test_the_seed_comes_from_the_option_or_the_ini_file(run: "Run", args: list[str], ini: str, seed: int) -> None:
    first, second = (_printed(run(FIRST, "-s", "-q", *args, ini=ini)) for _ in range(2))

    assert first.startswith(f"seed {seed} ")
    assert first == second


def test_another_seed_makes_other_events(run: "Run") -> None:
    texts = {_printed(run(FIRST, "-s", "-q", f"--mockstore-seed={seed}")).split(" ", 2)[2] for seed in (1, 2, 3)}

    assert len(texts) == 3


def test_a_bad_seed_is_refused_before_anything_runs(run: "Run") -> None:
    result = run(FIRST, "--mockstore-seed=many")

    assert result.ret is pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*argument --mockstore-seed: invalid int value: 'many'"])


def test_a_seed_of_the_users_own_replaces_ours(run: "Run") -> None:
    result = run("""
import pytest


@pytest.fixture
def mockstore_seed(request):
    return {"test_a": 5, "test_b": 5, "test_c": None}[request.node.name]  # None: another one every time


seen = {}


def test_a(mockstore):
    seen["a"] = mockstore.emit("pet.adopted").body


def test_b(mockstore):
    assert mockstore.emit("pet.adopted").body == seen["a"]


def test_c(mockstore):
    assert mockstore.emit("pet.adopted").body != seen["a"]
""")

    result.assert_outcomes(passed=3)


FAILING = """
def test_it(mockstore):
    mockstore.subscribe(lambda outgoing: 500)
    mockstore.emit("pet.adopted")
"""


@pytest.mark.parametrize(
    ("ini", "mark", "failed"),
    [
        pytest.param("", "", 1, id="strict unless said otherwise"),
        pytest.param("mockstore_strict = false", "", 0, id="ini"),
        pytest.param("mockstore_strict = false", "strict=True", 1, id="mark over ini"),
        pytest.param("", "strict=False", 0, id="mark"),
    ],
)
def test_strictness_is_chosen_for_the_project_or_the_test(run: "Run", ini: str, mark: str, failed: int) -> None:
    result = run(f"import pytest\n\n@pytest.mark.mockstore({mark})\n" + FAILING.lstrip(), ini=ini)

    result.assert_outcomes(failed=failed, passed=1 - failed)


OWN_SCHEMA = """{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {"data": {"type": "object", "required": ["vet"], "properties": {"vet": {"type": "string"}}}},
  "examples": [{
    "id": "019b4132-70aa-764f-b315-e2803d882a24", "eventType": "pet.vaccinated",
    "timestamp": "2025-01-06T12:00:00Z", "data": {"vet": "Dr Hill"}
  }]
}"""


def test_event_schemas_of_the_users_own_are_known_everywhere(
    run: "Run", write: "Callable[[str, str], None]", pytester: pytest.Pytester
) -> None:
    write("events/pet.vaccinated.json", OWN_SCHEMA)
    write("sub/.keep", "")

    result = run(
        """
import pytest


def test_emitted_and_captured(mockstore, mockstore_inbox, mockstore_factory):
    event = mockstore.emit("pet.vaccinated", {"vet": "Dr Dale"})
    mockstore_inbox.one("pet.vaccinated", {"vet": "Dr Dale"}).assert_valid()
    assert mockstore.factory is mockstore_factory
    assert "pet.vaccinated" in mockstore_factory.catalogue.types


def test_checked(mockstore):
    with pytest.raises(Exception, match="data.vet"):
        mockstore.emit("pet.vaccinated", {"vet": 5})
""",
        "--rootdir",
        str(pytester.path),
        ini="mockstore_schemas = events",
    )

    result.assert_outcomes(passed=2)


def test_a_folder_of_schemas_that_is_not_there_is_named(run: "Run") -> None:
    result = run("def test_it(mockstore): ...", ini="mockstore_schemas = nowhere")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*nowhere: there is no such folder; *"])


def test_the_factory_is_one_for_the_session(run: "Run") -> None:
    result = run("""
seen = []


def test_a(mockstore, mockstore_factory):
    seen.append(mockstore_factory)
    assert mockstore.factory is mockstore_factory


def test_b(mockstore, mockstore_factory):
    assert seen == [mockstore_factory]
    assert mockstore.factory is seen[0]
""")

    result.assert_outcomes(passed=2)


def test_the_fixtures_are_documented(run: "Run") -> None:
    result = run("", "--fixtures", "-q")

    shown = "\n".join(result.outlines)
    for name in ("mockstore", "mockstore_inbox", "mockstore_factory", "mockstore_config", "mockstore_seed"):
        assert f"\n{name}" in shown
    result.stdout.fnmatch_lines(["*Yield a new Petstore that delivers signed webhook events to your app in process*"])
    result.stdout.no_fnmatch_line("*no docstring available*mockstore*")


def test_the_mark_is_declared(run: "Run") -> None:
    result = run("", "--markers")

    result.stdout.fnmatch_lines(["@pytest.mark.mockstore(*keywords): set up the mockstore fixture otherwise*"])
