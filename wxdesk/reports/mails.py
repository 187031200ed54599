"""A report as an e-mail: figures as text and HTML, the workbook attached; and its way to SMTP."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from pathlib import Path
from typing import IO
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo

from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from wxdesk.plumbing.errors import DeliveryError
from wxdesk.reports.addresses import Addresses
from wxdesk.reports.rules import Report
from wxdesk.reports.shown import ShownReport, shown_report
from wxdesk.reports.wording import Translate, Wording
from wxdesk.words import Words, say

HERE = Path(__file__).resolve().parents[1]
SECONDS = 20.0
LARGEST_FILE = 8_000_000  # many servers take 10 MB, and an attachment grows by a third
MOST_ROWS = 30
STARTTLS_PORT, TLS_PORT = 587, 465
LOCAL = ("localhost", "127.0.0.1", "::1")
PERMANENT = range(500, 600)
XLSX = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail is made of; `key` makes its Message-ID, the same at each try."""

    key: str
    sender: str
    recipients: Sequence[str]
    subject: str
    at: datetime
    facts: Sequence[tuple[str, str]]
    url: str


def wording_of(locale: str, zone: ZoneInfo) -> Wording:
    """How values are written in a language, outside of any request."""
    return Wording(catalogue_of(locale), zone)


def catalogue_of(locale: str) -> Translate:
    """Sentences in this language; English where it has none."""
    catalogue = _catalogue(locale)
    return lambda text: _said(catalogue, text)


def compose(report: Report, letter: Letter, wording: Wording, book: IO[bytes]) -> EmailMessage:
    """Text, HTML and the workbook; without the workbook where that is too large to be mailed."""
    shown = shown_report(report, wording, Addresses(report.name, ()))
    mail = EmailMessage()
    mail["Subject"] = " ".join(letter.subject.split())
    mail["From"] = letter.sender
    mail["To"] = ", ".join(letter.recipients)
    mail["Date"] = format_datetime(letter.at)
    mail["Message-ID"] = f"<{letter.key}@{parseaddr(letter.sender)[1].rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    data = book.read(LARGEST_FILE + 1)
    parts = _parts(shown, letter, wording, is_attached=len(data) <= LARGEST_FILE)
    mail.set_content(_template("reports/mail.txt").render(parts), cte="quoted-printable")
    html = _template("reports/mail.html").render(parts)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    if len(data) <= LARGEST_FILE:
        maintype, subtype = XLSX
        name = f"wxdesk-{report.name}.xlsx"
        mail.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)
    return mail


def send(mail: EmailMessage, smtp_url: str) -> list[str]:
    """Give it to the mail server; the recipients that it refused while it took others.

    DeliveryError when it took it for nobody: permanent where trying again can't help.
    """
    try:
        server = _connected(smtp_url)
        try:
            return sorted(server.send_message(mail))
        finally:
            _leave(server)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        permanent = all(code in PERMANENT for code in codes)
        reason = say("the mail server refused all recipients")
        raise DeliveryError(reason, code=str(codes[0]), is_permanent=permanent) from error
    except smtplib.SMTPAuthenticationError as error:
        reason = say("the mail server refused our user name and password")
        raise DeliveryError(reason, code=str(error.smtp_code)) from error
    except smtplib.SMTPResponseException as error:
        code = error.smtp_code
        reason = say("the mail server did not take the mail")
        raise DeliveryError(reason, code=str(code), is_permanent=code in PERMANENT) from error
    except ssl.SSLError as error:
        reason = say("the mail server has no valid certificate")
        raise DeliveryError(reason, code="certificate") from error
    except (OSError, smtplib.SMTPException) as error:
        reason = say("the mail server can't be reached")
        raise DeliveryError(reason, code="unreachable") from error


def _leave(server: smtplib.SMTP) -> None:
    """Whatever it answers to QUIT: by then it has taken the mail or refused it."""
    with suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()


def _connected(smtp_url: str) -> smtplib.SMTP:
    """Logged in, over TLS wherever a password is sent to another machine."""
    parts = urlsplit(smtp_url)
    host, context = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or TLS_PORT, timeout=SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(host, parts.port or STARTTLS_PORT, timeout=SECONDS)
    try:
        _prepare(server, parts, context)
    except BaseException:
        server.close()
        raise
    return server


def _prepare(server: smtplib.SMTP, parts: SplitResult, context: ssl.SSLContext) -> None:
    server.ehlo()
    if parts.scheme == "smtp" and server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif parts.scheme == "smtp" and parts.username and parts.hostname not in LOCAL:
        reason = say("the mail server offers no TLS, and the password is not sent without")
        raise DeliveryError(reason, code="no_tls")
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))


def _parts(
    shown: ShownReport, letter: Letter, wording: Wording, *, is_attached: bool
) -> dict[str, object]:
    return {
        "made": shown,
        "letter": letter,
        "say": lambda text, **values: wording.translate(say(text, **values)),
        "most_rows": MOST_ROWS,
        "is_attached": is_attached,
    }


@cache
def _catalogue(locale: str) -> NullTranslations:
    return Translations.load(str(HERE / "translations"), [locale])


def _said(catalogue: NullTranslations, text: str) -> str:
    if not isinstance(text, Words):
        return text
    template = catalogue.gettext(text.template) if text.template else ""
    return template % text.values if text.values else template


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> Template:
    return _environment().get_template(name)
