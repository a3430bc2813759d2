"""What a message about several documents says, in each language."""

from datetime import date

import pytest

from invoicebatch.formats.mail.several import Writer
from invoicebatch.model.outbox.together import Bundle

ACCOUNT = {
    "name": "Stroom",
    "holder": "Stroom BV",
    "iban": "NL91ABNA0417164300",
    "lines": ["Stroom BV", "Kade 1"],
}


def document(number, cents, situation="pay", *, left=None, currency="EUR", reference=""):
    kind = "invoice" if cents > 0 else "credit_note"
    invoice = {"number": number, "kind": kind, "date": date(2026, 11, 22), "currency": currency,
               "due_date": date(2026, 12, 6) if cents > 0 else None, "reference": reference or number,
               "total_cents": cents, "outstanding_cents": cents if left is None else left}  # fmt: skip
    return {
        "situation": situation, "account": ACCOUNT, "customer": {"name": "Ada <Lovelace>"}, "note": "",
        "payer": {"iban": "BE68539007547034"}, "invoice": invoice,
    }  # fmt: skip


DOCUMENTS = [
    document("F1", 12_100, reference="+++090/9337/55493+++"),
    document("F2", 24_200, left=20_000),
    document("F3", 8_450, "debit"),
    document("C4", -2_100, "refund"),
    document("F5", 99_900, currency="SEK"),
]


@pytest.mark.parametrize(
    ("language", "subject", "total", "sums"),
    [
        ("en", "5 documents from Stroom (2 of 3)", "Total", ("€426.50", "€384.50", "SEK 999.00")),
        ("nl", "5 documenten van Stroom (2 van 3)", "Totaal", ("€ 426,50", "€ 384,50", "SEK 999,00")),
        ("fr", "5 documents de Stroom (2 sur 3)", "Total", ("426,50 €", "384,50 €", "999,00 SEK")),
        ("de", "5 Dokumente von Stroom (2 von 3)", "Summe", ("426,50 €", "384,50 €", "999,00 SEK")),
    ],
)
def test_it_has_a_table_with_a_sum_a_currency_in_the_readers_language(language, subject, total, sums):
    letter = Writer("invoice", [], "email").letter(language, DOCUMENTS, Bundle((1, 2, 3, 4, 5), 2, 3))
    assert letter.subject == subject
    plain = letter.text.replace("\xa0", " ").replace("\u202f", " ")
    euro, krona = [line.split(None, 1)[1] for line in plain.splitlines() if line.startswith(total + " ")]
    assert sums[0] in euro
    assert sums[1] in euro
    assert krona.count(sums[2]) == 2
    (note,) = [line for line in plain.splitlines() if "C4" in line]
    assert "−€21" in note or "−21" in note or "−€ 21" in note
    assert "+++090/9337/55493+++" in plain
    assert "NL91 ABNA 0417 1643 00" in plain
    assert "BE•• •••• 7034" in plain
    assert "Ada &lt;Lovelace&gt;" in letter.html
    assert all(letter.html.count(number) == 1 for number in ("F1<", "F2<", "C4<"))


def test_what_is_open_and_how_it_is_paid_are_columns_only_where_they_say_something():
    writer = Writer("invoice", [], "post")
    letter = writer.letter("en", [document("F1", 100), document("F2", 200)], Bundle((1, 2)))
    assert letter.table["head"] == ["Document", "Date", "Due", "Amount"]
    assert "enclosed" in letter.text.lower()
    settled = [document("F1", 100, "settled", left=0), document("C2", -100, "set_off", left=0)]
    other = writer.letter("en", settled, Bundle((1, 2)))
    assert other.table["sums"] == [["Total", "", "", "€0.00", "€0.00", ""]]
    assert "You do not need to pay anything." in other.text
