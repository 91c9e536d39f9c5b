"""Priors for whoever has none of their own: made from other entities' figures and a table of judgements."""

from mobank.calibration.neutral_priors.groups import Class, Groups, class_of, group_of
from mobank.calibration.neutral_priors.text import digest, figures_in, leaks, made

__all__ = ["Class", "Groups", "class_of", "digest", "figures_in", "group_of", "leaks", "made"]
