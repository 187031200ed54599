"""A file waits for its confirmation: one for each person, and not for ever."""

from wxdesk.plumbing.imports import KEPT_SECONDS, forget, keep, kept


def test_a_file_is_found_by_its_owner_with_its_token_for_half_an_hour(runtime):
    token = keep(runtime.redis, 1, b"name\n\x00\xff")
    assert kept(runtime.redis, 1, token) == b"name\n\x00\xff"
    assert kept(runtime.redis, 2, token) is None
    for wrong in ("", token[:-1], "é" * 32):
        assert kept(runtime.redis, 1, wrong) is None
    [key] = runtime.redis.keys("wxdesk:import:*")
    assert 0 < runtime.redis.ttl(key) <= KEPT_SECONDS


def test_another_file_of_the_same_person_takes_its_place(runtime):
    tokens = [keep(runtime.redis, 1, f"{number}".encode()) for number in range(30)]
    assert len(runtime.redis.keys("wxdesk:import:*")) == 1
    assert kept(runtime.redis, 1, tokens[0]) is None
    forget(runtime.redis, 1, tokens[0])
    assert kept(runtime.redis, 1, tokens[-1]) == b"29"
    forget(runtime.redis, 1, tokens[-1])
    assert runtime.redis.keys("wxdesk:import:*") == []
