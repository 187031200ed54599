"""Customer-service messages and typing (docs/wechat.md#sending)."""

from __future__ import annotations

from wxdesk.wechat.calls import Caller
from wxdesk.wechat.content import Content, Text, custom_message
from wxdesk.wechat.transport import Call

SEND, TYPING = "message/custom/send", "message/custom/typing"


class MessageCalls(Caller):
    """Part of Client; never repeated by itself."""

    def send(self, openid: str, content: Content) -> None:
        """Send a customer-service message; returns when WeChat has accepted it.

        Raises DeliveryError; `is_ambiguous` when WeChat may have accepted it all the same.
        WeChat gives neither a message id nor a receipt (docs/wechat.md#sending).
        """
        self.ask(Call(SEND, custom_message(openid, content)))

    def send_text(self, openid: str, text: str) -> None:
        """`send` of a Text."""
        self.send(openid, Text(text))

    def set_typing(self, openid: str, *, is_typing: bool) -> None:
        """Show or end 对方正在输入; 45080 and 45081 only say that it can't be shown now."""
        command = "Typing" if is_typing else "CancelTyping"
        self.ask(Call(TYPING, {"touser": openid, "command": command}))
