"""Fields of types that other services answer: for all objects of a request together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from bookshop import SERVICE, BookSettings
from cloudsync_chassis import propagation
from cloudsync_chassis.client.call import Call
from cloudsync_chassis.client.edges import Omitted
from cloudsync_chassis.client.errors import NoAnswerError
from cloudsync_chassis.graphql.endpoint import Endpoint
from cloudsync_chassis.graphql.fields import Fields
from cloudsync_chassis.graphql.spec import GraphqlSpec
from cloudsync_chassis.ids import uuid7
from cloudsync_chassis.runtime import Runtime
from cloudsync_chassis.testing import Running, running
from cloudsync_chassis.web.app import create_app

PATH = "/graphql/letters"
SDL = """
    scalar UUID
    type Card { userId: UUID! name: String! }
    type Box { id: UUID! }
    type Letter { authorId: UUID author: Card boxId: UUID box: Box }
    type Query { letters: [Letter!]! }
"""
BOTH = "{ letters { author { name } again: author { userId } box { id } } }"
CALL = Call(service="people", operation="findCards", method="POST", path="/")


class Wanted(BaseModel):
    """Whose cards are wanted."""

    user_ids: Annotated[list[UUID], Field(alias="userIds", max_length=3)]


@dataclass
class Others:
    """Other services, and what they were asked."""

    letters: list[dict[str, Any]] = field(default_factory=list)
    asked: list[list[UUID]] = field(default_factory=list)
    boxes: list[UUID] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    silent: bool = False

    async def list_letters(self) -> Any:
        """All letters."""
        return self.letters

    async def find_cards(self, body: Wanted) -> Any:
        """The cards that are known, in an order of its own."""
        self.asked.append(body.user_ids)
        self.tokens.add(propagation.acting_for.get())
        if self.silent:
            raise NoAnswerError(CALL, "timed out")
        known = [str(each) for each in reversed(body.user_ids) if str(each) not in self.strangers]
        return {"cards": [{"userId": each, "name": each[-4:]} for each in known]}

    async def get_box(self, box_id: UUID) -> Any:
        """One box."""
        self.boxes.append(box_id)
        return {"id": str(box_id)}


@dataclass
class Post:
    """A service with letters, whose authors and boxes others know."""

    others: Others
    started: Running

    async def ask(self, query: str = BOTH) -> Any:
        headers = self.started.caller("clerk").headers
        answer = await self.started.http.post(PATH, json={"query": query}, headers=headers)
        return answer.json()


@pytest.fixture
async def post(settings: BookSettings, tmp_path: Path) -> AsyncIterator[Post]:
    contract = tmp_path / "letters.graphql"
    contract.write_text(SDL)
    runtime, others = Runtime(SERVICE, settings), Others()
    fields = Fields(runtime, GraphqlSpec(path=PATH, contract=contract))
    fields.other("Query.letters", others.list_letters)
    cards = {"by": "authorId", "many": "userIds", "within": "cards", "key": "userId", "most": 3}
    fields.joined("Letter.author", Omitted(others.find_cards), cards)
    fields.joined("Letter.box", others.get_box, {"by": "boxId", "parameter": "box_id"})
    async with running(create_app(runtime, Endpoint(fields).router())) as started:
        yield Post(others, started)


def letters(authors: list[UUID | None], boxes: int = 2) -> list[dict[str, Any]]:
    shelf = [str(uuid7()) for _ in range(boxes)]
    return [
        {"authorId": str(each) if each else None, "boxId": shelf[number % boxes]}
        for number, each in enumerate(authors)
    ]


async def test_many_objects_cost_as_many_calls_as_the_callee_wants(post: Post) -> None:
    """Forty letters by five people in two boxes: two calls for people, two for boxes."""
    people = [uuid7() for _ in range(5)]
    post.others.letters = letters([people[n % 5] for n in range(40)])
    found = await post.ask()
    assert "errors" not in found
    told = found["data"]["letters"]
    assert [each["author"]["name"] for each in told] == [str(people[n % 5])[-4:] for n in range(40)]
    assert told[3]["again"] == {"userId": str(people[3])}
    assert sorted(map(len, post.others.asked)) == [2, 3]
    assert {each for call in post.others.asked for each in call} == {*people}
    assert len(post.others.boxes) == 2
    assert len(post.others.tokens) == 1
    assert None not in post.others.tokens, "others are asked as the caller"


async def test_nobody_is_asked_for_what_nobody_wants(post: Post) -> None:
    post.others.letters = letters([uuid7()] * 3)
    await post.ask("{ letters { authorId } }")
    assert (post.others.asked, post.others.boxes) == ([], [])


async def test_whoever_is_not_known_is_left_out(post: Post) -> None:
    known, stranger = uuid7(), uuid7()
    post.others.strangers = {str(stranger)}
    post.others.letters = letters([known, stranger, None])
    told = (await post.ask())["data"]["letters"]
    assert [each["author"] is not None for each in told] == [True, False, False]
    assert [len(each) for each in post.others.asked] == [2]


async def test_an_answer_goes_out_without_those_who_are_silent(post: Post) -> None:
    post.others.silent = True
    post.others.letters = letters([uuid7(), uuid7()])
    found = await post.ask("{ letters { author { name } authorId } }")
    assert [each["author"] for each in found["data"]["letters"]] == [None, None]
    assert found["extensions"] == {"degraded": ["people"]}
    assert "errors" not in found


def test_a_method_that_does_not_fit_is_seen_at_the_start(
    settings: BookSettings, tmp_path: Path
) -> None:
    contract = tmp_path / "letters.graphql"
    contract.write_text(SDL)
    fields = Fields(Runtime(SERVICE, settings), GraphqlSpec(path=PATH, contract=contract))
    for join in ({"by": "boxId", "parameter": "id"}, {"by": "boxId", "many": "ids"}):
        with pytest.raises(LookupError, match=r"Letter\.box: the method has no parameter"):
            fields.joined("Letter.box", Others().get_box, join)
