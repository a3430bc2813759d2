"""Proposed mappings: files of five programs are imported as proposed, or once the named doubts are answered."""

import tomllib
from collections.abc import Mapping
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from invoicebatch.errors import InputFileError
from invoicebatch.ingest.guess import Known, Proposal, propose
from invoicebatch.ingest.intake import Intake, read_files
from invoicebatch.ingest.mapping.model import parse_mapping

FITNESS = """Rechnungsnr.;Mitglieds-Nr.;Vorname;Nachname;Straße;Hausnr.;PLZ;Ort;E-Mail;Tarif;Leistung von;Leistung bis;Fällig am;Betrag netto;MwSt %;Bruttobetrag;IBAN;Mandatsreferenz;Mandat vom;Studio
FS-1001;M-0001;Jürgen;Groß;Königsallee;12a;40212;Düsseldorf;j.gross@example.org;Premium;01.11.2026;30.11.2026;03.11.2026;1.033,61;19;1.230,00;DE89 3704 0044 0532 0130 00;MND-1;15.03.2024;Mitte
FS-1002;M-0002;Änne;Müller;Am Markt;3;50667;Köln;aenne@example.org;Basis;01.11.2026;30.11.2026;03.11.2026;16,76;19;19,94;;;;Mitte
FS-1003;M-0003;Özlem;Yildiz;Weg;7;50667;Köln;oez@example.org;Kurs;01.11.2026;30.11.2026;03.11.2026;20,00;19;23,80;DE89370400440532013000;MND-3;28.02.2025;Nord
"""

BOOKKEEPING = """\ufeffBoekstuknummer;Factuurdatum;Vervaldatum;Relatiecode;Naam;Omschrijving;Bedrag excl. btw;Btw-percentage;Btw-bedrag;Bedrag incl. btw;Grootboek
26700001;03-11-2026;17-11-2026;10021;Bakkerij De Korenaar;Onderhoud oven;250,00;21;52,50;302,50;8000
26700001;03-11-2026;17-11-2026;10021;Bakkerij De Korenaar;Voorrijkosten;45,00;21;9,45;54,45;8010
26700002;04-11-2026;18-11-2026;10034;Fietsen Jansen;Abonnement;1.250,00;9;112,50;1.362,50;8000
26700003;05-11-2026;19-11-2026;10034;Fietsen Jansen;Terugbetaling;-100,00;21;-21,00;-121,00;8000
"""

STRIPE = """id,Number,Created (UTC),Due Date (UTC),Customer,Customer Name,Customer Email,Customer Address Line1,Customer Address City,Customer Address Postal Code,Customer Address Country,Description,Subtotal,Tax,Total,Amount Due,Currency,Status
in_1Q01,A1B2-0001,2026-11-01 09:30,2026-11-15 09:30,cus_Qx1,Ada Ltd,ada@example.org,1 High Street,London,N1 1AA,GB,Seats November,100.00,20.00,120.00,120.00,gbp,open
in_1Q02,A1B2-0002,2026-11-01 09:31,2026-11-15 09:31,cus_Qx2,Bob & Co,bob@example.org,2 Low Road,Leeds,LS1 1UR,GB,Seats November,"1,250.50",250.10,"1,500.60",0.00,gbp,paid
in_1Q03,A1B2-0003,2026-11-02 10:00,2026-11-16 10:00,cus_Qx1,Ada Ltd,ada@example.org,1 High Street,London,N1 1AA,GB,Books,50.00,0.00,50.00,50.00,gbp,open
"""

TOTALS = """Debtors of Harbour Tools,,,,,,,
Printed on 24/11/2026,,,,,,,
,,,,,,,
Invoice No.,Customer No.,Company,Invoice date,Item,Qty,Unit price,VAT %
2001,C-01,Smith & Sons,14/11/2026,Drill,2,£ 45.50,20%
2001,C-01,Smith & Sons,14/11/2026,Bits,1,£ 1250.00,20%
2002,C-02,O'Neill,15/11/2026,Ladder,1,£ 80.00,20%

Total,,,,,4,£ 1421.00,
"""


