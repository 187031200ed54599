from cast import agent_answers, customer_writes, hire

from wxdesk.outbound.jobs import deliver


def test_sent(sending, wechat):
    from sqlalchemy import select

    from wxdesk.accounts.models import Account
    from wxdesk.outbound.models import DeliveryRow
    with sending.reading() as s:
        account = s.scalars(select(Account)).one()
    team = hire(sending)
    wechat.add_customer()
    m = customer_writes(sending, account)
    agent_answers(sending, m, team.lin)
    with sending.reading() as s:
        d = s.scalars(select(DeliveryRow)).one()
    deliver(d.id)
    assert wechat.phone() == ["马上查。"]
