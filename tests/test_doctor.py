"""What `wxdesk doctor` finds, one thing at a time."""

from cast import hire, make_account

from wxdesk.background_jobs import QUEUES
from wxdesk.doctor import examine
from wxdesk.intake.operations import set_aside
from wxdesk.plumbing.spool import Spooled
from wxdesk.worker import alive_key


def bad(runtime) -> dict[str, str]:
    """Advice by the name of the check, of what is not good."""
    return {finding.name: finding.advice for finding in examine(runtime) if not finding.is_good}


def healthy(runtime) -> None:
    make_account(runtime)
    hire(runtime)
    runtime.redis.config_set("appendonly", "yes")
    for queue in QUEUES:
        runtime.redis.set(alive_key(queue), 1)


def test_all_is_well(build_runtime, own_redis):
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    healthy(runtime)
    assert bad(runtime) == {}


def test_a_new_installation_is_told_what_to_do_next(runtime):
    found = bad(runtime)
    assert "wxdesk add-account" in found["accounts"]
    assert "wxdesk create-agent" in found["people"]


def test_each_loss_in_waiting_is_named(build_runtime, own_redis):
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    healthy(runtime)
    runtime.redis.config_set("maxmemory-policy", "allkeys-lru")
    runtime.redis.config_set("appendonly", "no")
    runtime.redis.delete(alive_key("outbound"))
    runtime.spool.put(Spooled("1:a", "direct", "{}", "", 1))
    (runtime.settings.data_dir / "secret.key").write_text("x")
    (runtime.settings.data_dir / "secret.key").chmod(0o644)
    with runtime.unit_of_work() as uow:
        set_aside(uow, name="s/1", account_id=None, reason="r", payload="p", attempts=3)
    found = bad(runtime)
    assert "noeviction" in found["redis"]
    assert "appendonly yes" in found["redis on disk"]
    assert "wxdesk worker outbound" in found["workers"]
    assert "chmod go=" in found["permissions"]
    assert "/settings/set-aside" in found["set aside"]
    assert "spool" in found


def test_a_damaged_spool_file_is_shown(build_runtime, own_redis):
    runtime = build_runtime(WXDESK_REDIS_URL=own_redis.url)
    healthy(runtime)
    runtime.spool.put(Spooled("1:a", "direct", "{}", "", 1))
    for path in runtime.settings.spool_dir.glob("*.json"):
        path.write_text("{")
    list(runtime.spool.entries())
    assert str(runtime.settings.spool_dir) in bad(runtime)["spool"]
