"""What the list's pure modules answer, run in Chromium: paging, places, times, keys, ranks."""

from __future__ import annotations

import random

import pytest

pytestmark = pytest.mark.browser


def rows(*ids):
    return [{"id": number} for number in ids]


def ids(items):
    return [item["id"] for item in items]


def spliced(tab, state, cursor, page):
    found = tab.call("list_window", "m.spliced(x[0], x[1], x[2])", [state, cursor, page])
    return ids(found["items"]), found["nextCursor"], found["marks"]


def state(*numbers, marks=(), following=None):
    return {"items": rows(*numbers), "marks": list(marks), "nextCursor": following}


# Paging


def test_the_first_page_fetched_again_keeps_the_pages_that_follow(tab):
    before = state(1, 2, 3, 4, 5, 6, marks=[{"cursor": "c3", "firstId": 4}], following="c6")
    page = {"items": rows(9, 2, 1), "next_cursor": "c1"}
    items, following, marks = spliced(tab, before, None, page)
    assert items == [9, 2, 1, 3, 4, 5, 6]
    assert following == "c6"
    assert {"cursor": "c3", "firstId": 4} in marks


def test_a_row_that_came_up_from_below_is_there_once(tab):
    before = state(1, 2, 3, 4, 5, 6, following="c6")
    page = {"items": rows(6, 1, 2), "next_cursor": "c2"}
    assert spliced(tab, before, None, page)[0] == [6, 1, 2, 3, 4, 5]


def test_a_page_in_the_middle_leaves_what_is_above_alone(tab):
    marks = [{"cursor": "c2", "firstId": 3}, {"cursor": "c4", "firstId": 5}]
    before = state(1, 2, 3, 4, 5, 6, marks=marks, following="c6")
    page = {"items": rows(7, 4), "next_cursor": "c4"}
    items, following, found = spliced(tab, before, "c2", page)
    assert items == [1, 2, 7, 4, 5, 6]
    assert following == "c6"
    assert {"cursor": "c2", "firstId": 7} in found


def test_a_page_that_shares_nothing_ends_the_list_there(tab):
    before = state(1, 2, 3, following="c3")
    page = {"items": rows(11, 12), "next_cursor": "c12"}
    assert spliced(tab, before, None, page)[:2] == ([11, 12], "c12")


def test_the_last_page_has_nothing_after_it(tab):
    before = state(1, 2, 3, 4, following="c4")
    assert spliced(tab, before, None, {"items": rows(1, 2), "next_cursor": None})[:2] == (
        [1, 2],
        None,
    )


def test_whatever_changed_the_fetched_part_is_as_fetched_and_no_row_is_there_twice(tab):
    dice = random.Random(7)  # noqa: S311  the same lists in each run
    for _ in range(100):
        before = dice.sample(range(40), 30)
        server = dice.sample(range(45), 40)
        page = {"items": rows(*server[:10]), "next_cursor": "next"}
        items, _, _ = spliced(tab, state(*before, following="end"), None, page)
        assert items[:10] == server[:10]
        assert len(set(items)) == len(items)


def test_changes_count_rows_that_came_went_or_moved(tab):
    cases = [
        ([1, 2, 3], [1, 2, 3], 0),
        ([1, 2, 3], [3, 1, 2], 1),
        ([1, 2, 3], [1, 3], 1),
        ([1, 2, 3], [4, 1, 2, 3], 1),
        ([1, 2, 3, 4], [4, 3, 2, 1], 3),
    ]
    for before, after, changes in cases:
        given = [rows(*before), rows(*after)]
        assert tab.call("list_window", "m.countChanges(x[0], x[1])", given) == changes


def test_of_few_rows_all_are_drawn_and_of_many_those_in_view(tab):
    def drawn(top, count):
        port = {"top": top, "height": 900, "rowHeight": 90, "count": count}
        found = tab.call("list_window", "m.visibleRange(x)", port)
        return found["from"], found["to"]

    assert drawn(0, 50) == (0, 49)
    assert drawn(0, 1000) == (0, 16)
    assert drawn(9000, 1000) == (94, 116)
    assert drawn(89_100, 1000)[1] == 999


# What is fetched again


def fresh(tab, topics, waited_ms=0):
    """Rows 1 to 3 of customers 11 to 13, fetched, then these topics; which are still fresh?"""
    expression = """(() => {
      const rows = [1, 2, 3].map((id) => ({ id, contact: { id: id + 10 } }));
      m.stamp(rows, m.newsUntilNow());
      for (const one of x.topics) m.noteNews(one);
      return rows.filter((row) => m.isFresh(row, performance.now() + x.waited)).map((r) => r.id);
    })()"""
    return tab.call("list_news", expression, {"topics": topics, "waited": waited_ms})


def test_only_rows_that_a_topic_names_are_fetched_again(tab):
    assert fresh(tab, []) == [1, 2, 3]
    assert fresh(tab, [["conversation:2", "mentions:1"]]) == [1, 3]
    assert fresh(tab, [["conversation:1"], ["contact:13"]]) == [2]
    assert fresh(tab, [["here:1", "agents"]]) == [1, 2, 3]
    assert fresh(tab, [["conversation:9"]]) == [1, 2, 3]


