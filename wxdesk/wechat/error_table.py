"""WeChat's error codes in words: what the agent reads, and what to do (docs/wechat.md)."""

from __future__ import annotations

from typing import NamedTuple

from wxdesk.wechat.actions import Action
from wxdesk.words import say


class Row(NamedTuple):
    action: Action
    reason: str
    advice: str = ""


BY_ITSELF = say("it is tried again by itself")
OUR_FAULT = say("report it: this is a fault of the desk")
CHECK_SETTINGS = say("an admin must check the account's settings")
MAY_HAVE_ARRIVED = say("it may have arrived: ask the customer before you send it again")
WAIT = say("wait until the customer writes again")
ATTACH_AGAIN = say("attach the file again")
SMALLER_FILE = say("make the file smaller")
OTHER_NAME = say("choose another name")
OTHER_TAG = say("choose another tag")
CONFIRM = say("the admin must confirm in WeChat")
REACH = say("reach the customer another way; they must follow again first")
WAIT_FOR_ANSWER = say("wait for their answer in WeChat")
SEE_NOTICES = say("an admin must look at the notices in WeChat's console")
SEE_RIGHTS = say("an admin must look at the account's rights in WeChat's console")
SEE_AGENTS = say("an admin must check the agents in WeChat's console")
CHECK_ACCOUNT = say("check that the conversation belongs to this account")
UPLOADED_AGAIN = say("it is uploaded again by itself; if that fails, attach the file again")
SHORTER_LINK = say("use a shorter link")
CHECK_ADDRESS = say("an admin must check the address of WeChat's API")
TEN_LETTERS = say("at most 10 letters or digits")
FEWER_AGENTS = say("delete an agent that nobody needs")

