"""The grammar of a scenario file as one table, and the JSON Schema made from it that helps people in their editors.

The readers decide what a scenario means; this table tells what may stand where, in the two languages of its writers. A
test holds its names against those that the readers take. The schema is lenient where a file extends another, since
what is missing may stand there: it never refuses what the readers take, and finds unknown keys and wrong types.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mobank.model.grammar import Model, Parameter
from mobank.scenario.desk_study import CHANNELS, NUMBERS, StudyNumber
from mobank.scenario.network import KINDS, ORDERS
from mobank.scenario.reader import REQUIRED
from mobank.scenario.values import FIGURE_EVIDENCE, LEVER_EVIDENCE, plain, written

Fragment = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FILE_NAME = "scenario.schema.json"


class Field(NamedTuple):
    """One key: its name, what stands under it, what it says in both languages, and how it may look.

    Parameters
    ----------
    shape : a noun of `GRAMMAR`, or one of `_shapes`; "each ..." is a mapping whose keys the file itself chooses.
    example : what to write, in YAML.
    """

    name: str
    shape: str
    en: str
    zh: str
    example: str = ""


def _whence(shape: str, tags: Sequence[str]) -> tuple[Field, ...]:
    return (
        Field("evidence", shape, f"How the number is known: {', '.join(tags)}.", f"证据等级：{'、'.join(tags)}。",
              tags[-1]),
        Field("source", "text", "Where the number comes from: document, page, date.", "数字出处：文件、页码、日期。"),
        Field("reason", "text", "Why this number, where there is no source.", "没有出处时，为什么取这个数。",
              "why this size / 为什么取这个大小"),
        Field("note", "text", "Anything else worth knowing.", "其他说明。"),
    )  # fmt: skip


_WHENCE = _whence("any evidence", LEVER_EVIDENCE + FIGURE_EVIDENCE)
_LEVER_WHENCE = _whence("lever evidence", LEVER_EVIDENCE)

_VALUE = (
    Field("value", "quantity", "Exactly this number.", "确定的数。", "3%"),
    Field("low", "quantity", "Lower end: 5 % of the prior lie below.", "下限：先验的 5% 低于此数。", "3%"),
    Field("high", "quantity", "Upper end: 5 % of the prior lie above.", "上限：先验的 5% 高于此数。", "9%"),
    Field("median", "quantity", "Middle of the prior, with sigma.", "先验的中位数，与 sigma 同用。", "5%"),
    Field("sigma", "quantity", "Standard deviation on the log (shares: logit) scale.", "对数（占比为 logit）标准差。",
          "0.4"),
    Field("mean", "quantity", "Mean of a normal prior, with sd: for drifts and additions.",
          "正态先验的均值，与 sd 同用：用于趋势和增量。", "5%"),
    Field("sd", "quantity", "Standard deviation of a normal prior.", "正态先验的标准差。", "4%"),
    *_WHENCE,
)  # fmt: skip

_EVENT = (
    Field("parameter", "parameter", "Which number of the model it changes; see mobank describe.",
          "改变模型的哪个参数；见 mobank describe。", "revive_rate"),
    Field("multiply", "value", "Times this factor: +12%, -8% or 1.2; or {low, high}. One of multiply, set and add.",
          "乘以系数：+12%、-8% 或 1.2；或 {low, high}。multiply、set、add 三选一。", "{low: +5%, high: +30%}"),
    Field("set", "capacity", "To this value, in the parameter's unit.", "设为此值，单位与参数相同。", "1%"),
    Field("add", "value", "Plus this, in the parameter's unit.", "增加此值，单位与参数相同。", "0.2%"),
    Field("for", "bands", "Bands of the customers; several of one dimension: any of them; of several: both. "
          "Left out: everybody.", "作用的客群；同一维度为“或”，不同维度为“且”；不写为全体。", "[over_60]"),
    Field("from", "when it begins", "The first month: a month, {between: [a, b]} or {mean_gap_months, after}.",
          "开始月份：一个月，或 {between: [a, b]}，或 {mean_gap_months, after}。", "2024-01"),
    Field("until", "month", "The last month, where `from` is one month.", "最后一个月（from 为单个月时）。", "2025-12"),
    Field("lasts_months", "quantity", "How many months it is in force; left out: for ever.",
          "持续几个月；不写为一直有效。", "24"),
    Field("ramp_months", "quantity", "Months until the full effect.", "逐步见效所需月数。", "6"),
    Field("half_life_months", "quantity", "Months in which the effect halves, after its full rise.",
          "全面见效后，效果减半所需月数。", "36"),
    *_LEVER_WHENCE,
)  # fmt: skip

GRAMMAR: Mapping[str, tuple[Field, ...]] = {
    "scenario": (
        Field("extends", "text", "The file that this one changes, by path or name; write only what differs.",
              "本文件所修改的文件（路径或名称）；只写不同之处。", "baseline.yaml"),
        Field("subject", "a question", "What the figures are about.", "数据的对象。", "ICBC personal mobile banking"),
        Field("question", "a question", "What you want to know.", "想回答的问题。"),
        Field("start", "month", "The month of the figures from which a run starts.", "起点月份，须有公布数据。",
              "2022-12"),
        Field("until", "month", "The last month.", "最后一个月。", "2027-12"),
        Field("posterior", "text", "Fitted draws that runs start from, by name or folder; else priors and figures.",
              "起点所用的校准后验（名称或文件夹）；不写则只用先验和公布数据。", "icbc_mobile"),
        Field("definitions", "each definition", "What exactly the figures count, by name.", "各指标的口径，名称自定。"),
        Field("reported", "each measure", "What the bank has reported.", "银行公布的数据。"),
        Field("segments", "each dimension", "How the customers are divided: dimensions, each with bands.",
              "客户如何划分：若干维度，每个维度分若干段。"),
        Field("parameters", "each parameter", "What is thought of each number of the model.",
              "模型各参数的取值或先验。"),
        Field("mixing", "mixing", "Who meets whom along a dimension; the rest in proportion.",
              "同一维度内谁与谁接触；未写的按比例。"),
        Field("season", "each season", "Which months of the year are higher or lower.", "各月的季节高低。"),
        Field("shocks", "shocks", "Good and bad years of the whole bank.", "全行的好年份与坏年份。"),
        Field("drift", "each drift", "A trend of the product that fades.", "逐渐减弱的产品趋势。"),
        Field("levers", "each lever", "What the bank chooses to do.", "银行主动采取的举措。"),
        Field("events", "each event", "What befalls the bank.", "不由银行决定的事件。"),
        Field("asks", "each ask", "What the run should tell the chance of.", "要回答概率的问题。"),
        Field("network", "network", "Who knows whom, person by person; for --fidelity agents.",
              "逐人的社交网络；仅用于 --fidelity agents。"),
    ),
    "question": (
        Field("zh", "text", "The question in Chinese.", "中文问题。"),
        Field("en", "text", "The question in English.", "英文问题。"),
    ),
    "figure": (
        Field("figure", "quantity", "The figure as printed; its wording says how exact it is.",
              "公布的原文；措辞（超、近、约）决定精度。", "超1.74亿户"),
        Field("wording", "text", "The original wording, where it says more than the figure.", "公布的原文。"),
        Field("definition", "text", "Which of the definitions it follows.", "所用口径的名称。"),
        Field("stale_share", "quantity", "The chance that the true number was beyond the range when it was printed; "
              "left out: 2% after 超, else none.", "公布时真实值已超出该范围的概率；不写：“超”为 2%，其余为 0。", "4%"),
        *_whence("figure evidence", FIGURE_EVIDENCE),
    ),
    "definition": (
        Field("counts", "text", "What is counted: which apps, which customers.", "统计对象：哪些应用、哪些客户。"),
        Field("window_days", "quantity", "Active within so many days.", "活跃统计窗口（天）。", "30"),
        Field("against", "text", "The definition that this one is a break from.", "与之断点的另一口径。"),
        Field("factor", "value", "How its figures compare with those; left out: 5 % a year to either side.",
              "与该口径之比；不写为每年上下 5%。", "{low: 0.8, high: 1.1}"),
        *_WHENCE,
    ),
    "band": (
        Field("share", "quantity", "Share of the customers; the bands of a dimension sum to 100%.",
              "占客户的比例；同一维度合计 100%。", "20%"),
        Field("factors", "each factor", "Times the base value, by parameter.", "各参数乘以的系数。"),
        Field("values", "each own value", "In place of the base value, by parameter.", "各参数替换的值。"),
        *_WHENCE,
    ),
    "spread": (
        Field("sigma", "quantity", "Standard deviation of the log of what a person's rates are multiplied by.",
              "个人差异（系数的对数标准差）。", "0.8"),
        Field("classes", "quantity", "How many classes stand for the spread; 3 if left out.", "用几类人代表；默认 3。",
              "3"),
        Field("parameters", "rates", "The rates that differ, all by one factor a person.", "哪些率因人而异。",
              "[innovation_rate]"),
        *_LEVER_WHENCE,
    ),
    "value": _VALUE,
    "capacity": (
        Field("desk", "text", "A desk study, by path or name, whose set-ups a month are the capacity; see mobank desk.",
              "服务台研究文件（路径或名称）：以其每月开通数为能力；见 mobank desk。", "desks/remote_service.yaml"),
        *_VALUE,
    ),
    "season": (
        Field("by_month", "twelve", "Twelve factors, January first.", "十二个系数，从一月起。"),
        *_WHENCE,
    ),
    "shock": (
        Field("size", "value", "Standard deviation of the log from year to year.", "年度波动（对数标准差）。", "20%"),
        Field("persistence", "value", "How much of a year's luck is left in the next.",
              "上一年运气延续到下一年的比例。", "50%"),
        Field("tails", "quantity", "Degrees of freedom of Student's t; left out: normal.", "t 分布自由度；不写为正态。",
              "5"),
        *_WHENCE,
    ),
    "correlation of shocks": (
        Field("correlation", "value", "Between the paths, −1 to 1.", "两条路径的相关系数。", "0.3"),
        Field("wiggle", "value", "Small luck within a year, which year-ends do not show.", "年内小波动，年末看不出。",
              "2%"),
    ),
    "drift": (
        *_VALUE,
        Field("half_life_months", "quantity", "Months in which the trend halves.", "趋势减半所需月数。", "36"),
    ),
    "mixing": _LEVER_WHENCE,
    "event": _EVENT,
    "lever": (
        *_EVENT[:6],
        Field("when", "trigger", "What sets a policy off, in place of a date.", "触发条件，代替日期。",
              "{measure: mau, below: 1.7亿, for_months: 2}"),
        *_EVENT[6:10],
        Field("cost", "cost", "What it costs.", "花费。", "{once: 3000万元, a_month: 50万元}"),
        *_EVENT[10:],
    ),
    "date": (
        Field("between", "two months", "It begins in one of these months, drawn anew in every run.",
              "在这两个月之间开始，每次运行随机。", "[2024-01, 2024-06]"),
        Field("mean_gap_months", "quantity", "It comes again and again, with this mean gap.",
              "反复出现，平均间隔月数。", "18"),
        Field("after", "month", "The month after which it may first come.", "从此月之后才可能出现。", "2022-12"),
    ),
    "trigger": (
        Field("measure", "measure to watch", "Which measure is watched.", "观察的指标。", "mau"),
        Field("below", "quantity", "Sets off below this level; or above.", "低于此值触发；或用 above。", "1.7亿"),
        Field("above", "quantity", "Sets off above this level.", "高于此值触发。", "2亿"),
        Field("for_months", "quantity", "After so many months in a row.", "连续几个月。", "2"),
        Field("at_most", "quantity", "So many times at most.", "最多触发几次。", "2"),
        Field("budget_a_year", "quantity", "It stops when a calendar year has cost so much.", "每自然年预算上限。",
              "3亿元"),
    ),
    "cost": (
        Field("once", "quantity", "Yuan when it begins.", "启动时一次性花费（元）。", "3000万元"),
        Field("a_month", "quantity", "Yuan in each month that it lasts.", "持续期间每月花费（元）。", "50万元"),
    ),
    "ask": (
        Field("measure", "measure", "Which measure is asked about.", "所问的指标。", "mau"),
        Field("at_least", "quantity", "This or more. One of at_least, at_most and between.",
              "不低于。at_least、at_most、between 三选一。", "2亿"),
        Field("at_most", "quantity", "This or less.", "不高于。", "1.5亿"),
        Field("between", "two quantities", "From the first to the second, with `in`.", "在两者之间，与 in 同用。",
              "[1.8亿, 2.2亿]"),
        Field("reaches_first", "condition", "A race: this condition is met before that of `before`.",
              "竞赛：此条件先于 before 达到。", "{measure: mau, at_least: 2亿}"),
        Field("before", "condition", "The condition that it races against.", "竞赛的对手条件。",
              "{measure: registered, at_least: 6亿}"),
        Field("by", "month", "Met once, in this month or earlier.", "最迟到此月达到过一次。", "2025-12"),
        Field("in", "month", "Met in this very month.", "恰在此月满足。", "2025-12"),
    ),
    "network": (
        Field("kind", "kind of network", "How people are tied: communities, small_world or scale_free.",
              "网络类型：communities（社区）、small_world（小世界）、scale_free（无标度）。", "communities"),
        Field("contacts", "quantity", "Contacts of a person, on average.", "每人平均联系人数。", "8"),
        Field("community", "quantity", "People of a community.", "每个社区的人数。", "2000"),
        Field("household", "quantity", "People of a household, who all know one another.", "每户人数，户内互相认识。",
              "3"),
        Field("far", "quantity", "Share of the other ties that go anywhere.", "其余联系中不限地域的比例。", "5%"),
        Field("homophily", "quantity", "Share of the other ties that stay within the own segment, anywhere.",
              "其余联系中限于同一客群（不限地域）的比例。", "10%"),
        Field("exponent", "quantity", "Scale-free: twice the contacts are 2^exponent times as rare.",
              "无标度指数：联系人数加倍，人数降为 2^指数 分之一。", "2.5"),
        Field("seeds", "seeds", "Whom the bank reaches first.", "银行最先触达谁。"),
        *_LEVER_WHENCE,
    ),
    "seeds": (
        Field("people", "quantity", "How many people.", "人数。", "2万"),
        Field("flow", "flow", "The flow that they take.", "经由的流程。", "assist"),
        Field("month", "month", "In which month.", "哪个月。", "2023-01"),
        Field("first", "order of seeds", "Who comes first: random, most_connected or communities, one after another.",
              "先触达谁：random（随机）、most_connected（联系人最多）、communities（逐个社区）。", "most_connected"),
    ),
    "condition": (
        Field("measure", "measure", "Which measure.", "指标。", "mau"),
        Field("at_least", "quantity", "This or more.", "不低于。", "2亿"),
        Field("at_most", "quantity", "This or less.", "不高于。", "1.5亿"),
    ),
}  # fmt: skip

OFF: Fragment = {"type": "string", "pattern": "^off$"}  # a `const` would be offered as "off" in quotes, another thing
QUANTITY: Fragment = {"type": ["string", "number"]}
MONTH: Fragment = {"type": "string"}


def schema(model: Model) -> Fragment:
    """Return the JSON Schema (draft 2020-12) of scenario files for a model, ready for `json.dumps`."""
    shapes = _shapes(model)
    defs = {noun: _mapping(fields, shapes) for noun, fields in GRAMMAR.items() if noun not in _SPREAD}
    top = defs.pop("scenario")
    return {
        "$schema": DRAFT,
        "title": "mobank scenario / 情景文件",
        **top,
        "if": {"required": ["extends"]},
        "else": {"required": list(REQUIRED)},
        "$defs": defs,
    }


def desk_schema() -> Fragment:
    """Return the JSON Schema of desk studies."""
    whence = {field.name: _field(field, _plain_shapes()[field.shape]) for field in _WHENCE}
    number = _or_number(_named({"value": QUANTITY} | whence))
    numbers = {name: _off(number) | _told(*_allowed(known)) for name, known in NUMBERS.items()}
    question = _named(dict.fromkeys(("zh", "en"), QUANTITY))
    own = {"extends": {"type": "string"}, "question": _or_number(question), "channel": {"enum": list(CHANNELS)}}
    return {"$schema": DRAFT, "title": "mobank desk study / 服务台研究文件", **_named(own | numbers)}


def _allowed(known: StudyNumber) -> tuple[str, str]:
    """Return the meaning of a number of a study and its plausible range, in English and in Chinese."""
    low, high = (written(end, known.scale.unit) for end in known.scale.plausible)
    return f"{known.en}; plausible: {low} to {high}", f"{known.zh}；合理范围 {low} 至 {high}"


_SPREAD = ("correlation of shocks", "mixing")  # nouns whose fields stand beside names of the model or of the file


def _shapes(model: Model) -> Mapping[str, Fragment]:
    """Return what may stand under a key, by the shape that the table gives it."""
    own = {p.name: p for p in model.parameters}
    by_segment = [p for p in model.parameters if not p.bank_wide]
    by_rate = [p.name for p in by_segment if p.unit == "rate"]
    stocks = [m.name for m in model.measures if m.stock]
    measures = {m.name: _told(m.meaning, m.zh) for m in model.measures}
    return {
        **_plain_shapes(),
        **{noun: _ref(noun) for noun in GRAMMAR},
        "value": _or_number(_ref("value")),
        "capacity": _or_number(_ref("capacity")),
        "kind of network": {"enum": list(KINDS)},
        "order of seeds": {"enum": list(ORDERS)},
        "rates": {"type": "array", "items": {"enum": by_rate}, "minItems": 1},
        "flow": {"enum": [flow.name for flow in model.flows if flow.source is not None]},
        "parameter": _enum((p.name, p.meaning, p.zh) for p in model.parameters),
        "measure": _enum((m.name, m.meaning, m.zh) for m in model.measures),
        "measure to watch": _enum((m.name, m.meaning, m.zh) for m in model.measures if m.stock),
        "each measure": _named({name: _off(_each(_off(_ref("figure")))) | measures[name] for name in stocks}),
        "each dimension": _each(_off(_each(_off(_ref("band"))) | {"properties": {"spread": _ref("spread")}})),
        "each parameter": _valued(own.values(), {resource.capacity for resource in model.resources}),
        "each own value": _valued(by_segment),
        "each factor": _named({p.name: _or_number(_ref("value")) | _told(p.meaning, p.zh) for p in by_segment}),
        "each season": _named({p.name: _off(_ref("season")) for p in own.values() if p.unit != "share"}),
        "each drift": _named({name: _or_number(_ref("drift")) for name in model.shocks}),
        "shocks": _shocks(model),
        "mixing": _mixing(),
    }


def _plain_shapes() -> Mapping[str, Fragment]:
    return {
        "text": {"type": ["string", "number"]},
        "quantity": QUANTITY,
        "month": MONTH,
        "two months": _list(MONTH, 2),
        "two quantities": _list(QUANTITY, 2),
        "twelve": _list(QUANTITY, 12),
        "bands": {"anyOf": [QUANTITY, {"type": "array", "items": QUANTITY, "minItems": 1}]},
        "a question": {"anyOf": [QUANTITY, _ref("question")]},
        "when it begins": {"anyOf": [MONTH, _ref("date")]},
        "any evidence": {"enum": [*LEVER_EVIDENCE, *FIGURE_EVIDENCE]},
        "lever evidence": {"enum": list(LEVER_EVIDENCE)},
        "figure evidence": {"enum": list(FIGURE_EVIDENCE)},
        "rows": _off(_each(_off(_each(QUANTITY)))),
        **{f"each {noun}": _each(_off(_ref(noun))) for noun in ("lever", "event", "ask", "definition")},
    }


# ------------ the parts


def _mapping(fields: Iterable[Field], shapes: Mapping[str, Fragment]) -> Fragment:
    return _named({field.name: _field(field, shapes[field.shape]) for field in fields})


def _field(field: Field, shape: Fragment) -> Fragment:
    shown = {"examples": [field.example]} if field.example and field.example[0] not in "[{" else {}
    return _off(shape) | _told(field.en, field.zh) | shown


def _told(en: str, zh: str) -> Fragment:
    return {"description": f"{zh}\n{en}" if zh else en}


def _named(properties: Mapping[str, Fragment]) -> Fragment:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _each(shape: Fragment) -> Fragment:
    return {"type": "object", "additionalProperties": shape}


def _ref(noun: str) -> Fragment:
    return {"$ref": f"#/$defs/{noun}"}


def _list(item: Fragment, count: int) -> Fragment:
    return {"type": "array", "items": item, "minItems": count, "maxItems": count}


def _or_number(mapping: Fragment) -> Fragment:
    return {"anyOf": [QUANTITY, mapping]}


def _off(shape: Fragment) -> Fragment:
    """Return the shape, or `off`, unless a text may stand there anyway."""
    alternatives = shape.get("anyOf", [shape])
    takes_text = any("string" in each.get("type", ()) for each in alternatives)
    return shape if takes_text else {"anyOf": [*alternatives, OFF]}


def _enum(options: Iterable[tuple[str, str, str]]) -> Fragment:
    """Return a choice; VS Code shows each option's own description."""
    known = list(options)
    return {
        "enum": [name for name, _, _ in known],
        "enumDescriptions": [f"{zh} / {en}" for _, en, zh in known],
    }


