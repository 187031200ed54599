"""Every table of the product, so that one import knows the whole schema."""

from __future__ import annotations

from wxdesk.accounts.models import Account
from wxdesk.agents.models import Agent, ApiToken
from wxdesk.contacts.models import Contact
from wxdesk.conversations.models import Conversation, Message
from wxdesk.intake.models import SetAsidePush
from wxdesk.outbound.models import DeliveryRow
from wxdesk.plumbing.db import Base
from wxdesk.sla.models import SlaBreach, SlaPolicy
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion

MODELS = (
    Account,
    Agent,
    ApiToken,
    Contact,
    Conversation,
    Message,
    SlaPolicy,
    SlaBreach,
    AutoReplyRule,
    AutoReplyRuleVersion,
    DeliveryRow,
    SetAsidePush,
)
metadata = Base.metadata
