import pandas as pd
import pytest

from invoicebatch.model.contact.postal import address_fault, address_faults, address_lines, country_name

GOOD = ("Ada Lovelace", "Kade 1", "", "1011 AA", "Amsterdam", "NL")


@pytest.mark.parametrize(
    ("postcode", "country"),
    [("1000", "BE"), ("75001", "FR"), ("10115", "DE"), ("SW1A 1AA", "GB"), ("00-950", "PL"), ("1000-205", "PT"),
     ("L-1009", "LU"), ("D02 X285", "IE"), ("anything", "JP")],
)  # fmt: skip
def test_each_countrys_form_is_taken(postcode, country):
    assert address_fault("Ada", "Street 1", "", postcode, "Town", country) == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({1: ""}, "no street"),
        ({1: " ", 4: ""}, "no street, town"),
        ({3: "1011"}, "postcode '1011' is not of the form used in NL"),
        ({5: "Nederland"}, "not a two-letter code"),
        ({2: "x" * 43}, "longer than 42"),
    ],
)
def test_what_is_wrong_is_named(changes, words):
    fields = [changes.get(at, value) for at, value in enumerate(GOOD)]
    assert words in address_fault(*fields)


def test_the_window_shows_the_country_only_abroad_and_in_the_senders_language():
    assert address_lines(*GOOD, home="NL")[-1] == "1011 AA Amsterdam"
    assert address_lines(*GOOD, home="DE", language="de")[-1] == "NIEDERLANDE"
    assert country_name("BE", "nl") == "BELGIË"
    british = address_lines("Ada", "1 High St", "", "SW1A 1AA", "London", "GB", home="GB")
    assert british[-2:] == ("London", "SW1A 1AA")


def test_a_frame_is_judged_row_by_row():
    frame = pd.DataFrame([GOOD, ("Ada", None, None, None, None, "NL")], index=[5, 6])
    frame.columns = ["name", "street", "street_extra", "postcode", "city", "country"]
    faults = address_faults(frame)
    assert faults[5] == ""
    assert "no street, postcode, town" in faults[6]
