"""Fifty processes claim the same thousand conversations: each is claimed once, and nobody fails."""

import collections
import json
import subprocess
import sys
import textwrap

import pytest
from cast import hire, make_account
from sqlalchemy import func, insert, select

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.conversations.rules import Status
from wxdesk.plumbing.clock import FAR_FUTURE

PROCESSES = 50
CONVERSATIONS = 1000

# One server forks the fifty: starting fifty interpreters would take longer than what is tested.
CLAIMERS = textwrap.dedent("""
    import json, os, random, sys
    from wxdesk.conversations.assigning import claim
    from wxdesk.inbox.operations import claim_next
    from wxdesk.plumbing.errors import ConflictError
    from wxdesk.runtime import build
    from wxdesk.settings import load

    agents, ids = json.loads(sys.argv[1])
    start_read, start_write = os.pipe()
    runtime = build(load(dict(os.environ)))

    class Rehearsal(Exception):
        pass

    try:  # statements are compiled once, before the fork
        with runtime.unit_of_work() as uow:
            claim_next(uow, agents[0])
            claim(uow, ids[-1], agents[0])
            raise Rehearsal
    except Rehearsal:
        runtime.engine.dispose()

    def work(agent_id, is_choosy):
        os.close(start_write)
        os.read(start_read, 1)
        runtime.engine.dispose(close=False)
        taken = []
        wanted = random.Random(agent_id).sample(ids, 100) if is_choosy else None
        while True:
            with runtime.unit_of_work() as uow:
                if wanted is None:
                    one = claim_next(uow, agent_id)
                    if one is None:
                        return taken
                    taken.append(one)
                    continue
            if not wanted:
                return taken
            one = wanted.pop()
            try:
                with runtime.unit_of_work() as uow:
                    if claim(uow, one, agent_id):
                        taken.append(one)
            except ConflictError:
                continue

    children = []
    for number, agent_id in enumerate(agents):
        out_read, out_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(out_read)
            code = 1
            try:
                taken = work(agent_id, number % 10 == 0)
                os.write(out_write, json.dumps(taken).encode())
                code = 0
            finally:
                os._exit(code)
        os.close(out_write)
        children.append((pid, out_read))
    os.close(start_write)  # all of them begin
    found, failed = [], 0
    for pid, out_read in children:
        with os.fdopen(out_read, "rb") as pipe:
            text = pipe.read()
        failed += os.waitpid(pid, 0)[1] != 0
        found.append(json.loads(text or "[]"))
    print(json.dumps([failed, found]))
""")


@pytest.fixture
def crowd(runtime) -> tuple[list[int], list[int]]:
    """Fifty agents and a thousand conversations that nobody has."""
    hire(runtime)
    account = make_account(runtime)
    now = runtime.clock()
    with runtime.unit_of_work() as uow:
        lin = uow.session.scalars(select(Agent).where(Agent.name == "Lin")).one()
        for number in range(PROCESSES):
            uow.session.add(
                Agent(
                    email=f"agent{number}@example.com",
                    name=f"客服{number}",
                    role=lin.role,
                    locale="zh_CN",
                    password_hash=lin.password_hash,
                    created_at=now,
                )
            )
        uow.session.execute(
            insert(Contact),
            [
                {
                    "account_id": account.id,
                    "openid": f"oCrowd{number}",
                    "first_seen_at": now,
                    "last_seen_at": now,
                }
                for number in range(CONVERSATIONS)
            ],
        )
        contacts = uow.session.scalars(select(Contact.id)).all()
        uow.session.execute(
            insert(Conversation),
            [
                {
                    "account_id": account.id,
                    "contact_id": contact_id,
                    "status": Status.OPEN,
                    "opened_at": now,
                    "last_message_at": now,
                    "queued_at": now,
                    "due_at": FAR_FUTURE,
                }
                for contact_id in contacts
            ],
        )
    with runtime.reading() as session:
        agents = session.scalars(select(Agent.id).where(Agent.email.like("agent%"))).all()
        ids = session.scalars(select(Conversation.id)).all()
        assert session.scalar(select(func.count()).select_from(Account)) == 1
    return list(agents), list(ids)


# On SQLite there is one writer at a time, and no race to win.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_fifty_processes_claim_a_thousand_conversations_once_each(
    runtime, crowd, database_url, redis_server, tmp_path
):
    agents, ids = crowd
    environment = {
        "PATH": "/usr/bin:/bin",
        "WXDESK_DATA_DIR": str(tmp_path / "claimers"),
        "WXDESK_DATABASE_URL": database_url,
        "WXDESK_REDIS_URL": redis_server.url,
        "WXDESK_SECRET_KEY": "a secret key for tests only",
    }
    ran = subprocess.run(
        [sys.executable, "-c", CLAIMERS, json.dumps([agents, ids])],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    failed, taken = json.loads(ran.stdout)
    assert failed == 0, ran.stderr
    counted = collections.Counter(one for each in taken for one in each)
    assert set(counted) == set(ids)
    assert set(counted.values()) == {1}
    with runtime.reading() as session:
        rows = dict(session.execute(select(Conversation.id, Conversation.assignee_id)).all())
        lines = session.scalar(select(func.count()).where(Message.kind == "activity"))
    assert rows == {
        one: agent_id for agent_id, each in zip(agents, taken, strict=True) for one in each
    }
    assert lines == CONVERSATIONS