def french_workbook() -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "Factures"
    sheet.append(["N° facture", "Date facture", "Échéance", "Code client", "Raison sociale", "Adresse", "Code postal",
                  "Ville", "Pays", "Désignation", "Qté", "Unité", "PU HT", "Taux TVA"])  # fmt: skip
    for number, name, quantity, price, rate in (
        ("F2026-01", "Café du Nord", 3, 12.5, 0.2),
        ("F2026-01", "Café du Nord", 1, 40, 0.055),
        ("F2026-02", "Garage Éluard", 2.5, 60, 0.2),
    ):
        client = {"Café du Nord": "00CN", "Garage Éluard": "00GE"}[name]
        sheet.append([number, date(2026, 11, 3), date(2026, 12, 3), client, name, "1 rue Haute", "59000", "Lille",
                      "France", "Prestation", quantity, "heure", price, rate])  # fmt: skip
        sheet.cell(sheet.max_row, 14).number_format = "0.0%"
        sheet.cell(sheet.max_row, 2).number_format = sheet.cell(sheet.max_row, 3).number_format = "dd/mm/yyyy"
    book.create_sheet("Notes").append(["à vérifier"])
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def proposed(
    folder: Path, name: str, content: bytes, accounts: tuple[str, ...] = ("MAIN",)
) -> tuple[Path, Proposal]:
    path = folder / name
    path.write_bytes(content)
    return path, propose(path, Known(accounts))


def taken(path: Path, proposal: Proposal, answers: Mapping[str, str] | None = None) -> Intake:
    """What an import with the mapping takes, once lines of it were changed as answers to its doubts."""
    text = proposal.toml
    for old, new in (answers or {}).items():
        assert old in text, text
        text = text.replace(old, new)
    mapping = parse_mapping(tomllib.loads(text), "proposed.toml")
    return read_files([path], mapping=mapping, defaults={"company_account_id": "MAIN", "currency": "EUR"})


def totals(intake: Intake) -> dict[str, int]:
    return intake.frames["invoices"].set_index("external_id")["total_cents"].to_dict()


def test_the_members_of_a_german_fitness_chain_in_windows_1252(tmp_path: Path) -> None:
    path, proposal = proposed(tmp_path, "beitraege.csv", FITNESS.encode("cp1252"))
    intake = taken(path, proposal)
    assert intake.refused.empty
    assert totals(intake) == {"FS-1001": 123_000, "FS-1002": 1_994, "FS-1003": 2_380}
    customers = intake.frames["customers"].set_index("customer_id")
    assert customers.loc["M-0001", ["name", "street", "city"]].tolist() == [
        "Jürgen Groß",
        "Königsallee 12a",
        "Düsseldorf",
    ]
    assert customers["payment_method"].tolist() == ["direct_debit", "credit_transfer", "direct_debit"]
    assert intake.frames["mandates"]["mandate_id"].tolist() == ["MND-1", "MND-3"]
    assert {f"{day:%Y-%m-%d}" for day in intake.frames["invoices"]["due_date"]} == {"2026-11-03"}
    assert proposal.unread == ("Studio",)


def test_a_dutch_bookkeeping_export_with_several_lines_an_invoice(tmp_path: Path) -> None:
    path, proposal = proposed(tmp_path, "verkoopboek.csv", BOOKKEEPING.encode())
    answer = {
        "# kind = { derived": "kind = { derived",
        "'credit_note' if … else": "'credit_note' if column('Bedrag excl. btw') < 0 else",
    }
    assert any("below zero" in doubt for doubt in proposal.doubts)
    intake = taken(path, proposal, answer)
    assert intake.refused.empty
    assert totals(intake) == {"26700001": 35_695, "26700002": 136_250, "26700003": -12_100}
    assert len(intake.frames["lines"]) == 4
    assert intake.frames["customers"]["name"].tolist() == ["Bakkerij De Korenaar", "Fietsen Jansen"]


def test_a_french_workbook_with_a_second_sheet(tmp_path: Path) -> None:
    path, proposal = proposed(tmp_path, "factures.xlsx", french_workbook())
    assert any("Notes" in doubt for doubt in proposal.doubts)
    intake = taken(path, proposal)
    assert intake.refused.empty
    assert totals(intake) == {"F2026-01": 4_500 + 4_220, "F2026-02": 18_000}
    assert intake.frames["customers"]["country"].tolist() == ["FR", "FR"]
    assert set(intake.frames["lines"]["unit"]) == {"HUR"}


