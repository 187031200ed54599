"""A real SMTP server on this machine, which takes or refuses mails as a test wishes."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass
class Mailbox:
    """What arrived. `refusals` are answers to RCPT by address; `data_answers` one a mail."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    data_answers: list[str] = field(default_factory=list)
    quit_answer: str = "221 Bye"

    async def handle_RCPT(  # noqa: N802 -- the library's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 -- the library's name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        answer = self.data_answers.pop(0) if self.data_answers else "250 OK"
        if answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=policy.default)
            self.mails.append(mail)
            self.recipients.append(envelope.rcpt_tos)
        return answer

    async def handle_QUIT(  # noqa: N802 -- the library's name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        return self.quit_answer

    def authenticate(
        self, server: Any, session: Any, envelope: Any, how: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        pair = data.login.decode(), data.password.decode()
        self.logins.append(pair)
        return AuthResult(success=pair[1] == "p@ss", handled=False)


@contextmanager
def mail_server(host: str = "127.0.0.1") -> Iterator[Mailbox]:
    mailbox = Mailbox()
    with socket.socket() as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    controller = Controller(
        mailbox,
        hostname=host,
        port=port,
        authenticator=mailbox.authenticate,
        auth_require_tls=False,
    )
    controller.start()
    try:
        mailbox.url = f"smtp://{host}:{port}"
        yield mailbox
    finally:
        controller.stop()
