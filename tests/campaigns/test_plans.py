"""Recording a batch costs the same in a desk with a million customers and codes."""

import pytest
from cast import record_waiting
from plans import no_table_read_whole

from campaigns.scene import make_campaign, winners, writes

pytestmark = pytest.mark.one_database


def test_a_batch_of_messages_and_entries_reads_no_table_whole(runtime, account, webhook):
    campaign = make_campaign(runtime, account, ["A-1", "A-2", "A-3"])
    writes(webhook, 1)
    writes(webhook, 4, "我的订单呢")
    record_waiting(runtime)
    writes(webhook, 2)
    writes(webhook, 3)
    writes(webhook, 5, "还在吗")
    with no_table_read_whole(runtime.engine):
        record_waiting(runtime)
    assert len(winners(runtime, campaign)) == 3
