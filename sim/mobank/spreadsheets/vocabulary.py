"""The words of tables, Chinese and English: what counts are called, their units, sums, gaps and changes.

A name of the model is guessed from a whole label only, never from a part of it: 对公注册用户 is not 注册用户.
"""

import re
from decimal import Decimal
from functools import lru_cache

TODO = "TODO"

_MEASURES = {
    "registered": "注册用户 注册客户 累计注册用户 累计注册客户 手机银行客户 手机银行用户 个人手机银行客户 "
    "个人手机银行用户 手机银行注册用户 手机银行注册客户 个人手机银行注册客户 签约用户 "
    "手机银行签约客户 registered registeredusers registeredcustomers totalregistered "
    "mobilebankingcustomers mobilebankingusers mobilebankcustomers",
    "mau": "月活 月活用户 月活客户 月活跃用户 月活跃客户 月度活跃用户 月度活跃客户 月均活跃用户 移动端月活 "
    "手机银行月活 手机银行月活用户 手机银行月活客户 手机银行月活跃用户 手机银行月活跃客户 mau "
    "monthlyactiveusers monthlyactivecustomers monthlyactive",
    "gross_adds": "新增注册 新增注册用户 新增注册客户 新注册 新注册用户 新注册客户 手机银行新增注册 "
    "手机银行新增注册用户 grossadds grossadditions newregistrations newlyregistered",
    "customers": "个人客户 个人客户总 全量个人客户 零售客户 全行个人客户 customers personalcustomers "
    "retailcustomers totalcustomers allcustomers individualcustomers",
    "closed": "销户 注销 注销用户 注销客户 手机银行销户 手机银行注销 手机银行注销客户 closed closures "
    "closedaccounts deregistered deregistrations",
    "lost": "流失 流失用户 流失客户 lost lostusers lostcustomers",
    "dormant_users": "沉睡用户 沉睡客户 睡眠户 睡眠客户 休眠用户 休眠客户 dormant dormantusers dormantcustomers",
    "resurrected": "回流 回流用户 回流客户 召回用户 唤醒用户 resurrected resurrectedusers reactivated "
    "reactivatedusers",
}  # fmt: skip
_KNOWN = {word: measure for measure, words in _MEASURES.items() for word in words.split()}

_PERSONS = {
    "": 0, "千": 3, "万": 4, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "k": 3, "thousand": 3, "thousands": 3,
    "m": 6, "mn": 6, "million": 6, "millions": 6, "bn": 9, "billion": 9, "billions": 9,
}  # fmt: skip
_NOUN = r"(?:户|人|名|个|位|户数|人数|客户|用户|persons?|people|customers|users|accounts)"
_NO_PERSONS = r"(?:[万亿千百]*(?:元|美元|笔|次|台|家|张|只|天|分|小时|个月)|%|‰|pct|percent|百分点|bp|yuan|rmb|cny|usd)"
_UNIT_SAID = r"(?:单位|unit)s?\s*[:： ]\s*([^,，;；。)）\]\s]+)"
_IN_UNIT = (
    r"\b(?:in|unit)\s+((?:thousands|millions|billions|thousand|million|persons|people|customers|users)\b(?: of \w+)?)"
)
_BRACKETS = r"[(\[（【]([^()\[\]（）【】]*)[)\]）】]"
_NO_FIGURE = (
    "- -- --- — —— ― – / \\ . .. ... … * ** 无 暂无 缺 缺失 未统计 未披露 无数据 不适用 "
    "na n/a #n/a n.a. n.a nan null none nil tbd ? x"
)
MISSING = frozenset(_NO_FIGURE.split())
_TOTAL = (
    r"(?:合计|总计|总和|全行|全辖|全国|全部|汇总|总行合计|全行合计"
    r"|total|grandtotal|overall|all|bank|bankwide|whole|sum)"
)
_SUBTOTAL = r"(?:小计|.*小计|subtotal|sub-total)"
_NO_PERIOD = re.compile(
    r"(?:合计|总计|小计|总和|全年|累计|平均|均值|月均|年均|同比|环比|增[长幅速量减]|净增|变动|变化|较.*|比.*|占比|完成率|目标|排名|序号?"
    r"|编号|no\.?|id|#|备注|说明|注|note|notes|remarks?|comments?|total|sum|subtotal|average|avg|mean|change|growth|yoy|mom"
    r"|qoq|ytd|share|target|rank|%|单位|units?|口径|来源|数据来源|source)(?:.*(?:率|额|数|量|幅|值|%))?(?:\(.*\))?"
)
_ROLES = {
    "metric": "指标 指标名称 项目 科目 名称 数据项 metric metrics measure indicator item kpi",
    "region": "地区 区域 机构 机构名称 分行 一级分行 支行 行名 省份 省 城市 市 大区 region regions area branch "
    "province city segment 客群 卡种 渠道 channel",
    "period": "月份 月 年月 日期 时间 期间 统计月份 统计日期 数据日期 统计期 报告期 month months date period "
    "time yearmonth month_end monthend asof",
    "year": "年 年份 年度 year",
    "unit": "单位 计量单位 unit units",
    "definition": "口径 统计口径 定义 definition",
    "note": "备注 说明 注 备注说明 note notes remark remarks comment comments",
    "value": "数值 值 数据 人数 户数 本期 value values figure number count amount",
    "ignored": "序号 编号 行号 no no. # id 更新日期 更新时间 报送日期 入库时间 etl_date load_date loaded updated "
    "updated_at update_time created_at created 数据来源 来源 source",
}  # fmt: skip
_ROLE = {word: role for role, words in _ROLES.items() for word in words.split()}


