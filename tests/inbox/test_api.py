def test_an_agent_sees_the_conversation(runtime, account, lin):
    from cast import customer_writes
    customer_writes(runtime, account)
    assert len(lin.get("/conversations").json["items"]) == 1
