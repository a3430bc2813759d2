import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicebatch.model.contact.mailbox import address_fault, address_faults, ascii_address


@pytest.mark.parametrize(
    "address", ["ada@example.org", " ada@example.org ", "a.b+c@sub.example.co", "o'neil@müller.example"]
)
def test_one_address_is_taken(address):
    assert address_fault(address) == ""


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (None, "no e-mail address"),
        ("  ", "no e-mail address"),
        ("a@x.org, b@x.org", "more than one"),
        ("a@x.org; b@x.org", "more than one"),
        ("Ada <a@x.org>", "not an e-mail address"),
        ("a@x.org\r\nBcc: spy@x.org", "not an e-mail address"),
        ("a b@x.org", "not an e-mail address"),
        ("a..b@x.org", "not an e-mail address"),
        ("é@x.org", "letters before the @"),
        ("ada", "not an e-mail address"),
        ("ada@localhost", "no valid domain"),
        ("ada@192.168.1.1", "no valid domain"),
        ("ada@-x.org", "no valid domain"),
        ("a" * 65 + "@x.org", "not an e-mail address"),
    ],
)
def test_everything_else_is_refused_in_words(address, words):
    assert words in address_fault(address)


@given(st.text(max_size=80))
def test_what_is_taken_holds_nothing_that_could_add_a_field_or_a_recipient(text):
    if address_fault(text) == "":
        clean = ascii_address(text)
        assert clean.isascii()
        assert clean.count("@") == 1
        assert not set(clean) & set(' \r\n\t,;<>"()')


def test_a_column_is_judged_value_by_value():
    faults = address_faults(pd.Series(["a@x.org", None, "a@x.org", "b"], index=[9, 8, 7, 6]))
    assert faults.tolist() == ["", "no e-mail address", "", "'b' is not an e-mail address"]
    assert faults.index.tolist() == [9, 8, 7, 6]
