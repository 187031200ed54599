"""Every text of the phone page, in Chinese and English."""

from __future__ import annotations

from wxdesk.simulator.page_texts_en import ENGLISH
from wxdesk.simulator.page_texts_zh import CHINESE

__all__ = ["CHINESE", "ENGLISH", "TEXTS"]

TEXTS = {"zh": CHINESE, "en": ENGLISH}
