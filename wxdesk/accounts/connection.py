"""The connection test, step by step: each step really asks WeChat or our own address.

Nothing here opens a transaction: a step may take many seconds (docs/operations.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from wxdesk.accounts.checks import NO_ANSWER_CODES, Found, Outcome, Result, Right, Step, timed
from wxdesk.accounts.clients import impatient_client
from wxdesk.accounts.own_address import check_own_address, is_local
from wxdesk.accounts.queries import AccountKeys
from wxdesk.accounts.rules import Capability, Mode, capabilities
from wxdesk.accounts.seen_address import address_seen
from wxdesk.plumbing.errors import DeliveryError
from wxdesk.runtime import Runtime
from wxdesk.wechat.client import Client
from wxdesk.wechat.crypto import Cipher, CryptoError
from wxdesk.wechat.error_codes import meaning_of_text
from wxdesk.wechat.tokens import TokenCheck
from wxdesk.words import say

TokenAnswer = TokenCheck | DeliveryError

WHITELIST_CODES = frozenset({"40164", "89501", "89503", "89506", "89507"})
NOT_LISTED = "40164"
NO_RIGHT = frozenset({"48001", "50001", "76022"})
UNKNOWN_PATH = "76021"
SKEW_WARNING_SECONDS = 30
SKEW_BAD_SECONDS = 300
PATHS: dict[Capability, tuple[str, ...]] = {
    Capability.MESSAGES: ("/cgi-bin/message/custom/send",),
    Capability.MEDIA: ("/cgi-bin/media/upload",),
    Capability.USERS: ("/cgi-bin/user/info", "/cgi-bin/tags/get"),
    Capability.QR_CODES: ("/cgi-bin/qrcode/create",),
    Capability.TEMPLATES: ("/cgi-bin/message/template/send",),
    Capability.SUBSCRIPTIONS: ("/cgi-bin/message/subscribe/bizsend",),
    Capability.MASS: ("/cgi-bin/message/mass/send",),
}


def webhook_url(public_url: str, slug: str) -> str:
    """The address that is entered in WeChat's console."""
    return f"{public_url}/wechat/{slug}"


def run_step(runtime: Runtime, keys: AccountKeys | None, step: Step) -> Result:
    """What one step finds, with its duration; never raises for what WeChat or the network do.

    `keys` None: the stored secrets can't be opened.
    """
    started = time.monotonic()
    result = _without_keys(step) if keys is None else STEPS[step](runtime, keys)
    milliseconds = round((time.monotonic() - started) * 1000)
    return timed(result, milliseconds=milliseconds, at=runtime.clock())


def not_run(step: Step, runtime: Runtime) -> Result:
    """The result of a step that is left out because WeChat did not answer the one before."""
    text = say("not tried: WeChat did not answer the step before")
    return timed(Result(step, Outcome.UNKNOWN, text), milliseconds=0, at=runtime.clock())


def _without_keys(step: Step) -> Result:
    if step is not Step.SECRETS:
        return Result(step, Outcome.UNKNOWN, say("not tried: the secrets can't be opened"))
    return Result(
        step,
        Outcome.BAD,
        say("The stored secrets can't be opened with this installation's secret key"),
        say("restore the secret key (secret.key) from the backup, or enter all keys again"),
    )


def _secrets(_runtime: Runtime, keys: AccountKeys) -> Result:
    try:
        for aes_key in (keys.aes_key, keys.previous_aes_key):
            if aes_key is not None:
                Cipher(aes_key, keys.app_id)
    except CryptoError:
        text = say("The stored EncodingAESKey can't be used")
        return Result(Step.SECRETS, Outcome.BAD, text, say("make a new one under Keys"))
    if keys.mode is not Mode.PLAIN and keys.aes_key is None:
        text = say("Pushes are encrypted, but there is no EncodingAESKey")
        return Result(Step.SECRETS, Outcome.BAD, text, say("make a new one under Keys"))
    return Result(Step.SECRETS, Outcome.GOOD, say("App secret, Token and keys can be read"))


def ask_for_token(runtime: Runtime, keys: AccountKeys) -> TokenAnswer:
    """What WeChat says when it is really asked for a token; three steps read it."""
    try:
        return impatient_client(runtime, keys).check_token()
    except DeliveryError as error:
        return error


def token_result(answer: TokenAnswer) -> Result:
    """Do app id and secret fit?"""
    if isinstance(answer, TokenCheck):
        minutes = answer.expires_seconds // 60
        text = say(
            "App id and secret fit: WeChat gives a token for %(minutes)d minutes", minutes=minutes
        )
        return Result(Step.TOKEN, Outcome.GOOD, text)
    if answer.code not in WHITELIST_CODES:
        return _failed(Step.TOKEN, answer)
    text = say("WeChat refuses our address, so nobody knows whether app id and secret fit")
    advice = say("mend the IP whitelist first: the next step names the address")
    return Result(Step.TOKEN, Outcome.UNKNOWN, text, advice, answer.code, answer.rid)


def whitelist_result(runtime: Runtime, keys: AccountKeys, answer: TokenAnswer) -> Result:
    """Does WeChat take calls from our address? If not, asks once more for the address."""
    if isinstance(answer, TokenCheck):
        text = say("WeChat takes calls from this machine's address")
        return Result(Step.WHITELIST, Outcome.GOOD, text)
    if answer.code == NOT_LISTED:
        return _not_listed(runtime, keys, answer)
    if answer.code in WHITELIST_CODES:
        return _failed(Step.WHITELIST, answer)
    text = say("can't be known: WeChat gives no token for another reason")
    advice = say("mend the step before this one first")
    return Result(Step.WHITELIST, Outcome.UNKNOWN, text, advice, answer.code, answer.rid)


