"""The pet adviser of the chat API. It answers by keywords, without a language model: same question, same answer."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from msgspec import Struct

from mockstore.model import Json, Payload
from mockstore.petstore import matching
from mockstore.petstore.context import ShopContext
from mockstore.petstore.documents import require_valid

_SPECIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "DOG": ("dog", "puppy", "puppie"),
        "CAT": ("cat", "kitten"),
        "RABBIT": ("rabbit", "bunny", "bunnie"),
        "BIRD": ("bird", "parrot", "canary"),
        "REPTILE": ("reptile", "lizard", "snake", "tortoise"),
        "OTHER": ("other", "hamster", "ferret"),
    }
)
_SIZES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"SMALL": ("small", "little"), "MEDIUM": ("medium",), "LARGE": ("large", "big")}
)
_CHILDREN = frozenset({"kid", "child", "children", "family", "familie", "baby", "toddler"})
_MAX_PETS: Mapping[str, int] = MappingProxyType({"PET_ADVISOR_1": 3, "PET_ADVISOR_TURBO": 5})
"""How many pets an answer describes at most, by model."""
_DEFAULT_MODEL = "PET_ADVISOR_1"
_WORD = re.compile(r"[a-z]+")
_TOKEN = re.compile(r"\s*(?:\w+|[^\w\s])")
_ALL_SPECIES = "dogs, cats, rabbits, birds, reptiles and others"


class Answer(Struct, frozen=True):
    """An answer of the adviser, not yet rendered as JSON."""

    id: str
    created: int
    """Seconds since 1970."""
    model: str
    pieces: tuple[str, ...]
    """The text, one token each."""
    finish_reason: str
    """`stop`, or `length` when `maxTokens` cut the text off."""
    prompt_tokens: int

    def head(self, object_: str) -> dict[str, Json]:
        """Return the members that a whole answer and a chunk have in common; `object_` is the value of `object`."""
        return {"id": self.id, "object": object_, "created": self.created, "model": self.model}

    def usage(self) -> dict[str, int]:
        """Return the member `usage`: the number of tokens of the question, of the answer and of both."""
        completion = len(self.pieces)
        return {
            "promptTokens": self.prompt_tokens,
            "completionTokens": completion,
            "totalTokens": self.prompt_tokens + completion,
        }


class Chat:
    """The adviser of one tenant's shop. Its methods raise `ValidationError` for an invalid request."""

    def __init__(self, context: ShopContext) -> None:
        self._context = context

    def complete(self, request: Payload) -> dict[str, Json]:
        """Return the whole answer (schema `chat-completion`) to a request (schema `chat-request`)."""
        answer = self._answer(request)
        message = {"role": "assistant", "content": "".join(answer.pieces)}
        choice = {"index": 0, "message": message, "finishReason": answer.finish_reason}
        return {**answer.head("chat.completion"), "choices": [choice], "usage": answer.usage()}

    def stream(self, request: Payload) -> Iterator[dict[str, Json]]:
        """Return the answer in chunks (schema `chat-chunk`); validate the request before the first chunk is read."""
        return _chunks(self._answer(request))

    def _answer(self, request: Payload) -> Answer:
        require_valid("chat-request", request)
        model = request.get("model", _DEFAULT_MODEL)
        contents = [message["content"] for message in request["messages"]]
        questions = [message["content"] for message in request["messages"] if message["role"] == "USER"]
        pieces = tuple(_TOKEN.findall(self._advice(questions[-1] if questions else "", _MAX_PETS[model])))
        most = int(request.get("maxTokens", len(pieces)))  # JSON may write 5 as 5.0
        return Answer(
            id=f"chatcmpl_{self._context.new_id().replace('-', '')}",
            created=int(self._context.now().timestamp()),
            model=model,
            pieces=pieces[:most],
            finish_reason="length" if most < len(pieces) else "stop",
            prompt_tokens=sum(len(_TOKEN.findall(text)) for text in contents),
        )

    def _advice(self, question: str, most: int) -> str:
        criteria = criteria_in(question)
        if not criteria:
            return f"We have {_ALL_SPECIES}. Tell me the species and size you like, and whether children live with you."
        pets = matching.filtered(self._context.resources("pet").everything(), {"status": ["AVAILABLE"], **criteria})
        if not pets:
            return "No pet like that is available today. Shall we try another species or size?"
        cheapest = matching.ordered(pets, {"field": "price"})[:most]
        count = "1 pet fits" if len(pets) == 1 else f"{len(pets)} pets fit"
        return f"{count}. {' '.join(map(_introduction, cheapest))} Place an order with the id of the one you like."


def criteria_in(question: str) -> dict[str, Json]:
    """Return the search criteria (as in `pet-query`) that `question` mentions by keyword; empty when it has none."""
    words = {word.removesuffix("s") for word in _WORD.findall(question.lower())}
    criteria: dict[str, Json] = {}
    for name, known in (("species", _SPECIES), ("size", _SIZES)):
        if meant := [value for value, named in known.items() if not words.isdisjoint(named)]:
            criteria[name] = meant
    if not _CHILDREN.isdisjoint(words):
        criteria["compatibility"] = {"goodWithKids": True}
    return criteria


def _introduction(pet: Payload) -> str:
    kind = pet.get("breed") or pet["species"].lower()
    return (
        f"{pet['name']} ({kind}, {pet['ageMonths']} months, {pet['price']} {pet['currency']}) has the id {pet['id']}."
    )


def _chunks(answer: Answer) -> Iterator[dict[str, Json]]:
    head = answer.head("chat.completion.chunk")
    role = {"role": "assistant"}
    for piece in answer.pieces:
        yield {**head, "choices": [{"index": 0, "delta": {**role, "content": piece}, "finishReason": None}]}
        role = {}
    last = {"index": 0, "delta": {}, "finishReason": answer.finish_reason}
    yield {**head, "choices": [last], "usage": answer.usage()}
