"""Steps of the notebook on a billing run before it is approved: what is odd, and what moved since the month before."""

from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from invoicebatch.eligibility.review import Review
from invoicebatch.engine.comparison import Comparison, billed_in
from invoicebatch.engine.plan.selection import Selection
from invoicebatch.errors import ParameterError
from invoicebatch.interfaces.api import Workspace, open_workspace
from invoicebatch.interfaces.notebook import steps
from invoicebatch.model.counted import counted

WAITING: Final = "status in ('empty', 'approval_failed')"
_NOW, _BEFORE = "#2f6f8f", "#e3c36b"
_BINS: Final = 40


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
    """The distribution of totals of both, on a scale on which tenfold is one step."""
    if earlier is None:
        return
    import matplotlib.pyplot as plt
    from IPython.display import display

    figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
    totals = [one.columns(["total_cents"])["total_cents"] / 100 for one in (earlier, now)]
    positive = [values[values > 0] for values in totals]
    ends = [value for values in positive if len(values) for value in (values.min(), values.max())] or [1, 10]
    bins = np.geomspace(min(ends), max(ends) * 1.01, _BINS)
    for every, label, colour in zip(totals, ("month before", "this run"), (_BEFORE, _NOW), strict=True):
        values = every[every > 0]
        left_out = f", {len(every) - len(values):,} of zero or less not shown" * (len(values) < len(every))
        axes.hist(
            values,
            bins=bins.tolist(),
            label=f"{label}: {counted(len(every), 'document')}{left_out}",
            color=colour,
            alpha=0.6,
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_title("Documents by total", loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    display(figure)
    plt.close(figure)


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