def test_after_news_of_everything_or_too_much_of_it_or_some_time_all_are(tab):
    assert fresh(tab, [["inbox", "conversation:2"]]) == []
    assert fresh(tab, [[f"conversation:{n}" for n in range(100, 5200)]]) == []
    assert fresh(tab, [], waited_ms=19_000) == [1, 2, 3]
    assert fresh(tab, [], waited_ms=21_000) == []


def test_news_that_came_while_a_row_was_fetched_make_it_old(tab):
    expression = """(() => {
      const row = { id: 71, contact: { id: 171 } };
      const moment = m.newsUntilNow();
      m.noteNews(["conversation:71"]);
      m.stamp([row], moment);
      const put = { ...row }; // as an action's answer puts it
      return [m.isFresh(row), m.hasNews(row), m.isFresh(put)];
    })()"""
    assert tab.call("list_news", expression) == [False, True, False]


# Times


def snoozes(tab, now, zone):
    found = tab.call("dialogs/snooze_times", "m.snoozeChoices(Date.parse(x[0]), x[1])", [now, zone])
    return {
        one["key"]: tab.call("dialogs/snooze_times", "new Date(x).toISOString()", one["at"])
        for one in found
    }


def test_tomorrow_and_next_week_begin_at_nine_in_the_desks_zone(tab):
    found = snoozes(tab, "2026-11-20T03:20:00Z", "Asia/Shanghai")  # Friday, 11:20 there
    assert found == {
        "hour": "2026-11-20T04:20:00.000Z",
        "later": "2026-11-20T07:00:00.000Z",
        "tomorrow": "2026-11-21T01:00:00.000Z",
        "week": "2026-11-23T01:00:00.000Z",
    }


def test_in_the_evening_nothing_is_later_today_and_on_sunday_next_week_is_not_tomorrow(tab):
    found = snoozes(tab, "2026-11-22T12:00:00Z", "Asia/Shanghai")  # Sunday, 20:00 there
    assert "later" not in found
    assert found["tomorrow"] == "2026-11-23T01:00:00.000Z"
    assert found["week"] == "2026-11-30T01:00:00.000Z"


def test_a_clock_that_is_changed_in_between_still_shows_nine(tab):
    found = snoozes(tab, "2026-03-28T12:00:00Z", "Europe/Berlin")  # summer time begins at night
    assert found["tomorrow"] == "2026-03-29T07:00:00.000Z"


def test_what_is_typed_as_a_time_is_of_the_desks_zone(tab):
    expression = "m.instantOfInput(x[0], x[1])"
    given = ["2026-11-23T09:30", "Asia/Shanghai"]
    assert tab.call("dialogs/snooze_times", expression, given) == 1795397400000
    assert tab.call("dialogs/snooze_times", f"Number.isNaN({expression})", ["", "UTC"])


# Keys, ranks, marks


def test_keys_are_named_as_actions_write_them(tab):
    cases = [
        ({"key": "e"}, "e"),
        ({"key": "N", "shiftKey": True}, "Shift+n"),
        ({"key": "?", "shiftKey": True}, "?"),
        ({"key": "k", "metaKey": True}, "Mod+k"),
        ({"key": " "}, "space"),
        ({"key": "Escape"}, "escape"),
        ({"key": "Enter", "ctrlKey": True, "shiftKey": True}, "Mod+Shift+enter"),
    ]
    for event, name in cases:
        assert tab.call("shortcuts", "m.keyName(x)", event) == name


def test_the_palette_ranks_beginnings_before_middles_before_letters_in_order(tab):
    entry = {"text": "前往：稍后处理", "also": "go snoozed"}
    for typed, rank in (("前往", 0), ("稍后", 1), ("gsn", 2), ("退款", None)):
        assert tab.call("palette/palette_data", "m.rank(x[0], x[1])", [entry, typed]) == rank


def test_found_words_are_marked_by_characters_not_by_halves_of_them(tab):
    found = tab.call("search/highlight", "m.pieces(x[0], x[1])", ["😀要退款吗", [[2, 2]]])
    assert found == [
        {"text": "😀要", "isFound": False},
        {"text": "退款", "isFound": True},
        {"text": "吗", "isFound": False},
    ]


def test_only_growing_counts_ring(tab):
    before = {"mine": 1, "unassigned": 4, "mentions": 0}
    after = {"mine": 1, "unassigned": 3, "mentions": 1}
    assert tab.call("alerts/watch", "m.grown(x[0], x[1])", [before, after]) == ["mentions"]


def test_rows_darken_with_the_agents_own_threshold(tab):
    minute = 60_000
    for waited, level in ((0, 0), (1, 1), (2, 2), (3, 3), (6, 4)):
        assert tab.call("sla", "m.waitLevel(x, 3)", waited * minute) == level