@lru_cache(maxsize=4096)
def measure_called(label: str) -> str:
    """Return the name of the model for what a label calls; "" where the label is not known as a whole.

    Examples
    --------
    >>> measure_called("月活用户数（万户）"), measure_called("Gross adds"), measure_called("对公注册用户")
    ('mau', 'gross_adds', '')
    """
    alone = measure_called(re.sub(_BRACKETS, "", label)) if re.search(_BRACKETS, label) else ""
    bare = re.sub(_BRACKETS, lambda match: "" if _adds_nothing(match[1], alone) else match[0], label.casefold())
    bare = re.sub(r"[\s_:：*\-]+", "", bare)
    bare = re.sub(r"^(?:当月|本月|当期|月末|期末|其中|月度(?!活))", "", bare)
    for ending in ("", "总数", "数量", "人数", "户数", "总量", "数"):
        if bare.endswith(ending) and (measure := _KNOWN.get(bare.removesuffix(ending) if ending else bare)):
            return measure
    return ""


def _adds_nothing(bracket: str, measure: str) -> bool:
    """Return whether what stands in brackets is a unit, or another name of the same measure."""
    return bool(units_said(f"({bracket})")) or (bool(measure) and measure_called(bracket) == measure)


@lru_cache(maxsize=4096)
def unit_called(text: str) -> str | None:
    """Return a unit of persons as figures have it ("万户", "million", "户"); None where a text is none.

    A unit of something else, such as 亿元, is one of `counts_no_persons`.
    """
    bare = re.sub(r"[\s'’]", "", text.casefold())
    if re.fullmatch(r"(?:of)?", bare):
        return None
    scale = re.sub(rf"(?:of)?{_NOUN}$", "", bare)
    if scale not in _PERSONS or scale == bare == "":
        return None
    return _spelled(scale)


def _spelled(scale: str) -> str:
    chinese = {0: "户", 3: "千户", 4: "万户", 6: "百万户", 7: "千万户", 8: "亿户", 9: "十亿户"}
    if not scale or not scale.isascii():
        return chinese.get(_PERSONS[scale], "")
    return {"k": "thousand", "thousands": "thousand", "m": "million", "mn": "million", "millions": "million"}.get(
        scale, "billion" if scale in ("bn", "billions") else scale
    )


def counts_no_persons(text: str) -> bool:
    """Return whether a text is a unit of something that is not people: money, transactions, a share."""
    return re.fullmatch(_NO_PERSONS, re.sub(r"\s", "", text.casefold())) is not None


def power_of(unit: str) -> Decimal:
    """Return how many persons one of a unit is."""
    bare = re.sub(rf"{_NOUN}$", "", unit.casefold().strip())
    return Decimal(10) ** _PERSONS[bare]


def units_said(text: str) -> list[str]:
    """Return the units that a title or a label names: after 单位, in brackets, or as in "in millions"."""
    said = [match[1] for match in re.finditer(_UNIT_SAID, text, re.IGNORECASE)]
    said += [match[1] for match in re.finditer(_IN_UNIT, text, re.IGNORECASE)]
    said += [match[1] for match in re.finditer(_BRACKETS, text)]
    words = [word for each in said for word in re.split(r"[/、,，]|(?<=[户人])和", each)]
    return [word for word in words if unit_called(word) is not None or counts_no_persons(word)]


def without_unit(label: str) -> str:
    """Return a label without the unit in brackets."""
    return re.sub(_BRACKETS, lambda match: "" if units_said(match[0]) else match[0], label).strip()


def is_missing(text: str) -> bool:
    """Return whether a text stands where there is no figure."""
    return text.casefold() in MISSING


def is_total(text: str) -> bool:
    """Return whether a text names the whole of what is divided."""
    return re.fullmatch(_TOTAL, re.sub(r"[\s_]", "", text.casefold())) is not None


def is_subtotal(text: str) -> bool:
    """Return whether a text names the sum of some parts."""
    return re.fullmatch(_SUBTOTAL, re.sub(r"\s", "", text.casefold())) is not None


def is_no_period(text: str) -> bool:
    """Return whether a heading names something other than a period, such as a sum or a change."""
    return _NO_PERIOD.fullmatch(re.sub(r"\s", "", text.casefold())) is not None


def role_called(heading: str) -> str:
    """Return what a heading says stands below it: metric, region, period, year, unit, definition, note, …; else ""."""
    bare = re.sub(r"[\s:：]", "", heading.casefold())
    if role := _ROLE.get(bare, ""):
        return role
    if re.fullmatch(r".*(?:_definition|口径|definition)", bare):
        return "definition"
    return (
        "region"
        if re.fullmatch(r"(?:region|branch|province|机构|地区|分行)(?:_?(?:id|code|name|no)|号|代码|名称)", bare)
        else ""
    )
