"""The command `detail`: one invoice with all that belongs to it."""

from invoicebatch.interfaces.cli.common import JsonOption, WorkspaceOption, opened, print_json, print_table


def detail(invoice: str, *, json: JsonOption = False, workspace: WorkspaceOption = None) -> int:
    """An invoice: lines, VAT, payments, readings, versions, messages, history, actions; NUMBER or id."""
    found = opened(workspace).detail(invoice)
    if json:
        print_json(found.to_dict())
        return 0
    for name, frame in {"invoice": found.facts, **found.parts, "actions": found.actions}.items():
        print_table(frame, title=f"{found.name}: {name.replace('_', ' ')}", limit=len(frame))
    return 0
