"""Which channel a message takes: from its name and the settings to a ready object. No message is handled here."""

from pathlib import Path

from invoicebatch.delivery.channel import Channel
from invoicebatch.errors import SettingsError
from invoicebatch.settings import External, Settings


def open_channel(name: str, settings: Settings, root: Path, target: str = "") -> Channel:
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
    match name:
        case "email":
            return _mail(settings, root, data)
        case "post":
            return _post(settings, data)
        case "external":
            return _external(settings, data, target)
        case "einvoice":
            return _einvoice(settings, data)
    raise SettingsError(f"There is no way out called {name!r}.")


def _mail(settings: Settings, root: Path, data: Path) -> Channel:
    from invoicebatch.delivery.mail import MaildirChannel, SmtpChannel

    if settings.mail.transport == "smtp":
        return SmtpChannel(settings.mail, root)
    return MaildirChannel(settings.mail, data / settings.mail.folder)


def _post(settings: Settings, data: Path) -> Channel:
    from invoicebatch.delivery.post import HotFolderChannel, PingenChannel

    if settings.post.provider == "pingen":
        return PingenChannel(settings.post)
    return HotFolderChannel(settings.post, data / settings.post.folder)


def _einvoice(settings: Settings, data: Path) -> Channel:
    from invoicebatch.delivery.einvoice import EInvoiceChannel

    return EInvoiceChannel(settings.einvoice, data)


def _external(settings: Settings, data: Path, target: str) -> Channel:
    from invoicebatch.delivery.external import FilesChannel, HttpChannel

    system = settings.external.get(target)
    if system is None:
        known = ", ".join(settings.external) or "none"
        raise SettingsError(
            f"There is no external system {target!r}.", f"Known: {known}. Add a section [external.{target}]."
        )
    match system.kind:
        case "files":
            return FilesChannel(system, data)
        case "database":
            return _database(system)
        case "http":
            return HttpChannel(system)


def _database(system: External) -> Channel:
    try:
        from invoicebatch.delivery.external.database import DatabaseChannel
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"A database needs {error.name}, which is not installed.", "pip install 'invoicebatch[database]'"
        ) from error
    return DatabaseChannel(system)
