"""Steps of the notebook on a billing run before it is approved: what is odd, and what moved since the month before."""

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from invoicebatch.eligibility.review import Review
from invoicebatch.engine.comparison import Comparison, billed_in
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.errors import ParameterError
from invoicebatch.formats.chart import BLUE, YELLOW, Bar, Panel
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.notebook import steps
from invoicebatch.model.counted import counted

WAITING: Final = "status in ('empty', 'approval_failed')"


def runs(
    workspace: str, *, where: str | None, before: str | None
) -> tuple[Workspace, Selection, Selection | None]:
    """The workspace, the run that is looked at, and what was billed for the month before, where anything was.

    Raises:
        ParameterError: `before` is no month.
    """
    ws = open_workspace(workspace)
    now = ws.select(where or WAITING)
    last = now.columns(["period_end"])["period_end"].max()
    month = before or ("" if pd.isna(last) else str(last.to_period("M") - 1))
    condition = billed_in(month)
    if before and not condition:
        raise ParameterError(f"before: must be a month such as 2026-10; got '{before}'.")
    earlier = ws.select(condition) if condition else None
    if not earlier or not len(now):
        steps.html(Markup("<b>Nothing to compare with</b>: nothing was billed for the month before."))
    return ws, now, earlier if earlier and len(now) else None


def show_review(workspace: Workspace, now: Selection, limit: int = 10) -> Review:
    """How many documents are odd, by what, and the first of them."""
    review = workspace.review(now)
    steps.html(Markup("<b>{}</b>").format(review.summary))
    if len(review.findings):
        steps.bar_chart(review.findings["check"].value_counts(), "Findings by check")
        shares = review.findings["share"].map("{:,.1f} %".format, na_action="ignore")
        steps.show_table(
            review.findings.drop(columns=["invoice_id", "reviewed"]).assign(share=shares.fillna("")), limit
        )
    steps.record({"action": "review", "state": "planned", "selected": len(now), "done": 0, **review.counts})
    return review


def show_totals(now: Selection, earlier: Selection | None) -> None:
    """The distribution of totals of both, in steps of 1, 2, 5, 10 and so on."""
    if earlier is None:
        return
    runs = {"month before": (earlier, YELLOW), "this run": (now, BLUE)}
    totals = {name: one.columns(["total_cents"])["total_cents"] / 100 for name, (one, _) in runs.items()}
    positive = pd.concat([values[values > 0] for values in totals.values()])
    edges = _edges(positive.min(), positive.max()) if len(positive) else [1, 2]
    counts = {name: np.histogram(values[values > 0], edges)[0].tolist() for name, values in totals.items()}
    bars = [
        Bar(
            f"{_edge(low)} to {_edge(high)}" if first else "",
            counts[name][place],
            f"{counts[name][place]:,}",
            runs[name][1],
        )
        for place, (low, high) in enumerate(pairwise(edges))
        for first, name in ((True, "month before"), (False, "this run"))
    ]
    legend = [(_counted(name, values), runs[name][1]) for name, values in totals.items()]
    steps.show_picture([Panel("Documents by total", bars, legend)])


def _edges(least: float, most: float) -> list[float]:
    """1, 2, 5, 10, 20, … of the powers of ten from below the least total to above the most."""
    powers = range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)
    edges = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    first = bisect_right(edges, least) - 1
    return edges[first : bisect_right(edges, most) + 1]


def _edge(amount: float) -> str:
    return f"{amount:,.2f}".removesuffix(".00")


def _counted(name: str, totals: "pd.Series[float]") -> str:
    hidden = int((totals <= 0).sum())
    left_out = f", {hidden:,} of zero or less not shown" if hidden else ""
    return f"{name}: {counted(len(totals), 'document')}{left_out}"


def show_movers(
    workspace: Workspace, now: Selection, earlier: Selection | None, *, top: int
) -> Comparison | None:
    """The customers whose totals moved most, and what the review finds of them."""
    if earlier is None:
        return None
    found = workspace.compare(now, earlier)
    movers = found.tables["movers"].head(top)
    if len(movers):
        names = movers["customer_name"].fillna(movers["customer_id"])
        change = pd.Series((movers["change_cents"] / 100).round().astype("int64").to_numpy(), index=names)
        steps.bar_chart(change, "Change since the month before, in whole units of money")
        steps.show_table(_percentages(movers.drop(columns=["documents_before", "documents_now"])), top)
    return found


def show_customers(comparison: Comparison | None) -> None:
    """Who was billed in the month before and isn't now, and who is new."""
    if comparison is None:
        return
    for name, said in (("missing", "billed in the month before, not now"), ("new", "billed now, not before")):
        rows = comparison.tables[name]
        steps.html(Markup("<b>{}</b> {}").format(counted(len(rows), "customer"), said))
        if len(rows):
            steps.show_table(rows)


def show_sums(comparison: Comparison | None) -> None:
    """How sums moved by account, product, VAT rate, and usage by register."""
    if comparison is None:
        return
    for name in ("accounts", "products", "vat_rates", "usages"):
        steps.show_table(_percentages(comparison.tables[name]), 20)


def _percentages(frame: pd.DataFrame) -> pd.DataFrame:
    rates = {name: name.removesuffix("_bp") for name in frame.columns if name.endswith("_bp")}
    shown = frame.assign(
        **{name: (frame[name] / 100).map("{:,.1f} %".format, na_action="ignore") for name in rates}
    )
    used = [name for name in frame.columns if name.startswith("usage_")]
    return shown.assign(**{name: frame[name].map("{:,.0f}".format) for name in used}).rename(columns=rates)
