"""What payers write, and the documents that it names."""

import pandas as pd
import pytest

from invoicebatch.model.payments.incoming.near import is_near
from invoicebatch.model.payments.incoming.numbers import exact, keys_of, named, words_of
from invoicebatch.model.payments.incoming.payers import name_key
from invoicebatch.model.payments.incoming.sums import parts_of
from invoicebatch.model.payments.incoming.texts import is_loose, references
from invoicebatch.model.payments.reference import belgian, creditor_reference, dutch, is_reference

QRR = "210000000003139471430009017"
DOCUMENTS = pd.DataFrame(
    {"invoice_id": [1, 2, 3, 4, 5], "number": ["NL2026-000001", "NL2026-000002", "2026/12/7", "F-12", "NL2026-000003"],
     "remittance_reference": [None, None, None, None, QRR]}
).astype({"remittance_reference": "str"})  # fmt: skip


def documents_of(text: str) -> list[int]:
    keys = keys_of(pd.Series({"p": text}), words_of(DOCUMENTS))
    pairs = named(keys, DOCUMENTS).merge(DOCUMENTS, on="invoice_id")
    good = pd.concat([exact(pairs[pairs["kind"].eq("reference")]), pairs[pairs["kind"].eq("number")]])
    return sorted(set(good["invoice_id"]))


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("factuur NL2026-000001 bedankt", [1]),
        ("nl 2026 - 0000 01", [1]),
        ("NL2026000002", [2]),
        ("2026-2", [2]),
        ("NL2026-000001, 2 en 3", [1, 2, 5]),
        ("NL2026-000001 + NL2026-000002", [1, 2]),
        ("2026 12 07", [3]),
        ("f12", [4]),
        ("NL2026-000009", []),
        ("energie november 2026", []),
        (dutch("2026000001"), [1]),
        (f"{QRR[:2]} {QRR[2:7]} {QRR[7:12]} {QRR[12:17]} {QRR[17:22]} {QRR[22:]}", [5]),
        (creditor_reference("NL2026-000002"), [2]),
        (dutch("2026000003"), []),
    ],
)
def test_a_text_names_documents_however_it_is_spelled(text: str, ids: list[int]) -> None:
    assert documents_of(text) == ids


def test_references_are_known_by_their_check_digits() -> None:
    for token in (belgian("2026000123"), dutch("2026000123"), creditor_reference("NL2026-1"), QRR):
        assert is_reference(token)
        last = token[-1]
        assert not is_reference(token[:-1] + str((int(last) + 1) % 10))
    assert not is_reference("000000000000")
    assert references("RF18 5390 0754 7034 en meer tekst") == ["RF18539007547034"]
    assert references("120000000000 NL91ABNA0417164300") == []


def test_digits_that_are_no_date_may_name_something() -> None:
    assert [is_loose(text) for text in ("", "01-11-2026", "nov 2026", "20261", "12 34 56")] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_names_are_compared_without_form_order_and_accents() -> None:
    assert name_key("José Müller GmbH") == name_key("MULLER JOSE")
    assert name_key("Klant 1") != name_key("Klant 2")
    assert name_key("B.V.") == ""


def test_slips_and_sums() -> None:
    assert [
        is_near("NL202612", other) for other in ("NL202621", "NL20261", "NL2026122", "NL202613", "NL202699")
    ] == [True] * 4 + [False]
    assert parts_of(600, [100, 200, 300, 600]) == [(0, 1, 2)]
    assert parts_of(601, [100, 200]) == []
