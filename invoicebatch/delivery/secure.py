"""Whether what is secret may travel to an address: encrypted, on this machine alone, or allowed by a setting."""

from ipaddress import ip_address

from invoicebatch.errors import SettingsError


def is_loopback(host: str) -> bool:
    """Whether a host is this machine.

    >>> is_loopback("127.0.0.9"), is_loopback("::1"), is_loopback("localhost.example.org")
    (True, True, False)
    """
    name = host.strip("[]").rstrip(".").lower()
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def refuse_in_the_clear(what: str, host: str, section: str, fix: str, *, allowed: bool) -> None:
    """Refuse to send a secret to another machine over a connection that anyone on the way can read.

    Args:
        what: the secret, such as `the password of the mail server`.
        host: the machine.
        section: section of the settings that `allow_insecure` is in.
        fix: what to set instead.
        allowed: what `allow_insecure` says.

    Raises:
        SettingsError: it would be sent in the clear.
    """
    if allowed or is_loopback(host):
        return
    raise SettingsError(
        f"{what} would go to {host} over a connection that is not encrypted.",
        f"{fix}; where the way there is safe by other means: [{section}] allow_insecure = true.",
    )
