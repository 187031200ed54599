"""What the scripted customers say: keywords, questions, and words after an agent's answer."""

from __future__ import annotations

from dataclasses import dataclass

NAMES = (
    "王小明",
    "李静",
    "张伟",
    "刘洋",
    "陈思思",
    "杨阳阳",
    "赵大海",
    "黄丽华",
    "周婷",
    "吴建国",
    "徐梦",
    "孙悦",
)

KEYWORDS = ("抽奖", "优惠", "营业时间", "优惠券", "活动", "地址", "会员", "积分")


# What customers do now and then instead of writing, in this order, so that a demo shows it all.
TURNS = (
    *("image", "voice", "emoticon", "location", "link", "tap", "file"),
    *("video", "scan", "miniprogrampage", "shortvideo"),
)
EMOTICONS = ("[微笑]", "[流泪][流泪]", "在吗[疑问]", "[玫瑰]", "急[抓狂]")
SCENES = ("booth_1", "store_renmin", "parcel_card")
CARDS: dict[str, dict[str, object]] = {
    "location": {"Label": "上海市黄浦区人民大道 185 号", "Scale": 16},
    "link": {
        "Title": "白色静音加湿器，卧室可用",
        "Description": "公众号文章里看到的就是这一款",
        "Url": "https://example.com/goods/42",
    },
    "file": {"Title": "开票资料.pdf", "FileTotalLen": 128_413},
    "miniprogrampage": {"Title": "我的订单", "PagePath": "pages/order/detail?id=42"},
}


@dataclass(frozen=True, slots=True)
class Story:
    """What a customer asks, what they add while nobody answers, what they say after an answer."""

    question: str
    while_waiting: tuple[str, ...]
    after_answer: tuple[str, ...]


STORIES = (
    Story(
        "你好，我的订单 {order} 三天了还没发货，能帮我催一下吗？",
        ("在吗？", "订单页面一直显示待发货"),
        ("好的，谢谢！", "还没收到发货短信，大概什么时候能发？"),
    ),
    Story(
        "上周买的外套尺码不对，怎么申请退款？",
        ("吊牌都还在的", "退货运费谁出呀"),
        ("明白了，我现在去申请，谢谢", "申请了，钱多久能退回来？"),
    ),
    Story(
        "快递显示已签收，可是我根本没收到！订单号 {order}",
        ("驿站也问过了，没有", "麻烦尽快处理一下，挺急的"),
        ("好，我等你们消息", "刚刚又看了一眼，还没收到[难过]"),
    ),
    Story(
        "请问可以开发票吗？抬头要写公司的",
        ("电子发票就行", "税号我稍后发给你们"),
        ("收到了，谢谢[愉快]", "邮箱里没看到发票，能再发一次吗？"),
    ),
    Story(
        "下单的时候地址填错了，还能改吗？订单 {order}",
        ("就是门牌号错了，应该是 3 栋 502",),
        ("太好了，谢谢客服小姐姐", "改好了吗？我这边看还是旧地址"),
    ),
    Story(
        "收到的杯子有一个碎了，可以补发吗？",
        ("我可以拍照片给你们看",),
        ("谢谢，处理得真快[强]", "补发的大概几天能到？"),
    ),
    Story(
        "充值了 200 元，会员余额没有到账",
        ("微信支付凭证我有", "能查一下吗"),
        ("到账了，谢谢！", "还是没有到账，再帮我看看吧"),
    ),
    Story(
        "你们周末门店几点关门？想去换个货",
        ("是人民广场那家店",),
        ("好的谢谢", "需要带小票吗？"),
    ),
    Story(
        "想问下这款加湿器有没有静音模式？晚上睡觉用",
        ("白色那款，链接我是在公众号看到的",),
        ("好的，那我下单了", "今天下单明天能到吗？"),
    ),
    Story(
        "中奖了怎么领取？页面打不开",
        ("一直转圈圈", "奖品会不会过期啊"),
        ("可以打开了，谢谢", "填了地址，多久寄出来？"),
    ),
)
