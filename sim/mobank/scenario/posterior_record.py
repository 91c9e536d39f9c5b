"""What `posterior.json`, the record of a posterior, holds: what it was fitted with, what figures did to each prior."""

from mobank.base.records import RecordKind
from mobank.base.shapes import ANYTHING, DIGEST, MONTH, NUMBER, TEXT, ByName, Fields, ListOf, Row, one_of, whole

ROW = Row((TEXT, ANYTHING, NUMBER, TEXT))  # of a value: kind, centre (or "unlimited"), spread, as it was written
SUMMARY = Fields(
    {
        "name": TEXT, "prior": TEXT, "prior_quantiles": ListOf(NUMBER), "quantiles": ListOf(NUMBER),
        "contraction": NUMBER, "shift": NUMBER,
    },
    {"r_hat": NUMBER, "effective": NUMBER, "trend": NUMBER},
)  # fmt: skip
POSTERIOR_RECORD = RecordKind(
    4,
    Fields(
        {
            "name": TEXT, "last": MONTH, "rows": whole(1), "model": TEXT, "draws": DIGEST,
            "shocks": one_of("yearly", "monthly"), "evidence": ListOf(TEXT),
            "fitted_with": Fields(
                {
                    "values": ByName(ROW),
                    "bands": ListOf(
                        Fields(
                            {
                                "dimension": TEXT, "name": TEXT, "share": NUMBER, "factors": ByName(ROW),
                                "values": ByName(ROW),
                            }
                        )
                    ),
                    "tails": ByName(NUMBER), "figures": ByName(Row((ANYTHING, ANYTHING, NUMBER, TEXT))),
                },
                {"campaigns": ByName(Row((TEXT, MONTH, MONTH, TEXT, ANYTHING, NUMBER, TEXT)))},
            ),
            "identity": ByName(ANYTHING), "coordinates": ListOf(SUMMARY),
        }
    ),
    apart=("name", "draws"),  # they are held against the folder and against the file of the draws
)  # fmt: skip
