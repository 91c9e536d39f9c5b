"""Every number of a scenario is an assumption with a row of its own, in both languages."""

from __future__ import annotations

from pathlib import Path

from mobank.model.mobile_banking import MODEL
from mobank.report.assumptions import WORDS, assumptions
from mobank.report.run.page_words import WORDS as PAGE_WORDS
from mobank.scenario.reader import Chain, read_chain

BANK = Path(__file__).parents[3] / "tests/data/broken/parents/bank.yaml"


def test_what_only_a_fit_can_learn_is_an_assumption_too(tmp_path):
    text = (
        f"extends: {BANK}\npool: {{headroom: {{median: 400%, sigma: 1.4, reason: r}}}}\nreported: {{customers: off}}\n"
        "noise: {mau: {low: 0.1%, high: 0.4%, reason: r}}\nseason: {engagement: {low: 2%, high: 12%, reason: r}}\n"
        "drift: {adoption: {growth: {mean: 4%, sd: 2%}, start: 3%, change: 2.5%, reason: own}}\n"
        "campaigns:\n  spring: {path: engagement, between: [2022-01, 2022-02], announced: 2021-11, "
        "effect: {mean: 0%, sd: 30%}, reason: r}\n"
        "clean_ups: {2022-06: {registered: {low: 3万, high: 8万}, reason: r}}\n"
    )
    scenario = read_chain(Chain.of_text(text, tmp_path / "a.yaml"), "a", MODEL, whole=False)
    groups = ("season", "drift", "noise", "pool", "campaigns", "written_off")
    found = [each for each in assumptions(scenario, MODEL, "en") if each.group in groups]
    assert [(each.group, each.name, each.what, each.value_in_words("en")) for each in found] == [
        ("season", "engagement", "unknown season of engagement, sd of the log", "2% – 12%"),
        ("drift", "adoption", "growth in the long run, half-life 36 months", "mean 4%, sd 2%"),
        ("drift", "adoption", "growth at the first figure, above that", "3%"),
        ("drift", "adoption", "what chance adds to the growth in a year, sd", "2.5%"),
        ("drift", "engagement", "drift, half-life 36 months", "mean 5%, sd 4%"),
        ("noise", "mau", "noise of monthly figures of monthly active users, sd of the log", "0.1% – 0.4%"),
        ("pool", "headroom", "people beyond the first figure, as a multiple of it", "median 400%, sigma 1.4"),
        (
            "campaigns",
            "spring",
            "effect of a campaign on engagement from 2022-01 to 2022-02 (announced 2021-11), log scale; forecasts are "
            "without further campaigns",
            "mean 0%, sd 30%",
        ),
        ("written_off", "2022-06", "dormant registered users written off in 2022-06", "3万 – 8万"),
    ]
    assert {each.whence.reason for each in found} == {"r", "own", "made up"}
    assert all(each.unit_in_words(lang) for each in found for lang in ("en", "zh"))
    for words in (WORDS, PAGE_WORDS):
        assert {"noise", "pool", "campaigns", "written_off"} <= words["en"].keys() & words["zh"].keys()
