"""Every table of the product, so that one import knows the whole schema."""

from __future__ import annotations

from wxdesk.accounts.models import Account, MessageTemplate
from wxdesk.agents.models import Agent, ApiToken
from wxdesk.audit.models import AuditEntry
from wxdesk.contacts.models import Contact, ContactTag, ReplyWindow, Tag
from wxdesk.conversations.models import Conversation, Message
from wxdesk.intake.models import SetAsidePush
from wxdesk.media.models import Attachment, Leftover
from wxdesk.outbound.models import DeliveryRow
from wxdesk.plumbing.db import Base
from wxdesk.privacy.models import ForgottenMessages
from wxdesk.sla.models import SlaBreach, SlaPolicy
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion

MODELS = (
    Account,
    MessageTemplate,
    Agent,
    ApiToken,
    AuditEntry,
    Contact,
    ReplyWindow,
    Tag,
    ContactTag,
    Conversation,
    Message,
    SlaPolicy,
    SlaBreach,
    AutoReplyRule,
    AutoReplyRuleVersion,
    DeliveryRow,
    Attachment,
    Leftover,
    SetAsidePush,
    ForgottenMessages,
)
metadata = Base.metadata
