"""What an analyst may write: checked by mypy against the types of mobank, and run."""

from pathlib import Path

import mobank as mb


def best_lever(draws: int) -> tuple[str, float]:
    """Return the scenario that adds most active users by the end, and how many."""
    found: mb.Comparison = mb.compare("baseline", "better_release", "win_back", draws=draws)
    last = found.differences.where(measure="mau", month="2027-12")
    gains = {str(name): float(str(mean)) for name, mean in last.select("scenario", "mean").rows}
    best = max(gains, key=lambda name: gains[name])
    return best, gains[best]


def chance_of(scenario: mb.Scenario, question: str, draws: int) -> tuple[float, float, float]:
    """Return the chance of an answer with its 95 % interval."""
    run: mb.Run = mb.run(scenario, draws=draws, progress=lambda done, total: None)
    answer: mb.Answer = run.questions[question]
    low, high = answer.interval
    return answer.chance, low, high


def main() -> None:
    scenario = mb.load("better_release").with_({"levers.release_keeps_regulars.multiply": "-12%"})
    print(scenario.diff(mb.load("better_release")))
    print(best_lever(20), chance_of(scenario, "two_hundred_million", 20))
    run = mb.run(scenario, draws=20).with_draws(30)
    middle: mb.Table = run.quantiles("mau", [0.5]).where(month=mb.Month.of(2025, 12))
    print(middle.column("value"), float(run.paths("mau").mean()), run.to_pandas().shape)
    posterior: mb.Posterior = mb.posterior("icbc_mobile")
    print(posterior.draws["lapse_rate"].mean())
    try:
        mb.open(Path("nowhere"))
    except mb.InputError as error:
        problem: mb.Problem = error.problems[0]
        print(problem.found, problem.allowed)


if __name__ == "__main__":
    main()
