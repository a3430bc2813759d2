"""A message as a person looks at it before the run: a mail read back from the bytes that a server would get."""

from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from invoicebatch.delivery.channel import Message
from invoicebatch.delivery.mail.mime import UnsendableError, envelope
from invoicebatch.engine.plan.messages import Enclosure, Messages, PlannedMessage
from invoicebatch.engine.plan.plan import Plan
from invoicebatch.engine.run.rehearsal import Made, Rehearsal
from invoicebatch.model.outbox.payload import EmailPayload
from invoicebatch.settings import Mail


def messages_of(plan: Plan) -> Messages:
    """The messages of a plan; each is made when it is looked at."""
    rehearsal = Rehearsal(plan)

    def shown(places: Sequence[int]) -> list[PlannedMessage]:
        with rehearsal.made(places) as made:
            return [_shown(rehearsal, place, made(place)) for place in places]

    return Messages(rehearsal.outgoing, shown, rehearsal.places)


def _shown(rehearsal: Rehearsal, place: int, made: Made) -> PlannedMessage:
    channel, carried = rehearsal.outgoing[place]
    number_of, customer = rehearsal.rows["number"], rehearsal.keys.loc[carried[0]]
    known: dict[str, Any] = {
        "at": place + 1,
        "channel": channel,
        "numbers": tuple(
            number_of.loc[each] for each in carried if each not in made.left_out or not made.message
        ),
        "customer": str(customer["customer_id"]),
        "customer_name": str(customer["customer_name"]),
        "left_out": {number_of.at[each]: why for each, why in made.left_out.items()} if made.message else {},
    }
    if made.message is None:
        return PlannedMessage(**known, problem=made.problem)
    try:
        return PlannedMessage(**known, **_seen(made.message, rehearsal.plan.workspace.settings.mail))
    except UnsendableError as error:
        return PlannedMessage(**known, problem=f"{error.message}. {error.hint}")


def _seen(message: Message, settings: Mail) -> dict[str, Any]:
    payload = message.payload
    files = [
        Enclosure(each.name, each.type, file.read_bytes())
        for each, file in zip(payload.attachments, message.attachments, strict=True)
    ]
    own = _mail(message, settings) if isinstance(payload, EmailPayload) else {"text": payload.words}
    return {"recipient": message.recipient, "enclosures": tuple(files), **own}


def _mail(message: Message, settings: Mail) -> dict[str, Any]:
    """The fields of a mail that a person sees."""
    ready = envelope(message, settings)
    mime: EmailMessage = message_from_bytes(ready.content, policy=default)
    titles = {"sender": "From", "to": "To", "subject": "Subject"}
    parts = {name: mime.get_body((kind,)) for name, kind in (("text", "plain"), ("html", "html"))}
    return {
        **{name: str(mime[title] or "") for name, title in titles.items()},
        **{name: part.get_content() if part else "" for name, part in parts.items()},
        "copies": ", ".join(ready.copies),
        "content": ready.content,
    }