def test_an_export_of_a_payment_service_asks_why_a_line_bears_no_vat(tmp_path: Path) -> None:
    path, proposal = proposed(tmp_path, "invoices.csv", STRIPE.encode())
    assert taken(path, proposal).refused["reason"].str.contains("a rate of zero needs a vat_category").any()
    intake = taken(
        path,
        proposal,
        {"# vat_category": "vat_category", "[lines]": "[lines]\nexemption_reason = { constant = 'Books' }"},
    )
    assert intake.refused.empty
    assert totals(intake) == {"in_1Q01": 12_000, "in_1Q02": 150_060, "in_1Q03": 5_000}
    assert set(intake.frames["invoices"]["currency"]) == {"GBP"}
    assert {"Number", "Status"} <= set(proposal.unread)


def test_headers_below_a_title_and_totals_at_the_end(tmp_path: Path) -> None:
    path, proposal = proposed(tmp_path, "debtors.csv", TOTALS.encode())
    assert "header_row = 4" in proposal.toml
    assert any("taken for totals and skipped" in doubt for doubt in proposal.doubts)
    intake = taken(path, proposal)
    assert intake.refused.empty
    assert totals(intake) == {"2001": 160_920, "2002": 9_600}
    assert intake.frames["customers"]["name"].tolist() == ["Smith & Sons", "O'Neill"]


@pytest.mark.parametrize(
    ("header", "row", "kinds"),
    [
        ("Klantnummer,Naam,Straat,Postcode,Plaats", "7,Jansen,Dam 1,1012 JS,Amsterdam", ("customers",)),
        ("Invoice number,Payment date,Amount paid", "A-1,2026-11-02,12.50", ("payments",)),
        ("Factuurnummer,Klantnummer,Factuurdatum,Vervaldatum,Openstaand", "A-1,7,2026-11-02,2026-11-16,12.50", ("open_items",)),
        ("Numéro de facture,Désignation,Qté,PU HT,Taux TVA", "A-1,Vin,2,4.50,20", ("lines",)),
    ],
)  # fmt: skip
def test_the_kind_of_a_file_is_told_by_its_columns(
    tmp_path: Path, header: str, row: str, kinds: tuple[str, ...]
) -> None:
    path, proposal = proposed(tmp_path, "file.csv", f"{header}\n{row}\n".encode())
    assert proposal.kinds == kinds
    assert taken(path, proposal).refused.empty


def test_a_day_and_month_that_cannot_be_told_apart_are_a_doubt(tmp_path: Path) -> None:
    text = "Invoice number,Payment date,Amount paid\nA-1,03/04/2026,1.000\n"
    _, proposal = proposed(tmp_path, "file.csv", text.encode())
    assert [doubt for doubt in proposal.doubts if "day from month" in doubt]
    assert [doubt for doubt in proposal.doubts if "a thousand" in doubt]


def test_rows_whose_customer_could_not_be_told_are_counted(tmp_path: Path) -> None:
    text = "Naam;E-mail;Factuurnummer;Factuurdatum;Omschrijving;Bedrag\nJan;jan@example.org;1;03-11-2026;Les;19,98\nPiet;;2;03-11-2026;Les;19,98\n"
    _, proposal = proposed(tmp_path, "leden.csv", text.encode())
    assert [doubt for doubt in proposal.doubts if "1 row without one would belong to no customer" in doubt]
    _, numbered = proposed(tmp_path, "lidnummers.csv", text.replace("Naam", "Lidnummer").encode())
    assert not [doubt for doubt in numbered.doubts if "no customer number" in doubt]


def test_several_company_accounts_are_offered(tmp_path: Path) -> None:
    _, proposal = proposed(tmp_path, "verkoopboek.csv", BOOKKEEPING.encode(), ("NL", "BE"))
    assert [doubt for doubt in proposal.doubts if "NL, BE" in doubt]


def test_a_file_of_unknown_headers_says_what_it_recognised(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="Recognised: 'City' as city"):
        proposed(tmp_path, "file.csv", b"Foo,City\nx,Lille\n")


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("V-1,K,100.00,21,121.00", 'vat_rate = { constant = "21" }'),
        ("V-1,K,200.00,21,242.00", 'vat_rate = "VAT"'),
    ],
)
def test_a_column_called_vat_holds_amounts_where_the_totals_say_so_else_rates(
    tmp_path: Path, row: str, line: str
) -> None:
    path, proposal = proposed(tmp_path, "file.csv", f"Invoice no,Customer,Net,VAT,Total\n{row}\n".encode())
    assert line in proposal.toml
    assert taken(path, proposal).refused.empty


def test_a_file_of_our_own_columns_needs_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="it needs no mapping"):
        proposed(tmp_path, "file.csv", b"external_id,name,price,vat_rate\nA,x,1,21\n")
