"""Recording: rows, clocks, windows, places."""

from cast import conversation_of, customer_writes, messages_of


def test_a_message_opens_a_conversation(runtime, account):
    message = customer_writes(runtime, account)

    assert conversation_of(runtime).id == message.conversation_id
    assert [each.text for each in messages_of(runtime)] == ["我的订单在哪里?"]
