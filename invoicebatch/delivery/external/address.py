"""The address of an external system: from its settings, or from the variable they name. It is never logged."""

from invoicebatch.delivery.secrets import secret
from invoicebatch.errors import SettingsError
from invoicebatch.settings import External


def address(system: External) -> str:
    """The URL.

    Raises:
        SettingsError: neither a URL nor a variable that holds one.
    """
    if system.url_env:
        return secret(system.url_env, "address of the external system")
    if not system.url:
        raise SettingsError(
            "The external system has no address.", "Set its url, or url_env where it holds a password."
        )
    return system.url
