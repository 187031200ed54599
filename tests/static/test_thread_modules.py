"""What the pure modules of the thread and the composer answer, run in Chromium."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def message(number, **facts):
    at = f"2026-03-02T09:{number:02}:00.000Z"
    given = {"id": number, "received_at": at, "direction": "incoming", "kind": "text"}
    return {**given, "text": "", "conversation_id": 1, **facts}


def page(numbers, older=None, newer=None):
    items = [message(number) for number in numbers]
    return {
        "items": items,
        "next_cursor": older,
        "newer_cursor": newer,
        "last_message_id": max(numbers, default=None),
    }


def ids(stretch):
    return [one["id"] for one in stretch["items"]]


# The stretch of the history that is loaded


def test_older_pages_push_the_newest_out_at_a_page_border(tab):
    found = tab.call(
        "thread/pages",
        """(() => {
          let stretch = m.startedWith(x[0]);
          stretch = { ...stretch, ...m.withOlder(stretch, x[1], 6) };
          return { ...stretch, ...m.withOlder(stretch, x[2], 6) };
        })()""",
        [page([7, 8, 9], older="c7"), page([4, 5, 6], "c4", "n6"), page([1, 2, 3], None, "n3")],
    )
    assert ids(found) == [1, 2, 3, 4, 5, 6]  # the page that is being read stays
    assert (found["nextCursor"], found["newerCursor"]) == (None, "n6")


def test_newer_pages_push_the_oldest_out_at_a_page_border(tab):
    found = tab.call(
        "thread/pages",
        """(() => {
          let stretch = m.startedWith(x[0]);
          stretch = { ...stretch, ...m.withNewer(stretch, x[1], 6) };
          return { ...stretch, ...m.withNewer(stretch, x[2], 6) };
        })()""",
        [page([1, 2, 3], None, "n3"), page([4, 5, 6], "c4", "n6"), page([7, 8, 9], "c7")],
    )
    assert ids(found) == [4, 5, 6, 7, 8, 9]
    assert (found["nextCursor"], found["newerCursor"]) == ("c4", None)


def test_the_newest_page_again_changes_adds_and_takes_away(tab):
    again = page([2, 4, 5])
    again["items"][0]["text"] = "changed"
    found = tab.call(
        "thread/pages", "m.withNewest(m.startedWith(x[0]), x[1])", [page([1, 2, 3, 4]), again]
    )
    assert ids(found) == [1, 2, 4, 5]  # 3 was taken back
    assert found["items"][1]["text"] == "changed"


def test_a_page_that_does_not_join_is_refused(tab):
    given = [page([1, 2]), page([8, 9])]
    assert tab.call("thread/pages", "m.withNewest(m.startedWith(x[0]), x[1])", given) is None


def test_an_unchanged_message_stays_the_same_object(tab):
    again = "[m.merged([], x)].map((first) => m.merged(first, structuredClone(x))[0] === first[0])"
    assert tab.call("thread/pages", again, page([1])["items"]) == [True]


# Lines of the timeline


def entries(tab, messages, **given):
    made = tab.call(
        "timeline", "m.timeline(x[0], (at) => at.slice(0, 10), x[1])", [messages, given]
    )
    return [one["type"] if one["type"] != "message" else one["message"]["id"] for one in made]


def test_the_unread_line_stands_before_the_first_message_that_was_not_read(tab):
    thread = [message(1), message(2, direction="outgoing"), message(3), message(4)]
    read = {"from": 2, "to": None}
    assert entries(tab, thread, unread=read) == ["day", "boundary", 1, 2, "unread", 3, 4]
    assert "unread" not in entries(tab, thread, unread={"from": 4, "to": None})
    assert "unread" not in entries(tab, thread, unread={"from": 0, "to": None})


def test_what_comes_while_the_agent_looks_at_the_thread_gets_no_line(tab):
    thread = [message(1), message(2), message(3)]
    assert "unread" not in entries(tab, thread, unread={"from": 2, "to": 2})
    made = tab.call(
        "timeline", "m.timeline(x, (at) => at.slice(0, 10), { unread: { from: 1, to: 2 } })", thread
    )
    assert [one["n"] for one in made if one["type"] == "unread"] == [1]


def test_a_conversation_begins_with_a_line_but_not_where_older_ones_are_not_loaded(tab):
    thread = [message(1), message(2, conversation_id=2)]
    assert entries(tab, thread) == ["day", "boundary", 1, "boundary", 2]
    assert entries(tab, thread, hasOlder=True) == ["day", 1, "boundary", 2]


# Names, variables, keys


PEOPLE = [{"id": 1, "name": "梅"}, {"id": 2, "name": "梅芳"}, {"id": 3, "name": "Lin"}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("请看 @梅", {"from": 3, "query": "梅"}),
        ("@", {"from": 0, "query": ""}),
        ("看，@l", {"from": 2, "query": "l"}),
        ("mail@lin", None),
        ("@梅芳 好", None),
    ],
)
def test_a_name_is_asked_for_after_an_at_sign(tab, text, found):
    assert tab.call("notes/mention_text", "m.mentionAt(x, x.length)", text) == found


def test_the_longest_name_is_meant(tab):
    given = ["@梅芳 和 @Lin，不是 @小王", PEOPLE]
    assert tab.call("notes/mention_text", "m.mentionedIn(x[0], x[1])", given) == [2, 3]
    pieces = tab.call("notes/mention_text", "m.notePieces(x[0], x[1])", given)
    assert "".join(one["text"] for one in pieces) == given[0]
    assert [one["text"] for one in pieces if one["person"]] == ["@梅芳", "@Lin"]


@pytest.mark.parametrize(
    ("text", "query"),
    [("/", ""), ("您好 /fa", "fa"), ("第一行\n/发票", "发票"), ("1/2", None), ("/a b", None)],
)
def test_a_slash_at_the_start_or_after_a_space_asks_for_canned_responses(tab, text, query):
    found = tab.call("canned/variables", "m.slashAt(x, x.length)", text)
    assert (found and found["query"]) == query


def test_open_variables_are_found_with_their_places(tab):
    found = tab.call(
        "canned/variables", "m.variablesIn(x)", "{{remark}}您好，{{ 订单号 }} {x} {{}}"
    )
    assert [(one["name"], one["start"]) for one in found] == [("remark", 0), ("订单号", 13)]


@pytest.mark.parametrize(
    ("pressed", "by_enter", "by_ctrl_enter"),
    [
        ("", "send", "newline"),
        ("shiftKey", "newline", "newline"),
        ("ctrlKey", "send", "send"),
        ("metaKey shiftKey", "resolve", "resolve"),
        ("ctrlKey altKey", "resolve_next", "resolve_next"),
    ],
)
def test_what_enter_means_follows_the_preference(tab, pressed, by_enter, by_ctrl_enter):
    event = {"key": "Enter", **dict.fromkeys(pressed.split(), True)}
    for preference, meaning in (("enter", by_enter), ("ctrl_enter", by_ctrl_enter)):
        found = tab.call("writing/send_keys", "m.meaningOf(x[0], x[1])", [event, preference])
        assert found == meaning
    assert tab.call("writing/send_keys", "m.meaningOf({ key: 'a' }, 'enter')") is None


# Drafts of two devices

EARLY, LATE = "2026-03-02T09:00:00.000Z", "2026-03-02T10:00:00.000Z"
NOON_MS = 1_772_445_600_000  # between the two
OURS = {"text": "甲", "note": "", "at": NOON_MS, "base": EARLY, "isDirty": True}


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [
        (None, ("乙", EARLY), "take"),
        ({**OURS, "isDirty": False}, ("乙", LATE), "take"),
        ({**OURS, "isDirty": False}, ("", None), "take"),
        (OURS, ("旧", EARLY), "tell"),
        (OURS, ("", None), "tell"),
        ({**OURS, "at": NOON_MS - 3_600_000}, ("乙", LATE), "take_newer"),
        ({**OURS, "at": NOON_MS + 36_000_000}, ("乙", LATE), "keep_newer"),
        (OURS, ("甲", LATE), "same"),
        (None, ("", None), "same"),
    ],
)
def test_the_newer_draft_wins(tab, ours, theirs, verdict):
    reply, updated_at = theirs
    given = [ours, {"reply": reply, "note": "", "updated_at": updated_at}]
    assert tab.call("writing/draft_sync", "m.judge(x[0], x[1])", given) == verdict
