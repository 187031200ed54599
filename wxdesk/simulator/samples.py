"""Samples: files that customers send, and the templates that a new account has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "static" / "simulator" / "samples"
SAMPLE_OF_KIND = {
    "image": "photo.jpg",
    "voice": "voice.amr",
    "wide_voice": "voice-wide.amr",
    "video": "video.mp4",
    "shortvideo": "video.mp4",
    "thumb": "thumb.jpg",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template of template messages; `content` holds {{name.DATA}}."""

    template_id: str
    title: str
    content: str
    example: str = ""
    primary_industry: str = "IT科技"
    deputy_industry: str = "互联网|电子商务"


@dataclass(frozen=True, slots=True)
class SubscribeTemplate:
    """A template of subscription notices; a long-term one needs one grant for ever."""

    template_id: str
    title: str
    content: str
    example: str = ""
    is_long_term: bool = False


TEMPLATES = (
    Template(
        "Tm_order_shipped_simulated_000000000000001",
        "订单发货提醒",
        "订单编号：{{character_string1.DATA}}\n商品名称：{{thing2.DATA}}\n"
        "快递公司：{{thing3.DATA}}\n快递单号：{{character_string4.DATA}}\n"
        "发货时间：{{time5.DATA}}",
        "订单编号：20261122001\n商品名称：白色加湿器\n快递公司：顺丰速运\n"
        "快递单号：SF1234567890\n发货时间：2026年11月22日 10:00",
    ),
    Template(
        "Tm_refund_done_simulated_00000000000000002",
        "退款到账通知",
        "订单编号：{{character_string1.DATA}}\n退款金额：{{amount2.DATA}}\n"
        "到账时间：{{time3.DATA}}",
        "订单编号：20261122001\n退款金额：199.00元\n到账时间：2026年11月22日 18:00",
    ),
    Template(
        "Tm_ticket_reply_simulated_0000000000000003",
        "工单处理进度提醒",
        "工单编号：{{character_string1.DATA}}\n处理结果：{{thing2.DATA}}\n处理时间：{{time3.DATA}}",
        "工单编号：K-1024\n处理结果：已为您补发\n处理时间：2026年11月22日 15:30",
    ),
)
SUBSCRIBE_TEMPLATES = (
    SubscribeTemplate(
        "Sb_prize_result_simulated_0000000000000001",
        "抽奖结果通知",
        "活动名称:{{thing1.DATA}}\n抽奖结果:{{phrase2.DATA}}\n开奖时间:{{time3.DATA}}\n",
        "活动名称:秋季抽奖\n抽奖结果:已中奖\n开奖时间:2026年11月30日 20:00\n",
    ),
    SubscribeTemplate(
        "Sb_service_reply_simulated_000000000000002",
        "客服回复通知",
        "咨询问题:{{thing1.DATA}}\n回复内容:{{thing2.DATA}}\n回复时间:{{time3.DATA}}\n",
        "咨询问题:订单什么时候发货\n回复内容:今天发出\n回复时间:2026年11月22日 10:00\n",
    ),
)


def sample(name: str) -> bytes:
    """The bytes of a file of the samples folder."""
    return (FOLDER / name).read_bytes()


def sample_names() -> list[str]:
    """The names of the samples folder's files, sorted."""
    return sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".md")
