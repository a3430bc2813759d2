"""The first messages of a plan as a table of pictures: what each reader will see, small, side by side."""

from typing import Final

from markupsafe import Markup

from invoicebatch.engine.plan.messages import PlannedMessage, described
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.interfaces.notebook.steps import html
from invoicebatch.model.markup import joined

_TABLE: Final = "display:grid;grid-template-columns:repeat(auto-fill,minmax(310px,1fr));gap:14px"
_CARD: Final = "border:1px solid #ccc;border-radius:6px;padding:8px;font-size:12px;overflow-wrap:anywhere"
_WINDOW: Final = "height:360px;overflow:hidden;margin:6px 0"
_HALF: Final = "width:200%;height:200%;transform:scale(.5);transform-origin:0 0"


def show_first_messages(plan: Plan, limit: int = 20) -> None:
    """Show the first messages of a plan before its run; each can be looked at whole: `plan.messages[0]`.

    Args:
        plan: what was planned; one whose action sends nothing shows nothing.
        limit: how many.
    """
    if not len(plan.messages):
        return
    shown = plan.messages[:limit]
    head = Markup("<b>{}</b>; the first {:,}. One of them whole: <code>plan.messages[0]</code>")
    html(head.format(plan.counted, len(shown)))
    html(Markup('<div style="{}">{}</div>').format(_TABLE, joined([_card(message) for message in shown])))


def _card(message: PlannedMessage) -> Markup:
    """One message: who gets it, how it looks, what goes along."""
    line = Markup("<div><b>{}</b> {}</div>")
    titles = [(title, text) for title, text in message.head.items() if title != "From"]
    head = joined([line.format(title, text) for title, text in titles])
    files = ", ".join(described(file) for file in message.enclosures)
    window = Markup('<div style="{}">{}</div>').format(_WINDOW, message.shown(_HALF))
    return Markup('<div style="{}"><b>{:,}</b>{}{}<div>{}</div></div>').format(
        _CARD, message.at, head, window, files
    )
