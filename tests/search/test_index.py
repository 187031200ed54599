"""The index itself, on both databases."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wxdesk.plumbing.search_index import WINDOW, Entry, SearchIndex, Wanted, openid_facet
from wxdesk.plumbing.search_text import contains, phrases_of

INDEX = SearchIndex("search_messages")
# Few characters, so that texts share them; a traditional one, a letter and digits among them.
WORDS = st.text("订單单号的了一12ab ,。", min_size=1, max_size=20)
CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1)


def put(runtime, *texts: str, facets: tuple[str, ...] = ()) -> None:
    with runtime.unit_of_work() as uow:
        entries = [Entry(number, text, facets) for number, text in enumerate(texts, 1)]
        INDEX.put_many(uow.session, entries)


def find(runtime, query: str, limit: int = 50, **wanted: object) -> list[int]:
    with runtime.reading() as session:
        return INDEX.find(session, Wanted(tuple(phrases_of(query)), **wanted), limit)


def test_words_of_every_length_are_found(runtime):
    put(runtime, "我的订单12345在哪里", "退款到账了吗", "Order 998 shipped", "單獨發貨")
    assert find(runtime, "订单") == [1]
    assert find(runtime, "订") == [1]
    assert find(runtime, "里") == [1]
    assert find(runtime, "在哪里") == [1]
    assert find(runtime, "退款到账") == [2]
    assert find(runtime, "ord") == [3]
    assert find(runtime, "ORDER 998") == [3]
    assert find(runtime, "12345") == find(runtime, "123") == find(runtime, "订单12345") == [1]
    assert find(runtime, "单独发货") == find(runtime, "單獨") == [4]
    assert find(runtime, "单订") == find(runtime, "rder") == find(runtime, "2345") == []


def test_the_newest_come_first_and_pages_follow(runtime):
    put(runtime, *["订单"] * 7)
    assert find(runtime, "订单", 3) == [7, 6, 5]
    assert find(runtime, "订单", 3, below=5) == [4, 3, 2]
    assert find(runtime, "订单", below=5, least=3) == [4, 3]


def test_rare_words_are_found_beyond_the_newest_rows(runtime):
    put(runtime, "琉璃茶盏", *["订单"] * (WINDOW + 10), "琉璃")
    assert find(runtime, "琉璃") == [WINDOW + 12, 1]
    assert find(runtime, "琉璃", below=WINDOW + 12) == [1]
    assert find(runtime, "琉璃", below=5) == [1]


def test_facets_narrow_what_is_found(runtime):
    with runtime.unit_of_work() as uow:
        for number, facets in enumerate([("c1", "a1"), ("c2", "a1"), ("c12", "a2")], 1):
            INDEX.put_many(uow.session, [Entry(number, "订单", facets)])
    assert find(runtime, "订单", facets=("c1",)) == [1]
    assert find(runtime, "订单", facets=("a1",)) == [2, 1]
    assert find(runtime, "订单", any_facet=("c2", "c12")) == [3, 2]
    assert find(runtime, "订单", facets=("a1",), any_facet=("c12",)) == []
    assert find(runtime, "c1") == []


def test_an_openid_is_found_by_its_beginning_in_any_case(runtime):
    facet = openid_facet("oWang_-abcDEF")
    with runtime.unit_of_work() as uow:
        INDEX.put_many(uow.session, [Entry(1, "王先生", (facet,)), Entry(2, "oWang", ())])
    for start in ("oWang", "OWANG_", "oWang_-abc", "oWang_-abcDEF"):
        found = find(
            runtime, start.replace("_", " ").replace("-", " "), or_facet=openid_facet(start)
        )
        assert 1 in found
    assert find(runtime, "", or_facet=openid_facet("oWang-_")) == []


def test_putting_again_replaces_and_removing_removes(runtime):
    put(runtime, "订单", "退款")
    put(runtime, "发票")
    assert find(runtime, "订单") == []
    assert find(runtime, "发票") == [1]
    with runtime.unit_of_work() as uow:
        INDEX.remove(uow.session, [2, 99])
        INDEX.remove(uow.session, [])
    assert find(runtime, "退款") == []


def test_everything_with_a_facet_is_removed(runtime):
    put(runtime, "订单", "退款", facets=("c7",))
    with runtime.unit_of_work() as uow:
        INDEX.put_many(uow.session, [Entry(9, "订单", ("c77",))])
        INDEX.remove_facet(uow.session, "c7")
    assert find(runtime, "订单") == [9]


def test_nothing_asked_finds_nothing(runtime):
    put(runtime, "订单")
    assert find(runtime, "") == find(runtime, "。,!") == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(WORDS, min_size=1, max_size=6), query=WORDS)
def test_exactly_what_contains_the_question_is_found(runtime, texts, query):
    with runtime.sessions() as session, session.begin() as transaction:
        INDEX.put_many(session, [Entry(number, text) for number, text in enumerate(texts, 1)])
        phrases = tuple(phrases_of(query))
        found = INDEX.find(session, Wanted(phrases), 50)
        transaction.rollback()
    wanted = [n for n, text in enumerate(texts, 1) if phrases and contains(text, phrases)]
    assert sorted(found) == wanted


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=CHINESE, data=st.data())
def test_every_part_of_a_stored_chinese_text_finds_it(runtime, text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    with runtime.sessions() as session, session.begin() as transaction:
        INDEX.put_many(session, [Entry(1, text), Entry(2, "another")])
        found = INDEX.find(session, Wanted(tuple(phrases_of(text[start:end]))), 5)
        transaction.rollback()
    assert found == [1]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=200))
def test_no_question_is_an_error(runtime, query):
    find(runtime, query)


SYNTAX = (
    *('"', "'", "*", "a*", "NEAR(a b)", "a AND", "OR", "NOT 订单", "words : x", "^a", "{a}"),
    *("a & b", "!订单", "订单:*", "a <-> b", "\\", "';--", "订单\x00", "%", "_", "‘", "(", "a:b"),
)


@pytest.mark.parametrize("query", SYNTAX)
def test_syntax_of_either_database_is_plain_text(runtime, query):
    put(runtime, "NEAR OR words AND NOT 订单 a b x")
    assert find(runtime, query) in ([], [1])


def test_a_text_of_the_greatest_length_is_indexed(runtime):
    text = "".join(itertools.islice(itertools.cycle("订单号发货"), 20_000))
    put(runtime, text + "琉璃", "x" * 20_000)
    assert find(runtime, "单号发货订") == [1]
    assert find(runtime, "xxxx") == [2]
