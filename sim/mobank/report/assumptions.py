"""Every number that a scenario rests on, one row each: what it is, what it may be, and where it comes from."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Literal

from mobank.base.quantities import Lang, format_factor, format_money, format_share
from mobank.dynamics.printed import rate_quantiles
from mobank.model.grammar import Model
from mobank.report.wording import contact_share, lever_in_words
from mobank.scenario.scenario import NO_COST, Band, Breaks, Figure, Lever, Provenance, Reporting, Scenario, Value

Group = Literal["posterior", "definitions", "segments", "parameters", "mixing", "network", "season", "shocks", "drift",
                "noise", "pool", "campaigns", "written_off", "levers", "events", "reporting"]  # fmt: skip
UNVERIFIED, INTERNAL, ASSUMED = "unverified", "internal", "assumption"
OWN_SYSTEMS: Mapping[Lang, str] = {
    "en": "{} of the figures are from the bank's own systems, as of {}.",
    "zh": "其中{}个数据来自行内系统，截至{}。",
}
ADMITTED = (UNVERIFIED, "not checked", "未核实")
BETWEEN = re.compile(r"low (\S.*), high (\S[^,]*)")
NETWORK: Mapping[str, str] = {
    "contacts": "number",
    "community": "number",
    "household": "number",
    "far": "share",
    "homophily": "share",
    "exponent": "number",
}

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "segments": "segments", "parameters": "parameters", "mixing": "contacts", "season": "season",
        "shocks": "shocks", "drift": "drift", "noise": "noise", "pool": "pool", "levers": "levers", "events": "events",
        "posterior": "posterior", "definitions": "definitions", "network": "network",
        "fitted": "{:,} draws fitted to the figures; they stand in place of the priors of what was fitted",
        "break": "figures of {}, times those of {}", "contacts": "contacts of a person, on average",
        "community": "people of a community", "household": "people of a household", "far": "contacts anywhere",
        "homophily": "far contacts of the own segment", "exponent": "exponent of the tail", "of_": "",
        "everybody": "everybody", "bank": "whole bank", "share": "share of customers", "meets": "contacts with {}",
        "factor": "{}, times that of everybody", "instead": "{}, instead of that of everybody",
        "month": "{}, in month {}", "size": "size of yearly shocks", "persistence": "persistence from year to year",
        "correlation": "correlation of the shocks", "wiggle": "wiggle within a year",
        "drift_of": "drift, half-life {:g} months", "growth": "growth in the long run, half-life {:g} months",
        "start": "growth at the first figure, above that", "change": "what chance adds to the growth in a year, sd",
        "unknown_season": "unknown season of {}, sd of the log",
        "campaigns": "campaigns so far", "campaign": "effect of a campaign on {} from {} to {} (announced {}), log "
                     "scale; forecasts are without further campaigns",
        "written_off": "clean-ups so far", "clean_up": "dormant {} written off in {}",
        "noise_of": "noise of monthly figures of {}, sd of the log",
        "headroom": "people beyond the first figure, as a multiple of it",
        "once": "cost, once", "a_month": "cost, each month",
        "of_share": "share", "of_rate": "per person per month", "of_persons a month": "persons a month",
        "reporting": "in print", "redefinitions": "redefinitions of active users",
        "clean_ups": "clean-ups of dormant registrations", "jumps_a_year": "{}, a year",
        "jumps_known": "{}: years of one bank that the rate is known from", "jumps_up": "{}: share that is upward",
        "jumps_share": "{}, kind {}: share of all", "jumps_mean": "{}, kind {}: mean of the size, log scale",
        "jumps_sd": "{}, kind {}: standard deviation of the size",
        "of_count": "persons", "of_factor": "times", "of_growth": "per year", "of_number": "number", "of_yuan": "yuan",
    },
    "zh": {
        "segments": "客群", "parameters": "参数", "mixing": "接触", "season": "季节", "shocks": "冲击", "drift": "趋势",
        "noise": "噪声", "pool": "潜在总体", "levers": "举措", "events": "事件", "posterior": "后验",
        "definitions": "口径", "network": "社交网络",
        "fitted": "按披露数字拟合的{:,}组抽样，代替所拟合参数的先验", "break": "{}口径的数字，相对{}口径的倍数",
        "contacts": "每人平均联系人数", "community": "社区人数", "household": "家庭人数", "far": "社区外的联系",
        "homophily": "远处联系中同客群的占比", "exponent": "尾部指数", "of_": "",
        "everybody": "全体", "bank": "全行", "share": "客户占比",
        "meets": "与{}的接触", "factor": "{}，相对全体的倍数", "instead": "{}，代替全体的取值", "month": "{}，{}月",
        "size": "年度冲击的大小", "persistence": "逐年的持续性", "correlation": "冲击的相关系数", "wiggle": "年内波动",
        "drift_of": "趋势，半衰期{:g}个月", "growth": "长期增长，半衰期{:g}个月",
        "start": "首个公布数时高出长期增长的幅度",
        "change": "增长一年内的随机变动（标准差）", "unknown_season": "{}的未知季节幅度（对数标准差）",
        "campaigns": "已有活动", "campaign": "活动对{}的影响（{}至{}，{}公布，对数）；预测不含此后的活动",
        "written_off": "已有清理", "clean_up": "{1}清理的沉睡{0}",
        "noise_of": "{}月度公布数的噪声（对数标准差）", "headroom": "首个公布数之外的人数（倍数）",
        "once": "一次性费用", "a_month": "每月费用",
        "reporting": "披露", "redefinitions": "活跃用户口径变更", "clean_ups": "沉睡注册清理",
        "jumps_a_year": "{}，每年", "jumps_known": "{}：频率所依据的单家银行年数", "jumps_up": "{}：上调占比",
        "jumps_share": "{}，第{}类：占比", "jumps_mean": "{}，第{}类：幅度均值（对数）",
        "jumps_sd": "{}，第{}类：幅度标准差",
        "of_share": "占比", "of_rate": "每人每月", "of_persons a month": "户/月", "of_count": "户", "of_factor": "倍",
        "of_growth": "每年", "of_number": "数值", "of_yuan": "元",
    },
}  # fmt: skip
EVIDENCE: Mapping[Lang, Mapping[str, str]] = {
    "en": {"internal": "own system"},
    "zh": {
        "internal": "行内系统",
        "article": "报道",
        "secondary": "二手来源",
        "unverified": "未核实",
        "test": "试验",
        "analogue": "类比",
        "assumption": "假设",
        "source": "有来源",
        "reason": "有理由",
    },
}


@dataclass(frozen=True)
class Assumption:
    """One number, in one language.

    Parameters
    ----------
    name : parameter, band, lever or shock path as it is called in the scenario.
    what : the number in words. of : whom it is about.
    low, middle, high : 5, 50 and 95 % quantiles of what is thought of it; all equal if it is known exactly.
    unit : "share", "rate", "persons a month", "factor", "growth", "number" or "yuan"; "" for what is no number;
        `unit_in_words` for people.
    """

    group: Group
    name: str
    what: str
    of: str
    written: str
    low: float
    middle: float
    high: float
    unit: str
    whence: Provenance

    def unit_in_words(self, lang: Lang) -> str:
        """Return the unit as a reader calls it."""
        return WORDS[lang][f"of_{self.unit}"]

    def value_in_words(self, lang: Lang) -> str:
        """Return the value as written, a prior as "3% – 10%"; what is worked out, as a label of its unit."""
        if self.written:
            return BETWEEN.sub(r"\1 – \2", self.written)
        if self.unit == "yuan":
            return format_money(self.low, lang)
        labels = {"share": format_share, "factor": format_factor}
        return labels.get(self.unit, "{:g}".format)(self.low)

    @property
    def evidence(self) -> str:
        """The evidence tag, else whether a source or a reason is given; "unverified" where these themselves say so."""
        if is_unverified(self.whence):
            return UNVERIFIED
        return self.whence.evidence or ("source" if self.whence.source else "reason")


def is_unverified(whence: Provenance) -> bool:
    """Return True for what is tagged so, and where a source or a reason says of itself that it is not checked."""
    said = f"{whence.source} {whence.reason}".lower()
    return whence.evidence == UNVERIFIED or any(word in said for word in ADMITTED)


def evidence_in_words(tag: str, lang: Lang) -> str:
    """Return an evidence tag as a reader calls it."""
    return EVIDENCE[lang].get(tag, tag)


def from_own_systems(figures: Iterable[Figure], lang: Lang) -> list[str]:
    """Return how many figures are from the bank's own systems, and of which month the last is; nothing if none is."""
    own = [figure for figure in figures if figure.provenance.evidence == INTERNAL]
    return [OWN_SYSTEMS[lang].format(len(own), max(figure.month for figure in own))] if own else []


