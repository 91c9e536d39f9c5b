"""The files that a bank of one's own begins with: its target, a baseline, and how to go on; in one language each."""

from mobank.base.errors import Place
from mobank.base.quantities import Lang, Month
from mobank.scenario.tree import Scalar, dump

HORIZON_MONTHS = 36  # of the first scenario
WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "target_head": "{name}: what has been counted, and what is thought of each number before.\n"
        "The calibration reads this file and scenarios/baseline.yaml extends it, so each number has one place.\n"
        "Figures come in by: mobank import FILE --into {bank}",
        "priors": "neutral priors, of no certain bank; write here only what you know better",
        "customers": "all personal customers of the bank, with or without an app",
        "customers_source": "said at mobank new-bank; replace it with your own count",
        "baseline_head": "With no new measures: the forecast that all others are compared with.",
        "question": "With no new measures, how many registered and monthly active users in three years?",
        "posterior": "what mobank calibrate {bank} writes",
        "until": "after the last month that is reported; a month such as 2030-12 may stand here too",
        "readme": """# {name}

How many people will be registered for our mobile banking, how many will use it each month, and how sure are we?

```sh
mobank import figures.xlsx --into {bank}   # the first time it writes figures.map.yaml: fill in what only you know
mobank import figures.xlsx --into {bank}   # reads the figures into calibration/banks/{bank}.yaml
mobank calibrate {bank}                    # some minutes
mobank run baseline                       # the forecast: outputs/…/report.html
```

Each month: `mobank import figures.xlsx --into {bank} --diff`, `mobank calibrate {bank} --update {bank}`,
`mobank run baseline`.

What if we do something? `mobank new "What if seniors come back?"` writes a scenario with every field explained.

| folder | what is in it |
|---|---|
| `calibration/banks/{bank}.yaml` | what has been counted, with sources, and what is thought before |
| `calibration/posteriors/{bank}/` | what the calibration found |
| `scenarios/` | one file a question |
| `outputs/` | runs: a page, a workbook, data |
""",
    },
    "zh": {
        "target_head": "{name}：已统计的数据，以及看到数据之前对各参数的看法（先验）。\n"
        "校准读此文件，scenarios/baseline.yaml 由它延伸，每个数字只有一处。\n"
        "数据由此导入：mobank import 文件 --into {bank}",
        "priors": "中性先验，不针对任何一家银行；此处只写您更清楚的内容",
        "customers": "全行个人客户，无论是否使用手机银行",
        "customers_source": "由 mobank new-bank 给出；请以自己的统计数替换",
        "baseline_head": "不采取新举措：其他情景都与它比较。",
        "question": "若不采取新举措，三年后注册用户和月活用户各有多少？",
        "posterior": "由 mobank calibrate {bank} 写出",
        "until": "从最后一个有数据的月份起；也可写具体月份，如 2030-12",
        "readme": """# {name}

手机银行会有多少注册用户？每月有多少人使用？把握有多大？

```sh
mobank import figures.xlsx --into {bank}   # 第一次写出 figures.map.yaml：填入只有您知道的内容
mobank import figures.xlsx --into {bank}   # 将数据读入 calibration/banks/{bank}.yaml
mobank calibrate {bank}                    # 几分钟
mobank run baseline                       # 预测结果：outputs/…/report.html
```

每月三步：`mobank import figures.xlsx --into {bank} --diff`，`mobank calibrate {bank} --update {bank}`，
`mobank run baseline`。

若采取某项举措会怎样？`mobank new "长者回来会怎样？"` 写出一个情景文件，每个字段都有说明。

| 文件夹 | 内容 |
|---|---|
| `calibration/banks/{bank}.yaml` | 已统计的数据及来源，以及先验 |
| `calibration/posteriors/{bank}/` | 校准结果 |
| `scenarios/` | 每个问题一个文件 |
| `outputs/` | 每次运行的网页、工作簿和数据 |
""",
    },
}


def target(bank: str, name: str, customers: str, month: Month, lang: Lang) -> str:
    """Return the text of a bank's target: neutral priors, and how many customers it has.

    Parameters
    ----------
    bank : the name of the file. name : of the bank, as it is printed.
    customers : a figure of a month, as a person writes it; "" where it is not known.
    """
    words = WORDS[lang]
    head = f"""{_comment(words["target_head"].format(name=name, bank=bank))}
extends: bank  # {words["priors"]}
subject: {_text(name)}
"""
    if not customers:
        return head
    return f"""{head}
definitions:
  personal_customers:
    counts: {_text(words["customers"])}

reported:
  customers:
    {month}:
      figure: {_text(customers)}
      definition: personal_customers
      source: {_text(words["customers_source"])}
      evidence: internal
"""


def baseline(bank: str, lang: Lang) -> str:
    """Return the text of a bank's first scenario: from its last month on, as the calibration left it."""
    words = WORDS[lang]
    months = f"{HORIZON_MONTHS}个月" if lang == "zh" else f"{HORIZON_MONTHS} months"
    return f"""{_comment(words["baseline_head"])}
extends: ../calibration/banks/{bank}.yaml
question: {_text(words["question"])}
until: {months}  # {words["until"]}
posterior: {bank}  # {words["posterior"].format(bank=bank)}
"""


def readme(bank: str, name: str, lang: Lang) -> str:
    """Return how to go on."""
    return WORDS[lang]["readme"].format(name=name, bank=bank)


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.splitlines())


def _text(text: str) -> str:
    """Return a text as YAML, in quotes where it needs them."""
    return dump(Scalar(text, Place("", 0), quoted=True)).rstrip("\n")