def clock_result(answer: TokenAnswer, now: datetime) -> Result:
    """How far our clock is from WeChat's."""
    if isinstance(answer, DeliveryError):
        text = say("can't be known: WeChat gives no token")
        return Result(Step.CLOCK, Outcome.UNKNOWN, text, "", answer.code, answer.rid)
    if answer.server_time is None:
        return Result(Step.CLOCK, Outcome.UNKNOWN, say("WeChat's answer has no time in it"))
    seconds = round(abs((now - answer.server_time).total_seconds()))
    if seconds <= SKEW_WARNING_SECONDS:
        return Result(Step.CLOCK, Outcome.GOOD, say("Our clock and WeChat's agree"))
    outcome = Outcome.WARNING if seconds <= SKEW_BAD_SECONDS else Outcome.BAD
    text = say("Our clock is %(seconds)d seconds away from WeChat's", seconds=seconds)
    advice = say("let this machine set its clock by NTP: deadlines and reply windows go by it")
    return Result(Step.CLOCK, outcome, text, advice)


def _token(runtime: Runtime, keys: AccountKeys) -> Result:
    return token_result(ask_for_token(runtime, keys))


def _whitelist(runtime: Runtime, keys: AccountKeys) -> Result:
    return whitelist_result(runtime, keys, ask_for_token(runtime, keys))


def _clock(runtime: Runtime, keys: AccountKeys) -> Result:
    answer = ask_for_token(runtime, keys)
    return clock_result(answer, runtime.clock())


def _not_listed(runtime: Runtime, keys: AccountKeys, error: DeliveryError) -> Result:
    address = address_seen(runtime, keys)
    if address is None:
        return _failed(Step.WHITELIST, error)
    text = say(
        "WeChat sees our calls come from %(address)s, and does not take them", address=address
    )
    advice = say("add this address to the IP whitelist in WeChat's console, then test again")
    return Result(
        Step.WHITELIST, Outcome.BAD, text, advice, error.code, error.rid, details=(address,)
    )


def own_address_result(runtime: Runtime, keys: AccountKeys) -> Result:
    """Does our webhook answer when it is asked as WeChat asks?"""
    settings = runtime.settings
    return check_own_address(
        webhook_url(settings.public_url, keys.slug),
        keys.token,
        runtime.clock,
        is_simulated=is_local(urlsplit(settings.wechat_api_url).hostname or ""),
    )


def _webhook(runtime: Runtime, keys: AccountKeys) -> Result:
    return replace(own_address_result(runtime, keys), details=_networks(runtime, keys))


def _networks(runtime: Runtime, keys: AccountKeys) -> tuple[str, ...]:
    """Where WeChat pushes from, for firewalls; nothing when WeChat does not say."""
    try:
        return tuple(impatient_client(runtime, keys).callback_addresses())
    except DeliveryError:
        return ()


def _permissions(runtime: Runtime, keys: AccountKeys) -> Result:
    client = impatient_client(runtime, keys)
    rights: list[Right] = []
    for capability, paths in PATHS.items():
        try:
            rights.append(_right(client, capability, paths))
        except DeliveryError as error:
            return _failed(Step.PERMISSIONS, error, tuple(rights))
    return _judged(keys, tuple(rights))


def _right(client: Client, capability: Capability, paths: tuple[str, ...]) -> Right:
    """Ask for the quota of each path; DeliveryError for what says nothing about the right."""
    quotas = []
    for path in paths:
        try:
            quotas.append(client.quota_of(path))
        except DeliveryError as error:
            if error.code in NO_RIGHT:
                return Right(capability, Found.NO, code=error.code)
            if error.code != UNKNOWN_PATH:
                raise
            return Right(capability, Found.UNKNOWN, code=error.code)
    first = quotas[0]
    found = Found.YES if all(quota.daily_limit for quota in quotas) else Found.UNKNOWN
    return Right(capability, found, first.daily_limit, first.remaining)


def _judged(keys: AccountKeys, rights: tuple[Right, ...]) -> Result:
    expected = capabilities(keys.account_type, is_verified=keys.is_verified)
    found = {right.capability for right in rights if right.found is Found.YES}
    missing = {right.capability for right in rights if right.found is Found.NO} & expected
    text = say("%(found)d of %(all)d rights found", found=len(found), all=len(rights))
    if missing:
        advice = say(
            "the account has fewer rights than its type promises: compare the table below with "
            "WeChat's console, and correct type and verification here"
        )
        return Result(Step.PERMISSIONS, Outcome.WARNING, text, advice, rights=rights)
    if found - expected:
        advice = say("the account may do more than is set here: correct type and verification")
        return Result(Step.PERMISSIONS, Outcome.WARNING, text, advice, rights=rights)
    return Result(Step.PERMISSIONS, Outcome.GOOD, text, rights=rights)


def _failed(step: Step, error: DeliveryError, rights: tuple[Right, ...] = ()) -> Result:
    meaning = meaning_of_text(error.code)
    advice = meaning.advice if meaning else ""
    if error.code in NO_ANSWER_CODES:
        advice = say("check this machine's way to the internet, and WXDESK_WECHAT_API_URL")
    elif error.code == "redis":
        advice = say("start Redis; `wxdesk doctor` says more")
    elif not advice:
        advice = say("compare app id and secret with WeChat's console, and try again")
    return Result(step, Outcome.BAD, error.sentence, advice, error.code, error.rid, rights=rights)


STEPS: dict[Step, Callable[[Runtime, AccountKeys], Result]] = {
    Step.SECRETS: _secrets,
    Step.TOKEN: _token,
    Step.WHITELIST: _whitelist,
    Step.CLOCK: _clock,
    Step.WEBHOOK: _webhook,
    Step.PERMISSIONS: _permissions,
}