CODES = {
    -1: Row(Action.LATER, say("WeChat is busy"), BY_ITSELF),
    40001: Row(Action.NEW_TOKEN, say("WeChat does not accept the access token")),
    40002: Row(Action.GIVE_UP, say("WeChat does not know this way to ask for a token"), OUR_FAULT),
    40003: Row(Action.GIVE_UP, say("this customer does not exist for this account"), CHECK_ACCOUNT),
    40004: Row(
        Action.GIVE_UP,
        say("WeChat does not take this kind of media"),
        say("send a picture, voice message or video"),
    ),
    40005: Row(
        Action.GIVE_UP,
        say("WeChat does not take this type of file"),
        say("convert the file: JPG, PNG or GIF, AMR or MP3, MP4"),
    ),
    40006: Row(Action.GIVE_UP, say("the file is too large for WeChat"), SMALLER_FILE),
    40007: Row(Action.UPLOAD_AGAIN, say("the media file is no longer there"), UPLOADED_AGAIN),
    40008: Row(
        Action.GIVE_UP, say("WeChat does not take this kind of message"), say("send it as text")
    ),
    40009: Row(
        Action.GIVE_UP, say("the picture is too large for WeChat"), say("make the picture smaller")
    ),
    40013: Row(Action.ACCOUNT, say("the app id is wrong"), CHECK_SETTINGS),
    40014: Row(Action.NEW_TOKEN, say("WeChat does not accept the access token")),
    40032: Row(
        Action.GIVE_UP,
        say("too many customers in one call, or none"),
        say("choose fewer customers"),
    ),
    40035: Row(Action.GIVE_UP, say("WeChat does not take one of the values"), OUR_FAULT),
    40037: Row(
        Action.GIVE_UP,
        say("the template does not exist for this account"),
        say("choose another template"),
    ),
    40048: Row(Action.GIVE_UP, say("WeChat does not take this link"), say("check the link")),
    40052: Row(Action.GIVE_UP, say("WeChat does not know this kind of QR code"), OUR_FAULT),
    40053: Row(
        Action.GIVE_UP,
        say("WeChat does not take the scene of this QR code"),
        say("use 1 to 64 letters or digits, or a number up to 100000"),
    ),
    40066: Row(Action.GIVE_UP, say("WeChat does not know this address"), CHECK_ADDRESS),
    40097: Row(Action.GIVE_UP, say("WeChat does not take one of the values"), OUR_FAULT),
    40125: Row(Action.ACCOUNT, say("the app secret is wrong"), CHECK_SETTINGS),
    40164: Row(
        Action.ACCOUNT,
        say("our address is not on the account's IP whitelist"),
        say("an admin must add the address that WeChat names to the whitelist in WeChat's console"),
    ),
    40165: Row(
        Action.GIVE_UP,
        say("WeChat does not take the page of the mini-program"),
        say("check the page path"),
    ),
    40200: Row(Action.GIVE_UP, say("this type of account can't do that")),
    41001: Row(Action.NEW_TOKEN, say("the access token was missing")),
    41002: Row(Action.ACCOUNT, say("the app id is missing"), CHECK_SETTINGS),
    41004: Row(Action.ACCOUNT, say("the app secret is missing"), CHECK_SETTINGS),
    41005: Row(Action.GIVE_UP, say("the file was missing"), ATTACH_AGAIN),
    41006: Row(Action.GIVE_UP, say("the media id was missing"), ATTACH_AGAIN),
    42001: Row(Action.NEW_TOKEN, say("the access token has expired")),
    43001: Row(Action.GIVE_UP, say("WeChat expects this call as GET"), OUR_FAULT),
    43002: Row(Action.GIVE_UP, say("WeChat expects this call as POST"), OUR_FAULT),
    43003: Row(Action.ACCOUNT, say("WeChat expects an https address"), CHECK_ADDRESS),
    43004: Row(
        Action.CUSTOMER_LEFT, say("the customer does not follow the account any more"), REACH
    ),
    43019: Row(
        Action.BLACKLISTED,
        say("the customer is on the blacklist"),
        say("take the customer off the blacklist first"),
    ),
    43101: Row(
        Action.GIVE_UP,
        say("the customer has not allowed this notice, or has used it up"),
        say("wait until the customer allows it again"),
    ),
    44001: Row(Action.GIVE_UP, say("the file was empty"), ATTACH_AGAIN),
    44002: Row(Action.GIVE_UP, say("the message was empty")),
    44003: Row(Action.GIVE_UP, say("the article was empty")),
    44004: Row(Action.GIVE_UP, say("the text was empty")),
    45001: Row(Action.GIVE_UP, say("the file is too large for WeChat"), SMALLER_FILE),
    45002: Row(Action.GIVE_UP, say("the text is too long"), say("send it in several parts")),
    45003: Row(Action.GIVE_UP, say("the title is too long"), say("make the title shorter")),
    45004: Row(
        Action.GIVE_UP, say("the description is too long"), say("make the description shorter")
    ),
    45005: Row(Action.GIVE_UP, say("the link is too long"), SHORTER_LINK),
    45006: Row(Action.GIVE_UP, say("the link of the picture is too long"), SHORTER_LINK),
    45007: Row(Action.GIVE_UP, say("the recording is too long"), say("at most 60 seconds")),
    45008: Row(Action.GIVE_UP, say("too many articles"), say("send one article")),
    45009: Row(
        Action.QUOTA,
        say("the account's daily number of calls is used up"),
        say("it goes on at midnight in Beijing; an admin can clear the count ten times a month"),
    ),
    45011: Row(Action.LATER, say("too many calls a minute"), BY_ITSELF),
    45015: Row(
        Action.CLOSE_WINDOW,
        say("the 48-hour reply window is closed, or the customer has unfollowed"),
        WAIT,
    ),
    45028: Row(
        Action.GIVE_UP,
        say("the account has no mass send left"),
        say("one a day for a subscription account, four a month for a service account's customer"),
    ),
    45047: Row(
        Action.SPEND_WINDOW, say("no more answers allowed until the customer writes again"), WAIT
    ),
    45056: Row(
        Action.GIVE_UP,
        say("the account has too many tags"),
        say("delete a tag that nobody needs (at most 100)"),
    ),
    45057: Row(
        Action.GIVE_UP,
        say("the tag is on more than 100,000 customers and can't be deleted"),
        say("take it off some customers first"),
    ),
    45058: Row(Action.GIVE_UP, say("WeChat's own tags can't be changed"), OTHER_TAG),
    45059: Row(
        Action.GIVE_UP,
        say("the customer has too many tags"),
        say("take a tag off first (at most 20)"),
    ),
    45065: Row(Action.GIVE_UP, say("WeChat has taken this message already")),
    45066: Row(Action.LATER, say("the same message was sent a moment ago"), BY_ITSELF),
    45067: Row(Action.GIVE_UP, say("the id of the message is too long"), OUR_FAULT),
    45072: Row(Action.GIVE_UP, say("WeChat does not know this typing state"), OUR_FAULT),
    45080: Row(Action.GIVE_UP, say("typing is shown only within 30 seconds of a message")),
    45081: Row(Action.GIVE_UP, say("typing is shown already")),
    45157: Row(Action.GIVE_UP, say("there is a tag with this name already"), OTHER_NAME),
    45158: Row(
        Action.GIVE_UP,
        say("the name of the tag is too long"),
        say("at most 30 bytes, ten Chinese characters"),
    ),
    45159: Row(Action.GIVE_UP, say("this tag does not exist")),
    46001: Row(Action.UPLOAD_AGAIN, say("the media file is no longer there"), UPLOADED_AGAIN),
    46004: Row(Action.GIVE_UP, say("this customer does not exist for this account"), CHECK_ACCOUNT),
    47001: Row(Action.GIVE_UP, say("WeChat could not read the message"), OUR_FAULT),
    47003: Row(
        Action.GIVE_UP,
        say("a value of the template is missing or has a wrong form"),
        say("check the values of the template"),
    ),
    48001: Row(
        Action.ACCOUNT,
        say("the account has no right to do this (not verified)"),
        say("an admin must have the account verified by WeChat"),
    ),
    48002: Row(
        Action.GIVE_UP,
        say("the customer has turned off messages from this account"),
        say("reach the customer another way"),
    ),
    48003: Row(
        Action.ACCOUNT,
        say("the account has not agreed to the terms of this service"),
        say("an admin must agree in WeChat's console"),
    ),
    48004: Row(
        Action.ACCOUNT, say("WeChat has banned this interface for the account"), SEE_NOTICES
    ),
    48006: Row(
        Action.GIVE_UP,
        say("the counts were cleared ten times this month already"),
        say("wait until midnight (Beijing time)"),
    ),
    48008: Row(
        Action.GIVE_UP, say("the account may not send this kind of message"), say("send it as text")
    ),
    49003: Row(Action.GIVE_UP, say("this customer does not exist for this account"), CHECK_ACCOUNT),
    50001: Row(Action.ACCOUNT, say("the account has no right to do this"), SEE_RIGHTS),
    50002: Row(Action.ACCOUNT, say("the account is limited by WeChat"), SEE_NOTICES),
    50005: Row(
        Action.CUSTOMER_LEFT, say("the customer does not follow the account any more"), REACH
    ),
    61450: Row(Action.LATER, say("WeChat's own desk is busy"), BY_ITSELF),
    61451: Row(Action.GIVE_UP, say("WeChat's own desk does not take one of the values"), OUR_FAULT),
    61452: Row(Action.ACCOUNT, say("there is no such agent at WeChat's own desk"), SEE_AGENTS),
    61453: Row(
        Action.GIVE_UP, say("there is such an agent at WeChat's own desk already"), OTHER_NAME
    ),
    61454: Row(Action.GIVE_UP, say("the name of the agent is too long"), TEN_LETTERS),
    61455: Row(
        Action.GIVE_UP,
        say("the name of the agent has characters that WeChat does not take"),
        say("use letters and digits"),
    ),
    61456: Row(
        Action.GIVE_UP, say("WeChat's own desk has no room for another agent"), FEWER_AGENTS
    ),
    61457: Row(
        Action.GIVE_UP,
        say("WeChat does not take this picture of the agent"),
        say("use a JPG or PNG picture"),
    ),
    65400: Row(
        Action.ACCOUNT,
        say("WeChat's own desk is not switched on for the account"),
        say("an admin must switch it on in WeChat's console"),
    ),
    65401: Row(Action.ACCOUNT, say("there is no such agent at WeChat's own desk"), SEE_AGENTS),
    65402: Row(
        Action.ACCOUNT, say("the agent of WeChat's own desk is bound to no WeChat id"), SEE_AGENTS
    ),
    65403: Row(
        Action.GIVE_UP,
        say("WeChat does not take the agent's nickname"),
        say("at most 16 characters"),
    ),
    65404: Row(Action.GIVE_UP, say("WeChat does not take the agent's account name"), TEN_LETTERS),
    65405: Row(
        Action.GIVE_UP, say("WeChat's own desk has no room for another agent"), FEWER_AGENTS
    ),
    65406: Row(
        Action.GIVE_UP, say("there is such an agent at WeChat's own desk already"), OTHER_NAME
    ),
    65407: Row(Action.GIVE_UP, say("this person is an agent of WeChat's own desk already")),
    65408: Row(Action.GIVE_UP, say("this person was invited already"), WAIT_FOR_ANSWER),
    65409: Row(Action.GIVE_UP, say("this WeChat id does not exist"), say("check the WeChat id")),
    65410: Row(
        Action.GIVE_UP,
        say("this person serves five accounts already"),
        say("choose another person"),
    ),
    65411: Row(
        Action.GIVE_UP,
        say("this agent has an invitation that waits for an answer"),
        WAIT_FOR_ANSWER,
    ),
    65412: Row(Action.GIVE_UP, say("the agent is bound to a WeChat id already")),
    65413: Row(Action.GIVE_UP, say("WeChat's own desk has no session with this customer")),
    65414: Row(
        Action.GIVE_UP,
        say("an agent of WeChat's own desk is serving this customer"),
        say("answer there, or close the session there first"),
    ),
    70000: Row(Action.GIVE_UP, say("blocked by WeChat for the protection of minors")),
    76021: Row(Action.GIVE_UP, say("WeChat does not know this path"), OUR_FAULT),
    76022: Row(Action.ACCOUNT, say("the account has no right to this path"), SEE_RIGHTS),
    89501: Row(
        Action.ACCOUNT,
        say("our address waits for the confirmation of the account's admin"),
        CONFIRM,
    ),
    89503: Row(
        Action.ACCOUNT,
        say("our address waits for the confirmation of the account's admin"),
        CONFIRM,
    ),
    89506: Row(
        Action.ACCOUNT,
        say("the account's admin has refused our address (24 hours)"),
        say("ask the admin to confirm, and try again after 24 hours"),
    ),
    89507: Row(
        Action.ACCOUNT,
        say("the account's admin has refused our address (1 hour)"),
        say("ask the admin to confirm, and try again after an hour"),
    ),
}
UNKNOWN = Row(
    Action.GIVE_UP, say("WeChat refused the message"), say("give the code and the rid to an admin")
)
OUR_CODES = {
    "timeout": Row(Action.GIVE_UP, say("WeChat's answer did not come"), MAY_HAVE_ARRIVED),
    "junk": Row(Action.GIVE_UP, say("WeChat's answer can't be read"), MAY_HAVE_ARRIVED),
    "http": Row(Action.GIVE_UP, say("WeChat answered with an error"), MAY_HAVE_ARRIVED),
    "lost": Row(Action.GIVE_UP, say("the process that sent it was stopped"), MAY_HAVE_ARRIVED),
    "unreachable": Row(Action.LATER, say("WeChat can't be reached"), BY_ITSELF),
    "token": Row(Action.LATER, say("WeChat gave no access token"), BY_ITSELF),
    "redis": Row(Action.LATER, say("redis is away"), BY_ITSELF),
    "pace": Row(Action.LATER, say("as many calls a minute as the account may make"), BY_ITSELF),
    "account": Row(
        Action.ACCOUNT,
        say("the account's keys can't be read"),
        say("an admin must enter the app secret again"),
    ),
    "too_large": Row(Action.GIVE_UP, say("the file is too large to be kept")),
    "store": Row(Action.LATER, say("the media store can't be used now"), BY_ITSELF),
    "file_gone": Row(
        Action.GIVE_UP,
        say("the attached file is no longer there"),
        say("attach the file again"),
    ),
    "kept": Row(Action.GIVE_UP, say("the last answers of this reply window are kept for people")),
    "unverified": Row(
        Action.GIVE_UP,
        say("the account has no right to send customer-service messages"),
        say("it leaves as the answer to the customer's next message"),
    ),
    "template": Row(
        Action.GIVE_UP,
        say("WeChat did not deliver the template message"),
        say("reach the customer another way"),
    ),
    "customer_left": Row(Action.GIVE_UP, say("the customer has left")),
}
