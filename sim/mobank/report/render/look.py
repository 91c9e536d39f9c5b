"""What all charts share: their words in both languages, and their colours."""

from collections.abc import Mapping

from mobank.base.quantities import Lang

TEXT: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "reported": "reported", "unverified": "reported, unverified", "median": "median", "band": "central {}%",
        "above": "5% of runs above", "below": "5% of runs below", "start": "start {}", "first_year": "{}\nyear-end",
        "runs": "Bands: central 50, 80 and 90% of {:,} runs.", "points": "Points: middle of the reported range.",
        "cut": "The vertical axis does not start at zero.", "share": "%", "ratio": "ratio",
        "growth": "Monthly active users: who comes and who goes", "gross_adds": "new registrations",
        "resurrected": "resurrected (back again)", "lost": "lost (no longer active)", "net": "net change",
        "net_of": "net\n{}", "yearly": "{} a year",
        "sums": "Mean of all runs. Someone who leaves and comes back within a year is counted both times.",
        "bands": "central 50, 80, 90%", "against": "{}: median, 90%", "reference": "reference", "outline": "outline",
        "printed": "as it will be printed, with redefinitions and rounding: central 90%",
        "in_print": "in print, 90%",
        "break": "definition changes", "undefined": "undefined in every month", "points_apart": "percentage points",
        "points_short": " pp", "described": "Fan chart by month, {} to {}.",
        "month_described": "{}: median {}, 90% of runs from {} to {}.",
        "part": "{}–{}", "months": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    },
    "zh": {
        "reported": "已披露", "unverified": "已披露（未核实）", "median": "中位数", "band": "{}%区间",
        "above": "5%的模拟高于此值", "below": "5%的模拟低于此值", "start": "起点 {}", "first_year": "{}\n年末",
        "runs": "色带：{:,}次模拟中居中的50%、80%和90%。", "points": "圆点：披露区间的中点。",
        "cut": "纵轴不从零开始。", "share": "%", "ratio": "比值",
        "growth": "月活用户：来了多少，走了多少", "gross_adds": "新增注册",
        "resurrected": "回流用户", "lost": "流失用户", "net": "净变化",
        "net_of": "净\n{}", "yearly": "{}/年", "sums": "全部模拟的平均值。一年内流失又回流的用户，两边各计一次。",
        "bands": "50%、80%、90%区间", "against": "{}：中位数、90%区间", "reference": "对照", "outline": "轮廓",
        "printed": "披露值（计入口径变更与取整）：90%区间", "in_print": "披露值90%区间",
        "break": "统计口径变更", "undefined": "各月均无数值", "points_apart": "个百分点",
        "points_short": "个百分点", "described": "逐月扇形图，{}至{}。",
        "month_described": "{}：中位数{}，90%的模拟在{}至{}之间。",
        "part": "{}至{}", "months": "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    },
}  # fmt: skip

INK, GREY, PALE = "#17293a", "#5f6c78", "#e3e7eb"
MEDIAN = "#0d4a78"
BANDS = {90: "#dce8f2", 80: "#b7d0e4", 50: "#7fabcd"}  # one hue; each step is seen in grey print too
GAINED, LOST = ("#1f6596", "#9cc3de", "#cfe2ef"), ("#dba58f", "#ecccbf", "#b87355")
REFERENCE, TARGET = "#4b5560", "#b8552b"
