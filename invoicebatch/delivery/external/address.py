"""The address of an external system: from its settings, or from the variable they name. It is never logged."""

from urllib.parse import urlsplit

from invoicebatch.delivery.secrets import secret
from invoicebatch.errors import SettingsError
from invoicebatch.settings import External


def address(system: External) -> str:
    """The URL.

    Raises:
        SettingsError: neither a URL nor a variable that holds one, or its port is no port.
    """
    url = secret(system.url_env, "address of the external system") if system.url_env else system.url
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise SettingsError(
            "The address of the external system can't be used: its host or its port is none.",
            "Correct its url: a port is a number up to 65535.",
        ) from error
    if not url:
        raise SettingsError(
            "The external system has no address.", "Set its url, or url_env where it holds a password."
        )
    return url
