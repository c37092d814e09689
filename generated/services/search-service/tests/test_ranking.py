"""Words, queries and BM25, against numbers worked out by hand."""

from __future__ import annotations

import math
from uuid import UUID

import pytest
from cloudsync_chassis.problem import Problem
from search_service.bm25 import Index
from search_service.queries import parse
from search_service.words import stem, tokens

WEIGHTS = {"heading": 4.0, "content": 1.0, "keywords": 1.5}


def built(*contents: str, language: str = "en") -> Index:
    index = Index()
    for n, content in enumerate(contents):
        index.put(UUID(int=n), language, {"content": content})
    return index


def places(index: Index, q: str) -> list[int]:
    found = index.search(parse(q), {})
    best = sorted(found, key=lambda key: -found[key].text_score(WEIGHTS))
    return [key.int for key in best]


def test_scores_are_those_of_the_formula() -> None:
    index = built("apple apple pear", "apple", "plum plum plum plum")
    found = index.search(parse("apple"), {})
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    average = (3 + 1 + 4) / 3
    twice = idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / average))
    once = idf * 1 * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 1 / average))
    assert found[UUID(int=0)].text_score(WEIGHTS) == pytest.approx(twice)
    assert found[UUID(int=1)].text_score(WEIGHTS) == pytest.approx(once)
    assert UUID(int=2) not in found


def test_rare_words_count_more_than_frequent_ones() -> None:
    index = built("report budget", "report", "report", "report unicorn")
    scores = index.search(parse("report"), {})
    rare = index.search(parse("unicorn"), {})[UUID(int=3)].text_score(WEIGHTS)
    assert rare > scores[UUID(int=3)].text_score(WEIGHTS)


def test_what_was_replaced_or_dropped_is_not_found() -> None:
    index = built("old words", "old things")
    index.put(UUID(int=0), "en", {"content": "new words"})
    assert places(index, "old") == [1]
    index.drop(UUID(int=1))
    assert places(index, "old") == []
    assert places(index, "new") == [0]
    assert len(index) == 1


def test_all_words_phrases_exclusions_and_beginnings() -> None:
    index = built("annual sales report", "report of annual sales", "sales forecast")
    assert sorted(places(index, "annual report")) == [0, 1]
    assert places(index, '"annual sales report"') == [0]
    assert sorted(places(index, '"annual sales"')) == [0, 1]
    assert places(index, "sales -report") == [2]
    assert places(index, "fore*") == [2]
    assert places(index, "nothing") == []


@pytest.mark.parametrize(
    ("q", "slug"),
    [
        ('an "open quote', "query-syntax"),
        ("*word", "query-syntax"),
        ("-only -this", "query-syntax"),
        ("a*", "query-too-costly"),
        (" ".join(f"w{n}" for n in range(33)), "query-too-costly"),
    ],
)
def test_queries_are_refused(q: str, slug: str) -> None:
    with pytest.raises(Problem) as refused:
        parse(q)
    assert refused.value.kind.slug == slug


def test_too_many_completions_are_too_costly() -> None:
    index = built(" ".join(f"word{n}" for n in range(300)))
    with pytest.raises(Problem) as refused:
        index.search(parse("word*"), {})
    assert refused.value.kind.slug == "query-too-costly"


@pytest.mark.parametrize(
    ("language", "word", "same"),
    [
        ("en", "Policies", "policy"),
        ("en", "boxes", "box"),
        ("en", "class", "CLASS"),
        ("de", "Verträge", "Vertrag"),
        ("de", "Büros", "Büro"),
        ("fr", "Journaux", "journaux"),
        ("und", "Café", "cafe"),
    ],
)
def test_plurals_find_singulars(language: str, word: str, same: str) -> None:
    assert stem(word, language) == stem(same, language)


def test_writing_without_spaces_is_cut_into_pairs() -> None:
    assert [each.term for each in tokens("東京都 2026", "ja")] == ["東京", "京都", "2026"]
    index = built("東京都の報告", language="ja")
    assert places(index, "京都") == [0]
    assert places(index, "大阪") == []


def test_synonyms_count_less_than_the_word() -> None:
    index = built("car park", "automobile park")
    found = index.search(parse("car"), {"en": {"car": ("automobile",)}})
    word, other = (found[UUID(int=n)].text_score(WEIGHTS) for n in (0, 1))
    assert other == pytest.approx(0.8 * word)
