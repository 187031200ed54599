"""Every table of the product, so that one import knows the whole schema."""

from __future__ import annotations

from wxdesk.accounts.models import Account, MessageTemplate
from wxdesk.agents.models import Agent, ApiToken, PresenceSpan, Team, TeamMember
from wxdesk.audit.models import AuditEntry
from wxdesk.bulk_actions.models import BulkRow, BulkRun
from wxdesk.canned_responses.models import CannedResponse
from wxdesk.contacts.models import (
    Contact,
    ContactField,
    ContactFieldValue,
    ContactTag,
    ReplyWindow,
    Tag,
)
from wxdesk.conversations.models import (
    Conversation,
    ConversationTag,
    ConversationTagging,
    Draft,
    Mention,
    Message,
    ReadMark,
)
from wxdesk.inbox.models import SavedView
from wxdesk.intake.models import SetAsidePush
from wxdesk.media.models import Attachment, Leftover
from wxdesk.outbound.models import DeliveryRow
from wxdesk.plumbing.db import Base
from wxdesk.privacy.models import ForgottenMessages
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.search.models import SearchDay, SearchPosition
from wxdesk.sla.models import SlaBreach, SlaPolicy
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion

MODELS = (
    Account,
    MessageTemplate,
    Agent,
    ApiToken,
    Team,
    TeamMember,
    PresenceSpan,
    AuditEntry,
    Contact,
    ReplyWindow,
    Tag,
    ContactTag,
    ContactField,
    ContactFieldValue,
    Conversation,
    Message,
    ConversationTag,
    ConversationTagging,
    Mention,
    Draft,
    ReadMark,
    SavedView,
    SearchDay,
    SearchPosition,
    CannedResponse,
    SatisfactionRating,
    BulkRun,
    BulkRow,
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
