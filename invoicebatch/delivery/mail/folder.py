"""The default way out: a Maildir in the workspace, so nothing is ever sent by accident.

Every mail is one `.eml` file under its message id: a mail program opens it, and handing it over
twice is seen.
"""

from pathlib import Path

from invoicebatch.delivery.channel import Answer, ChannelDefaults, Message
from invoicebatch.delivery.mail.mime import UnsendableError, envelope
from invoicebatch.files.whole import make_folders, remove_halves, write_whole
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import Mail


class MaildirChannel(ChannelDefaults):
    """Mails as files in `<folder>/new` (Maildir: `tmp`, `new`, `cur`)."""

    name = "email"

    def __init__(self, mail: Mail, folder: Path) -> None:
        self._mail = mail
        self._folder = folder

    def connect(self) -> None:
        """Make the folders."""
        make_folders(*(self._folder / part for part in ("tmp", "new", "cur")))

    def hand_over(self, message: Message) -> Answer:
        """Write the mail whole, or not at all; one that is there already is left alone."""
        if (found := self.recover(message)) and found.status is OutboxStatus.SENT:
            return found
        try:
            content = envelope(message, self._mail).content
        except UnsendableError as error:
            return Answer(OutboxStatus.FAILED, f"{error.message}. {error.hint}")
        path = self._folder / "new" / f"{message.message_id}.eml"
        remove_halves(self._folder / "tmp", path.name)
        write_whole(path, content, on_clash="replace", scratch=self._folder / "tmp")
        return Answer(OutboxStatus.SENT, f"written to {path}")

    def recover(self, message: Message) -> Answer:
        """The file is there, or it can be written again; a mail program may have moved it to `cur`."""
        name = f"{message.message_id}.eml"
        for place in (self._folder / "new" / name, *(self._folder / "cur").glob(f"{name}*")):
            if place.exists():
                return Answer(OutboxStatus.SENT, f"written to {place}")
        return Answer(OutboxStatus.PENDING, "was not written")
