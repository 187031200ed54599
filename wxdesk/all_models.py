"""Every table of the product, so that one import knows the whole schema."""

from __future__ import annotations

from wxdesk.accounts.models import Account, MessageTemplate
from wxdesk.agents.models import Agent, ApiToken, PresenceSpan, Team, TeamMember
from wxdesk.audit.models import AuditEntry
from wxdesk.broadcasts.models import Broadcast, BroadcastTarget
from wxdesk.bulk_actions.models import BulkRow, BulkRun
from wxdesk.calendars.models import BusinessCalendar, CalendarDay
from wxdesk.campaigns.models import (
    Campaign,
    CampaignEntry,
    Draw,
    Prize,
    PrizeCode,
    Promise,
)
from wxdesk.canned_responses.models import CannedResponse
from wxdesk.contacts.models import (
    Contact,
    ContactField,
    ContactFieldValue,
    ContactTag,
    FollowEvent,
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
from wxdesk.corrections.models import Correction, CorrectionRecipient
from wxdesk.inbox.models import SavedView
from wxdesk.intake.models import SetAsidePush
from wxdesk.media.models import Attachment, Leftover
from wxdesk.notifications.models import Notification, WebhookCall
from wxdesk.outbound.models import DeliveryRow
from wxdesk.plumbing.db import Base
from wxdesk.privacy.models import ForgottenMessages
from wxdesk.qr_codes.models import QrCode, QrScan
from wxdesk.reports.models import (
    MessageTally,
    ReportMail,
    ReportSchedule,
    StaleTally,
    TallyPosition,
)
from wxdesk.satisfaction.models import SatisfactionRating
from wxdesk.search.models import SearchDay, SearchPosition
from wxdesk.sla.models import SlaClock, SlaPolicy, SlaPolicyVersion, SlaStageEvent
from wxdesk.triage.models import AutoReplyRule, AutoReplyRuleVersion, DryRun

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
    BusinessCalendar,
    CalendarDay,
    SlaPolicy,
    SlaPolicyVersion,
    SlaClock,
    SlaStageEvent,
    Notification,
    WebhookCall,
    MessageTally,
    TallyPosition,
    StaleTally,
    ReportSchedule,
    ReportMail,
    AutoReplyRule,
    AutoReplyRuleVersion,
    DryRun,
    FollowEvent,
    Campaign,
    CampaignEntry,
    PrizeCode,
    Prize,
    Draw,
    Promise,
    QrCode,
    QrScan,
    Correction,
    CorrectionRecipient,
    Broadcast,
    BroadcastTarget,
    DeliveryRow,
    Attachment,
    Leftover,
    SetAsidePush,
    ForgottenMessages,
)
metadata = Base.metadata
