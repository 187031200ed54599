"""What the actions of the audit log are called. Pure."""

from __future__ import annotations

from wxdesk.words import say

ACTIONS = {
    "account.created": say("official account added"),
    "account.changed": say("official account changed"),
    "account.checked": say("connection tested"),
    "account.keys_rotated": say("new keys made"),
    "account.old_keys_forgotten": say("old keys forgotten"),
    "account.quota_cleared": say("daily counts cleared"),
    "account.problem": say("problem found"),
    "account.problem_cleared": say("problem mended"),
    "account.messages_refused": say("customer-service messages refused by WeChat"),
    "account.messages_allowed": say("customer-service messages allowed by WeChat"),
    "agent.invited": say("person invited"),
    "agent.invitation_renewed": say("new link to choose a password"),
    "agent.invitation_accepted": say("password chosen by the link"),
    "agent.changed": say("person changed"),
    "agent.deactivated": say("person deactivated"),
    "agent.reactivated": say("person let in again"),
    "agent.sessions_ended": say("person logged out everywhere"),
    "team.created": say("team made"),
    "team.changed": say("team changed"),
    "team.deleted": say("team deleted"),
    "calendar.created": say("calendar made"),
    "calendar.changed": say("calendar changed"),
    "calendar.days_set": say("own dates of a calendar set"),
    "calendar.days_removed": say("own dates of a calendar removed"),
    "calendar.archived": say("calendar archived"),
    "calendar.restored": say("calendar brought back"),
    "sla.created": say("policy made"),
    "sla.changed": say("policy changed"),
    "sla.moved": say("order of policies changed"),
    "sla.archived": say("policy archived"),
    "contact.blacklisted": say("customer put on the blacklist"),
    "contact.unblacklisted": say("customer taken off the blacklist"),
    "contact.spam": say("customer marked as spam"),
    "contact.not_spam": say("customer is no spam any more"),
    "contact.cancelled": say("customer has cancelled the authorisation"),
    "contact.profile_removed": say("customer's profile removed"),
    "contact.forgotten": say("customer's data removed"),
    "contact.rows_deleted": say("customer's rows deleted"),
    "tag.deleted": say("tag deleted"),
    "tag.merged": say("tags merged"),
    "field.deleted": say("customer field deleted"),
    "canned.deleted": say("shared canned response deleted"),
    "canned.imported": say("shared canned responses imported"),
    "bulk.started": say("bulk action started"),
    "bulk.ended": say("bulk action ended"),
    "bulk.cancelled": say("bulk action cancelled"),
    "report_mail.sent_now": say("report by e-mail sent by hand"),
    "report_mail.created": say("report by e-mail set up"),
    "report_mail.changed": say("report by e-mail changed"),
    "report_mail.deleted": say("report by e-mail deleted"),
    "webhook.retried": say("webhook called again"),
}
DETAILS = {
    "account": say("account"),
    "fields": say("fields"),
    "team": say("team"),
    "calendar": say("calendar"),
    "days": say("dates"),
    "count": say("number"),
    "version": say("version"),
    "position": say("place"),
    "is_active": say("active"),
    "role": say("role"),
    "step": say("step"),
    "outcome": say("result"),
    "domains": say("mail domains"),
    "code": say("WeChat's code"),
    "policy": say("policy"),
    "reason": say("reason"),
    "left_at": say("left at"),
    "done_at": say("done at"),
    "are_rows_left": say("rows are left"),
    "counts": say("numbers"),
    "name": say("name"),
    "into": say("into"),
    "conversations": say("conversations"),
    "customers": say("customers"),
    "deed": say("what is done"),
    "report": say("report"),
    "recipients": say("recipients"),
}


def action_name(action: str) -> str:
    """In words where there are some, else as it was noted."""
    return ACTIONS.get(action, action)


def detail_name(name: str) -> str:
    """The same for the name of a detail."""
    return DETAILS.get(name, name)
