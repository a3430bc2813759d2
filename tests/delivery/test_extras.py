"""What an extra brings and is not installed is said with the command that installs it."""

import sys
from pathlib import Path

import pytest

from invoicebatch.delivery.open_channel import open_channel
from invoicebatch.delivery.secrets import secret
from invoicebatch.errors import SettingsError
from invoicebatch.settings import External, Settings


def test_a_database_without_its_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    monkeypatch.delitem(sys.modules, "invoicebatch.delivery.external.database", raising=False)
    settings = Settings(external={"erp": External(kind="database", url="sqlite://")})
    with pytest.raises(SettingsError, match=r"pip install 'invoicebatch\[database\]'"):
        open_channel("external", settings, tmp_path, "erp")


def test_a_keyring_without_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(
        SettingsError, match=r"the keyring entry 'mail'.*pip install 'invoicebatch\[keyring\]'"
    ) as found:
        secret("INVOICEBATCH_NO_SUCH", "password", "mail", "ada")
    assert "INVOICEBATCH_NO_SUCH" in str(found.value)


def test_a_variable_needs_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    monkeypatch.setenv("INVOICEBATCH_SOME", "open sesame")
    assert secret("INVOICEBATCH_SOME", "password", "mail", "ada") == "open sesame"
