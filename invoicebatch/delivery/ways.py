"""Which channel a message takes: from its name and the settings to a ready object. No message is handled here."""

from pathlib import Path

from invoicebatch.delivery.channel import Channel
from invoicebatch.errors import SettingsError
from invoicebatch.settings import Settings


def open_channel(name: str, settings: Settings, root: Path, target: str = "") -> Channel:  # noqa: ARG001
    """The channel of that name, not yet connected.

    Args:
        name: email, post, einvoice or external.
        settings: all settings.
        root: the workspace's folder.
        target: name of the external system.

    Raises:
        SettingsError: the channel is not set up.
    """
    data = root / settings.data
    if name == "email":
        return _mail(settings, root, data)
    raise SettingsError(f"There is no way out called {name!r}.")


def _mail(settings: Settings, root: Path, data: Path) -> Channel:
    from invoicebatch.delivery.mail import MaildirChannel, SmtpChannel

    if settings.mail.transport == "smtp":
        return SmtpChannel(settings.mail, root)
    return MaildirChannel(settings.mail, data / settings.mail.folder)