def _valued(parameters: Iterable[Parameter], capacities: Collection[str] = ()) -> Fragment:
    noun = {p.name: "capacity" if p.name in capacities else "value" for p in parameters}
    return _named({p.name: _or_number(_ref(noun[p.name])) | _told(*_plausible(p)) for p in parameters})


def _plausible(parameter: Parameter) -> Iterator[str]:
    """Return the meaning of a parameter and its plausible range, in English and in Chinese."""
    low, high = (plain(end if parameter.unit == "persons a month" else 100 * end) for end in parameter.plausible)
    unit_en, unit_zh = {"rate": ("% a month", "%／月"), "share": ("%", "%")}.get(parameter.unit, (" a month", "户／月"))
    yield f"{parameter.meaning}; plausible: {low} to {high}{unit_en}"
    yield f"{parameter.zh}；合理范围 {low} 至 {high}{unit_zh}"


def _shocks(model: Model) -> Fragment:
    paths = {name: _off(_ref("shock")) for name in model.shocks}
    shapes = {"value": _or_number(_ref("value"))}
    return _named(paths | {f.name: _field(f, shapes[f.shape]) for f in GRAMMAR["correlation of shocks"]})


def _mixing() -> Fragment:
    shapes = _plain_shapes()
    told = {field.name: _field(field, shapes[field.shape]) for field in GRAMMAR["mixing"]}
    return {"type": "object", "properties": told, "additionalProperties": shapes["rows"]}
