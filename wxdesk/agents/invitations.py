"""Links by which a person chooses a password: signed, good once and for seven days.

A link names the person's session epoch, which grows when it is used or renewed; until when it is
good stands in the person's row.
"""

from __future__ import annotations

from itsdangerous import BadSignature, URLSafeSerializer

SALT = "wxdesk-invitation"
LONGEST_TOKEN = 200


def token_of(secret_key: str, agent_id: int, session_epoch: int) -> str:
    """The last part of the link's address."""
    return str(URLSafeSerializer(secret_key, salt=SALT).dumps([agent_id, session_epoch]))


def read_token(secret_key: str, token: str) -> tuple[int, int] | None:
    """Agent id and session epoch; None when we have not made it."""
    try:
        values = URLSafeSerializer(secret_key, salt=SALT).loads(token[:LONGEST_TOKEN])
    except BadSignature:
        return None
    agent_id, session_epoch = values
    return int(agent_id), int(session_epoch)
