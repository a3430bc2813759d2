"""Secrets: read from the environment or the system's keyring at the moment they are needed.

Nothing here is kept, logged or written; a setting only names where a secret is.
"""

import os

from invoicebatch.errors import SettingsError


def secret(variable: str, purpose: str, keyring_service: str = "", user: str = "") -> str:
    """The secret in an environment variable or, where that is empty, in a keyring entry.

    Args:
        variable: name of the environment variable.
        purpose: what it is for, said in the error.
        keyring_service: service of the keyring entry; empty: no keyring.
        user: user of the keyring entry.

    Raises:
        SettingsError: neither holds it.
    """
    if variable and (value := os.environ.get(variable, "")):
        return value
    missing = ""
    if keyring_service:
        try:
            if value := _from_keyring(keyring_service, user):
                return value
        except ModuleNotFoundError:
            missing = " The keyring needs: pip install 'invoicebatch[keyring]'"
    places = f"the variable {variable}" if variable else ""
    if keyring_service:
        places += f"{' or ' if places else ''}the keyring entry {keyring_service!r} of {user!r}"
    raise SettingsError(
        f"No {purpose} was found.", f"Put it into {places or 'a variable named in the settings'}.{missing}"
    )


def _from_keyring(service: str, user: str) -> str:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(service, user) or ""
    except KeyringError:
        return ""
