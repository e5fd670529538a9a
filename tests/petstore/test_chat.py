from collections.abc import Callable

import pytest

from mockstore.model import Json
from mockstore.petstore.chat import criteria_in
from mockstore.petstore.documents import check
from mockstore.petstore.errors import ValidationError
from mockstore.petstore.shop import Shop


def asked(question: str, **more: Json) -> dict[str, Json]:
    return {"messages": [{"role": "USER", "content": question}], **more}


@pytest.mark.parametrize(
    ("question", "criteria"),
    [
        pytest.param("Hello!", {}, id="nothing"),
        pytest.param("Do you have DOGS?", {"species": ["DOG"]}, id="species"),
        pytest.param("A kitten or two bunnies", {"species": ["CAT", "RABBIT"]}, id="two species"),
        pytest.param("something small", {"size": ["SMALL"]}, id="size"),
        pytest.param(
            "a big cat for my kids",
            {"species": ["CAT"], "size": ["LARGE"], "compatibility": {"goodWithKids": True}},
            id="all",
        ),
        pytest.param("catalogue, dogma", {}, id="words that only begin alike"),
    ],
)
def test_a_question_is_read_for_what_it_asks(question: str, criteria: dict[str, Json]) -> None:
    assert criteria_in(question) == criteria


@pytest.mark.parametrize(("model", "most"), [("PET_ADVISOR_1", 3), ("PET_ADVISOR_TURBO", 5)])
def test_the_adviser_tells_of_pets_that_there_are(shop: Shop, model: str, most: int) -> None:
    answer = shop.chat.complete(asked("Which dogs are good with children?", model=model))

    text = answer["choices"][0]["message"]["content"]
    fitting = shop.pets.find({"species": "DOG", "goodWithKids": True, "limit": 100})
    described = [pet for pet in fitting["data"] if pet["id"] in text]
    assert check("chat-completion", answer) == []
    assert text.startswith(f"{fitting['pagination']['totalItems']} pets fit. ")
    assert len(described) == most
    assert all(f"{pet['name']} ({pet['breed']}, {pet['ageMonths']} months" in text for pet in described)
    assert answer["model"] == model


def test_the_adviser_counts_what_was_used(shop: Shop) -> None:
    answer = shop.chat.complete(
        {"messages": [{"role": "SYSTEM", "content": "Be kind."}, {"role": "USER", "content": "Hi"}]}
    )

    usage = answer["usage"]
    assert usage["promptTokens"] == 4
    assert usage["completionTokens"] > 10
    assert usage["totalTokens"] == usage["promptTokens"] + usage["completionTokens"]


def test_the_adviser_answers_the_last_question(shop: Shop) -> None:
    messages = [
        {"role": "USER", "content": "Any cats?"},
        {"role": "ASSISTANT", "content": "Yes, cats."},
        {"role": "USER", "content": "And tortoises?"},
    ]

    answer = shop.chat.complete({"messages": messages})

    pets = shop.pets.find({"species": "REPTILE", "limit": 100})["pagination"]["totalItems"]
    assert answer["choices"][0]["message"]["content"].startswith(f"{pets} pets fit. ")


def test_the_adviser_asks_back_when_nothing_was_asked(shop: Shop) -> None:
    answer = shop.chat.complete({"messages": [{"role": "ASSISTANT", "content": "dogs?"}]})

    assert "Tell me the species and size" in answer["choices"][0]["message"]["content"]


def test_the_adviser_says_when_there_is_none(shop: Shop) -> None:
    for pet in shop.pets.find({"species": "BIRD", "limit": 100})["data"]:
        shop.pets.remove(pet["id"])

    answer = shop.chat.complete(asked("a parrot, please"))

    assert answer["choices"][0]["message"]["content"].startswith("No pet like that is available")


def test_a_short_answer_is_cut_and_says_so(shop: Shop) -> None:
    answer = shop.chat.complete(asked("Hi", maxTokens=2))

    assert answer["choices"][0] == {
        "index": 0,
        "message": {"role": "assistant", "content": "We have"},
        "finishReason": "length",
    }


@pytest.mark.parametrize("more", [{}, {"maxTokens": 5}, {"model": "PET_ADVISOR_TURBO"}], ids=["whole", "cut", "turbo"])
def test_the_pieces_of_a_stream_make_the_whole_answer(make_shop: Callable[..., Shop], more: dict[str, Json]) -> None:
    whole = make_shop().chat.complete(asked("small cats", **more))

    pieces = list(make_shop().chat.stream(asked("small cats", **more)))

    text = "".join(piece["choices"][0]["delta"].get("content", "") for piece in pieces)
    assert [mistake for piece in pieces for mistake in check("chat-chunk", piece)] == []
    assert text == whole["choices"][0]["message"]["content"]
    assert {piece["id"] for piece in pieces} == {whole["id"]}
    assert [piece["choices"][0]["delta"].get("role") for piece in pieces[:2]] == ["assistant", None]
    assert pieces[-1]["usage"] == whole["usage"]
    assert [piece["choices"][0]["finishReason"] for piece in pieces[-2:]] == [None, whole["choices"][0]["finishReason"]]


@pytest.mark.parametrize("verb", ["complete", "stream"])
def test_a_bad_question_is_refused_before_anything_is_answered(shop: Shop, verb: str) -> None:
    with pytest.raises(ValidationError, match="messages is required"):
        getattr(shop.chat, verb)({"stream": True})
