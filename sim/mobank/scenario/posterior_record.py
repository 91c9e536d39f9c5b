"""What `posterior.json`, the record of a posterior, holds: what it was fitted with, what figures did to each prior."""

from mobank.base.records import RecordKind
from mobank.base.shapes import (
    ANYTHING,
    DIGEST,
    MONTH,
    NUMBER,
    TEXT,
    ByName,
    RecordFields,
    RecordList,
    RecordRow,
    one_of,
    whole,
)

ROW = RecordRow((TEXT, ANYTHING, NUMBER, TEXT))  # of a value: kind, centre (or "unlimited"), spread, as it was written
SHARE = RecordRow((whole(1), NUMBER, NUMBER))  # of a cohort: age in months, and between which shares it lies
SUMMARY = RecordFields(
    {
        "name": TEXT, "prior": TEXT, "prior_quantiles": RecordList(NUMBER), "quantiles": RecordList(NUMBER),
        "contraction": NUMBER, "shift": NUMBER,
    },
    {"r_hat": NUMBER, "effective": NUMBER, "trend": NUMBER},
)  # fmt: skip
POSTERIOR_RECORD = RecordKind(
    4,
    RecordFields(
        {
            "name": TEXT, "last": MONTH, "rows": whole(1), "model": TEXT, "draws": DIGEST,
            "shocks": one_of("yearly", "monthly"), "evidence": RecordList(TEXT),
            "fitted_with": RecordFields(
                {
                    "values": ByName(ROW),
                    "bands": RecordList(
                        RecordFields(
                            {
                                "dimension": TEXT, "name": TEXT, "share": NUMBER, "factors": ByName(ROW),
                                "values": ByName(ROW),
                            }
                        )
                    ),
                    "tails": ByName(NUMBER), "figures": ByName(RecordRow((ANYTHING, ANYTHING, NUMBER, TEXT))),
                },
                {
                    "campaigns": ByName(RecordRow((TEXT, MONTH, MONTH, TEXT, ANYTHING, NUMBER, TEXT))),
                    "retention": ByName(RecordRow((RecordList(SHARE), TEXT, TEXT))),
                },
            ),
            "identity": ByName(ANYTHING), "coordinates": RecordList(SUMMARY),
        },
        {"regions": ByName(NUMBER)},
    ),
    apart=("name", "draws"),  # they are held against the folder and against the file of the draws
)  # fmt: skip
