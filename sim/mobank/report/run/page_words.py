"""The words of a run's report, in English and in Chinese."""

from collections.abc import Mapping

from mobank.base.quantities import Lang

WORDS: Mapping[Lang, Mapping[str, str]] = {
    "en": {
        "above": "mobank · scenario {}", "below": "{} to {} · {:,} runs, seed {} · intervals are the central 90 %",
        "below_alone": "{} to {} · {} run, seed {}: one of many that might come about, without any interval",
        "headline": "The answer in numbers", "at": "{}, {}", "from": "{} · {} at the start",
        "month": "month", "band": "90 %", "share": "active share", "median": "median",
        "dagger": "† rests on numbers that are not verified: {}.",
        "plain": "A number is the median of all runs; 9 of 10 runs lie in the interval beside it, "
        "and below it, “in print”, as it will be printed: with redefinitions, clean-ups and rounding.",
        "asks": "What was asked", "ask": "asked", "chance": "chance", "error": "± MC", "wilson": "95 % of the chance",
        "half": "half of all runs by", "never": "never",
        "drivers": "What drives the answer", "kind": "what the spread comes from", "of_spread": "share of the spread",
        "draw": "what matters most, taken alone", "index": "share", "index_error": "± MC",
        "drivers_note": "The spread is the variance of the logarithm over all runs. Left: what the layers of chance "
        "contribute (Shapley effects), the part of the parameters divided among figures, priors and levers by a "
        "regression on all draws. Right: the share of the variance that one draw explains by itself (first-order "
        "index). What figures have tied together moves together and counts in each row, so rows do not add up; a share "
        "below 1 %, or below twice its Monte Carlo error, is left out.",
        "no_weights": "These chances hold if this scenario comes true; how likely that is, is not part of them.",
        "fans": "The fan of what may come",
        "fan_alt": "Fan chart of {}: median and central 50, 80 and 90 % of the runs",
        "growth": "Growth accounting",
        "growth_alt": "Bars of gained and lost active users a year, and the net change",
        "year": "year", "gross_adds": "new registrations", "resurrected": "back again", "lost": "no longer active",
        "net": "change of active users", "quick": "quick ratio",
        "growth_note": "Means of all runs, in {}. New registrations + back again − no longer active = change of "
        "active users, in every run and month. Quick ratio: gained for each one lost. Someone who leaves and comes "
        "back within a year is counted both times.",
        "bands": "Groups of customers",
        "bands_alt": "Bars of active users by group of customers, at the start and at the end",
        "bands_note": "Means of the first {:,} runs; kinds of groups overlap.",
        "layers": "The spread by layers of chance",
        "layers_alt": "Stacked bars: share of the variance by layer of chance at year-ends",
        "measure": "measure", "slight": "< 0.1 %",
        "layers_note": "Share of the variance of the logarithm by layer (Shapley effects, which depend on no order and "
        "sum to one), worked out from {:,} runs in which layers were exchanged. In the table: share ± Monte Carlo "
        "standard error; in brackets the part that the layer makes alone, and the part that it makes in all, with "
        "others. 0: nothing of the layer is drawn.",
        "no_layers": "Shares were not worked out ({}).", "left_out": "left out; --shares takes them in",
        "too_few": "fewer than {} draws",
        "levers": "Levers and events of this scenario", "lever": "lever", "event": "event", "effect": "what it does",
        "assumptions": "What the numbers rest on", "item": "number", "value": "value", "evidence": "evidence",
        "whence": "source or reason",
        "of": "of whom", "counts": "counts", "definitions": "Definitions", "network": "Network",
        "assumptions_note": "Two numbers with a dash are the ends of the central 90 % of a prior. Rates are per person "
        "and month unless a year is named. Unverified: recalled, or said by its source not to have been checked "
        "against a document.",
        "identity": "This run", "scenario": "scenario", "seed": "seed", "draws": "runs", "fidelity": "fidelity",
        "posterior": "posterior",
        "digest": "digest of the scenario", "fitted_to": "fitted to", "model": "fingerprint of the model",
        "law": "digest of the code that computes", "report": "digest of the code of this page", "versions": "versions",
        "again": "to make it again", "replay": "to replay one run", "tried": "draws tried",
        "tried_value": "{:,} for {:,}: the others could not hold the reported start",
        "reported": "Reported figures", "segments": "Customers", "parameters": "Parameters", "mixing": "Who meets whom",
        "season": "Season", "shocks": "Yearly shocks", "drift": "Drift",
        "noise": "Noise of figures", "pool": "Who could register", "campaigns": "Campaigns so far",
        "written_off": "Clean-ups so far",
        "reporting": "In print",
        "in_print": "in print",
        "fans_note": "Dashed outline: 90 % of the same runs as they will be printed, with redefinitions, clean-ups and "
        "rounding (the measures {}). Questions, levers and comparisons hold by today's definition.",
        "within": "Chance of {what} within {years} years: {chances} (in closed form from the assumed "
        "rate, not counted in the runs).",
        "redefinitions": "a redefinition of active users", "clean_ups": "a clean-up of registered users",
    },
    "zh": {
        "above": "mobank · 情景 {}", "below": "{}至{} · {:,}次模拟，种子{} · 区间为居中的90%",
        "below_alone": "{}至{} · 仅{}次模拟，种子{}：只是多种可能之一，没有区间可言",
        "headline": "主要数字", "at": "{}，{}", "from": "{} · 起点{}",
        "month": "月份", "band": "90%区间", "share": "月活率", "median": "中位数",
        "dagger": "† 所依据的数字未经核实：{}。",
        "plain": "数字为全部模拟的中位数；十次模拟有九次落在旁边的区间内；“披露值”为计入口径变更、清理和取整后的区间。",
        "asks": "所问的问题", "ask": "所问", "chance": "概率", "error": "± 模拟误差", "wilson": "概率的95%区间",
        "half": "半数模拟达到", "never": "从未",
        "drivers": "答案由什么决定", "kind": "离散的来源", "of_spread": "占离散的比重",
        "draw": "单独看影响最大的量", "index": "比重", "index_error": "± 模拟误差",
        "drivers_note": "离散指全部模拟中对数的方差。左：各层偶然性的贡献（Shapley值），参数层再按对全部抽样的回归"
        "分给披露数字、先验和举措。右：单个量自身解释的方差比重（一阶指数）；被数字联系在一起的量一同变动、各行都计入，故各行不可相加；不足1%或不足其模拟误差两倍的未列出。",
        "no_weights": "这些概率以本情景成真为前提，不含情景本身发生的可能性。",
        "fans": "未来的扇形图", "fan_alt": "{}扇形图：中位数与居中的50%、80%、90%",
        "growth": "增长核算", "growth_alt": "每年新增、回流与流失的月活用户及净变化",
        "year": "年份", "gross_adds": "新增注册", "resurrected": "回流用户", "lost": "流失用户",
        "net": "月活净变化", "quick": "增减比",
        "growth_note": "全部模拟的平均值，单位：{}。新增注册＋回流−流失＝月活净变化，每次模拟、每个月都成立。"
        "增减比：每流失一人对应的获得人数。一年内流失又回流的用户，两边各计一次。",
        "bands": "各客群", "bands_alt": "各客群起点与终点的月活用户",
        "bands_note": "前{:,}次模拟的平均值；各类客群之间重叠。",
        "layers": "各层偶然性的比重", "layers_alt": "堆叠条形：各层偶然性在年末方差中的比重",
        "measure": "指标", "slight": "不足0.1%",
        "layers_note": "对数方差按层的比重（Shapley值，与次序无关，合计为一），由{:,}次互换各层的模拟算得。"
        "表中为比重±蒙特卡洛标准误差；括号内为该层单独的部分和连同共同作用的全部。0：该层没有抽样。",
        "no_layers": "未计算比重（{}）。", "left_out": "已略去；用--shares计算", "too_few": "抽样少于{}次",
        "levers": "本情景的举措与事件", "lever": "举措", "event": "事件", "effect": "作用",
        "assumptions": "数字的依据", "item": "数字", "value": "取值", "evidence": "证据", "whence": "来源或理由",
        "of": "对象", "counts": "口径", "definitions": "口径之间", "network": "社交网络",
        "assumptions_note": "中间有短横的两个数是先验居中90%的两端。除注明“a year”外，比率均为每人每月。"
        "未核实：凭记忆，或来源自述未与原件核对。",
        "identity": "本次模拟", "scenario": "情景", "seed": "种子", "draws": "模拟次数", "fidelity": "精度",
        "posterior": "后验", "digest": "情景摘要", "fitted_to": "拟合数据", "model": "模型指纹",
        "law": "计算代码摘要", "report": "本页代码摘要", "versions": "版本", "again": "重新模拟",
        "replay": "重放一次模拟", "tried": "尝试的抽样",
        "tried_value": "为{1:,}次模拟共试{0:,}次，其余无法满足披露的起点",
        "reported": "披露数字", "segments": "客群", "parameters": "参数", "mixing": "谁与谁接触",
        "season": "季节", "shocks": "年度冲击", "drift": "趋势", "noise": "公布数的噪声", "pool": "潜在总体",
        "campaigns": "已有活动", "written_off": "已有清理",
        "reporting": "披露", "in_print": "披露值",
        "fans_note": "虚线轮廓：同样这些模拟的披露值的90%区间，计入口径变更、清理沉睡注册和取整（指标{}）。"
        "提问、举措和对比均按现行口径。",
        "within": "{years}年内发生{what}的概率：{chances}（由假设的频率按公式算得，并非模拟计数）。",
        "redefinitions": "月活用户口径变更", "clean_ups": "注册用户清理",
    },
}  # fmt: skip