def assumptions(scenario: Scenario, model: Model, lang: Lang) -> list[Assumption]:
    """Return every number of a scenario but the reported figures, in the order of its file."""
    rows = _Rows(scenario, model, lang)
    return [
        *rows.posterior(),
        *rows.definitions(),
        *rows.segments(),
        *rows.parameters(),
        *rows.mixing(),
        *rows.network(),
        *rows.season(),
        *rows.shocks(),
        *rows.observed(),
        *rows.past_events(),
        *rows.levers(),
        *rows.reporting(),
    ]


class _Rows:
    def __init__(self, scenario: Scenario, model: Model, lang: Lang) -> None:
        self.scenario, self.model, self.lang, self.words = scenario, model, lang, WORDS[lang]

    def called(self, parameter: str) -> str:
        declared = self.model.parameter[parameter]
        return declared.zh if self.lang == "zh" else declared.meaning

    def value(
        self, group: Group, name: str, what: str, of: str, value: Value, unit: str, otherwise: Provenance | None = None
    ) -> Assumption:
        own = value.provenance
        whence = own if own.source or own.reason or otherwise is None else otherwise
        low, high = value.prior.central()
        return Assumption(group, name, what, of, value.text, low, value.prior.centre, high, unit, whence)

    def exactly(
        self, group: Group, name: str, what: str, of: str, number: float, unit: str, whence: Provenance
    ) -> Assumption:
        return Assumption(group, name, what, of, "", number, number, number, unit, whence)

    def posterior(self) -> Iterator[Assumption]:
        fitted, nothing = self.scenario.fitted, float("nan")
        if fitted:
            what = self.words["fitted"].format(fitted.rows)
            yield Assumption("posterior", fitted.name, what, self.words["bank"], fitted.digest, nothing, nothing,
                             nothing, "", Provenance(source=fitted.folder))  # fmt: skip

    def definitions(self) -> Iterator[Assumption]:
        for name, each in self.scenario.definitions.items():
            if each.factor:
                what = self.words["break"].format(name, each.against)
                yield self.value("definitions", name, what, self.words["bank"], each.factor, "factor", each.provenance)

    def network(self) -> Iterator[Assumption]:
        network = self.scenario.network
        if network is None:
            return
        for name, unit in NETWORK.items():
            number = float(getattr(network, name))
            if number:
                yield self.exactly(
                    "network", network.kind, self.words[name], self.words["everybody"], number, unit, network.provenance
                )

    def segments(self) -> Iterator[Assumption]:
        for band in self.scenario.bands:
            yield self.exactly(
                "segments", band.name, self.words["share"], band.name, band.share, "share", band.provenance
            )
            yield from self.of_band(band)

    def of_band(self, band: Band) -> Iterator[Assumption]:
        for name, value in band.factors.items():
            what = self.words["factor"].format(self.called(name))
            yield self.value("segments", name, what, band.name, value, "factor", band.provenance)
        for name, value in band.values.items():
            what = self.words["instead"].format(self.called(name))
            unit = self.model.parameter[name].unit
            yield self.value("segments", name, what, band.name, value, unit, band.provenance)

    def parameters(self) -> Iterator[Assumption]:
        for name, value in self.scenario.written.items():
            declared = self.model.parameter[name]
            of = self.words["bank" if declared.bank_wide else "everybody"]
            yield self.value("parameters", name, self.called(name), of, value, declared.unit)

    def mixing(self) -> Iterator[Assumption]:
        """Yield the contacts along each dimension, as a run meets them; in proportion to shares where unsaid."""
        said = self.scenario.whence
        for mine in self.scenario.bands if "mixing" in said else ():
            for theirs in (band for band in self.scenario.bands if band.dimension == mine.dimension):
                share = contact_share(self.scenario, mine.name, theirs.name)
                what = self.words["meets"].format(theirs.name)
                yield self.exactly("mixing", mine.dimension, what, mine.name, share, "share", said["mixing"])

    def season(self) -> Iterator[Assumption]:
        for name, factors in self.scenario.season.items():
            whence = self.scenario.whence[f"season.{name}"]
            for month, factor in enumerate(factors, start=1):
                what = self.words["month"].format(self.called(name), month)
                yield self.exactly("season", name, what, self.words["everybody"], factor, "factor", whence)
        for name, size in self.scenario.seasons.items():
            what = self.words["unknown_season"].format(self.measured(name))
            yield self.value("season", name, what, self.words["bank"], size, "share")

    def shocks(self) -> Iterator[Assumption]:
        words, scenario, bank = self.words, self.scenario, self.words["bank"]
        for name, shock in scenario.shocks.items():
            yield self.value("shocks", name, words["size"], bank, shock.size, "share")
            yield self.value("shocks", name, words["persistence"], bank, shock.persistence, "share")
            if shock.drift:
                what = words["drift_of"].format(shock.half_life_months)
                yield self.value("drift", name, what, bank, shock.drift, "growth")
            if shock.trend:
                what = words["growth"].format(shock.trend.half_life_months)
                yield self.value("drift", name, what, bank, shock.trend.mean, "growth")
                yield self.value("drift", name, words["start"], bank, shock.trend.start, "growth")
                yield self.value("drift", name, words["change"], bank, shock.trend.change, "growth")
        yield self.value("shocks", "correlation", words["correlation"], bank, scenario.correlation, "number")
        yield self.value("shocks", "wiggle", words["wiggle"], bank, scenario.wiggle, "share")

    def observed(self) -> Iterator[Assumption]:
        """Yield what lies between figures and what is counted, and who could register where nobody reports it."""
        bank = self.words["bank"]
        for name, size in self.scenario.noise.items():
            yield self.value("noise", name, self.words["noise_of"].format(self.measured(name)), bank, size, "share")
        if self.scenario.pool:
            yield self.value("pool", "headroom", self.words["headroom"], bank, self.scenario.pool.headroom, "factor")

    def past_events(self) -> Iterator[Assumption]:
        """Yield what happened in months that have been reported, and is not known by how much."""
        bank, words = self.words["bank"], self.words
        for each in self.scenario.campaigns:
            what = words["campaign"].format(each.path, each.first, each.last, each.announced)
            yield self.value("campaigns", each.name, what, bank, each.effect, "share")
        for month, persons in self.scenario.clean_ups.items():
            what = words["clean_up"].format(self.measured(self.model.origin.stock if self.model.origin else ""), month)
            yield self.value("written_off", str(month), what, bank, persons, "count")

    def measured(self, name: str) -> str:
        """Return a measure as a reader calls it, or a shock path as the file does."""
        known = self.model.measure.get(name)
        return name if known is None else known.zh if self.lang == "zh" else known.meaning

    def levers(self) -> Iterator[Assumption]:
        for lever in self.scenario.levers:
            group: Group = "levers" if lever.chosen else "events"
            of = ", ".join(lever.touches) or self.words["everybody"]
            unit = "factor" if lever.operation == "multiply" else self.model.parameter[lever.parameter].unit
            what = lever_in_words(lever, self.lang)
            yield self.value(group, lever.name, what, of, lever.amount, unit, lever.provenance)
            yield from self.costs(group, lever)

    def costs(self, group: Group, lever: Lever) -> Iterator[Assumption]:
        if lever.cost != NO_COST:
            for key, amount in (("once", lever.cost.once), ("a_month", lever.cost.a_month)):
                if amount:
                    yield self.exactly(
                        group, lever.name, self.words[key], self.words["bank"], amount, "yuan", lever.provenance
                    )

    def reporting(self) -> Iterator[Assumption]:
        for field in fields(Reporting):
            yield from self.breaks(field.name, getattr(self.scenario.reporting, field.name))

    def breaks(self, name: str, breaks: Breaks) -> Iterator[Assumption]:
        words, bank, what = self.words, self.words["bank"], self.words[name]

        def exactly(word: str, number: float, *kind: int, unit: str = "share") -> Assumption:
            said = words[word].format(what, *kind)
            return self.exactly("reporting", name, said, bank, number, unit, breaks.provenance)

        low, middle, high = rate_quantiles(breaks, (0.05, 0.5, 0.95))
        a_year = words["jumps_a_year"].format(what)
        yield Assumption("reporting", name, a_year, bank, f"{100 * breaks.a_year:g}%", low, middle, high, "growth",
                         breaks.provenance)  # fmt: skip
        if not breaks.a_year:
            return
        if breaks.known_from_years < float("inf"):
            yield exactly("jumps_known", breaks.known_from_years, unit="number")
        for kind, (share, mean, sd) in enumerate(breaks.sizes, start=1):
            yield exactly("jumps_share", share, kind)
            yield exactly("jumps_mean", mean, kind)
            yield exactly("jumps_sd", sd, kind)
        yield exactly("jumps_up", breaks.upward)
