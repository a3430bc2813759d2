"""Mappings: foreign columns, constants, derived values, grouping; and what they must never do."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from invoicebatch.errors import InputFileError, RulesError
from invoicebatch.ingest.intake import Intake
from invoicebatch.ingest.mapping.expression import compile_expression
from invoicebatch.ingest.mapping.model import load_mapping, parse_mapping

Take = Callable[..., Intake]

SHOP = {
    "file": {"decimal": ",", "date_format": "dd-mm-yyyy"},
    "refuse": [{"when": "Aantal == 0", "column": "Aantal", "reason": "nothing sold"}],
    "invoices": {
        "group_by": "Factuur",
        "external_id": "Factuur",
        "kind": {"derived": "'credit_note' if starts_with(Factuur, 'C') else 'invoice'"},
        "customer_id": "Klant",
        "company_account_id": {"constant": "NL"},
        "delivery_date": "Datum",
    },
    "lines": {
        "external_id": "Factuur",
        "name": "Omschrijving",
        "quantity": "Aantal",
        "price": {"derived": "Bedrag / Aantal"},
        "net": "Bedrag",
        "vat_rate": {"column": "Btw", "values": {"hoog": "21", "laag": "9"}},
    },
    "customers": {"group_by": "Klant", "customer_id": "Klant", "name": {"derived": "'Klant ' & Klant"}},
}
ROWS = (
    "Factuur;Klant;Datum;Omschrijving;Aantal;Bedrag;Btw\n"
    "F1;007;02-03-2026;Stroom;4;1.000,00;hoog\nF1;007;02-03-2026;Water;1;9,99;laag\n"
    "C2;;03-03-2026;Stroom;-1;-250,00;hoog\nF1;007;02-03-2026;Niets;0;0,00;laag\n"
)


def test_a_file_of_lines_becomes_invoices_lines_and_customers(take: Take) -> None:
    intake = take({"verkoop.csv": ROWS}, SHOP)
    invoices = intake.frames["invoices"].set_index("external_id")
    assert invoices["total_cents"].to_dict() == {"F1": 100_000 + 21_000 + 999 + 90, "C2": -30_250}
    assert invoices["kind"].to_dict() == {"F1": "invoice", "C2": "credit_note"}
    assert invoices["delivery_date"].dt.strftime("%d/%m").tolist() == ["02/03", "03/03"]
    assert invoices["customer_id"].isna().tolist() == [False, True]
    assert intake.frames["lines"]["price"].tolist() == [Decimal(250), Decimal("9.99"), Decimal(250)]
    assert intake.frames["lines"]["line_no"].tolist() == [1, 2, 1]
    assert intake.frames["customers"].to_dict("records") == [{"customer_id": "007", "name": "Klant 007"}]
    assert intake.refused[["row", "column", "value", "reason"]].to_numpy().tolist() == [
        [5, "Aantal", "0", "nothing sold"]
    ]


def test_rows_of_one_document_that_disagree_are_named(take: Take) -> None:
    rows = ROWS.replace("F1;007;02-03-2026;Water", "F1;008;02-03-2026;Water")
    intake = take({"verkoop.csv": rows}, SHOP)
    assert intake.frames["invoices"]["external_id"].tolist() == ["C2"]
    assert intake.frames["lines"]["external_id"].tolist() == ["C2"]
    assert "customer_id differs inside one document or party: row 2 has 007" in set(intake.refused["reason"])


def test_a_derived_number_that_is_none_refuses_only_its_document(take: Take) -> None:
    intake = take({"verkoop.csv": ROWS.replace(";-1;", ";een;")}, SHOP)
    assert intake.frames["invoices"]["external_id"].tolist() == ["F1"]
    assert "is not a number of at most 6 decimals" in set(intake.refused["reason"])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("Q * P", ["5.1", "-3", None]),
        ("Q * P * P * Q", ["26.01", "9", None]),
        ("Q + P - 1", ["3.55", "-1.5", None]),
        ("Q / 3", ["0.666667", "-0.666667", None]),
        ("-Q", ["-2", "2", None]),
        ("round(P, 1)", ["2.6", "1.5", None]),
        ("abs(Q)", ["2", "2", None]),
        ("N & '-' & Q", ["AB1-2", "C2--2", "-"]),
        ("upper(lower(N))", ["AB1", "C2", None]),
        ("before(N, '1')", ["AB", "C2", None]),
        ("after(N, 'A')", ["B1", None, None]),
        ("first(N, 'none')", ["AB1", "C2", "none"]),
        ("'x' if N in ['AB1', 'Q'] else 'y'", ["x", "y", "y"]),
        ("'x' if N not in ['AB1'] else 'y'", ["y", "x", "y"]),
        ("'neg' if Q < 0 else 'pos' if Q > 0 else 'none'", ["pos", "neg", "none"]),
        ("'yes' if Q == 2 and not (P < 1) or N == 'C2' else 'no'", ["yes", "yes", "no"]),
        ("'yes' if N is_none else 'no'", None),
        ("column('Unit price') & ''", ["1", "2", None]),
        ("replace(N, 'B', 'x')", ["Ax1", "C2", None]),
        ("'c' if contains(N, 'B') and ends_with(N, '1') else N", ["c", "C2", None]),
        ("date(D, 'dd/mm/yyyy')", ["2026-03-04", "2026-12-31", None]),
        ("date(D, 'dd/mm/yyyy') + 30", ["2026-04-03", "2027-01-30", None]),
        ("date(D, 'dd/mm/yyyy') & '/' & N", ["2026-03-04/AB1", "2026-12-31/C2", "/"]),
        ("'old' if date(D, 'dd/mm/yyyy') < '2026-06-30' else 'new'", ["old", "new", "new"]),
        ("'x' if date(D, 'dd/mm/yyyy') in ('2026-03-04',) else N", ["x", "C2", None]),
        ("'x' if N is None else 'y' if 2 <= Q < 3 else 'z'", ["y", "z", "x"]),
        ("'x' if Q in (2, 2.5) else 'y'", ["x", "y", "y"]),
        ("'x' if Q * 2 not in (4, 5) else 'y'", ["y", "x", "y"]),
        ("'x' if contains(N, 'B') == True else 'y'", None),
        ("Q * 2 if N == 'C2' else N", ["AB1", "-4", None]),
        ("Q * Q if Q > 0 else P", ["4", "1.5", None]),
        ("Q * P if P > 2 else None", ["5.1", None, None]),
    ],
)
def test_expressions(take: Take, expression: str, expected: list[str | None] | None) -> None:
    mapping = {"customers": {"customer_id": "Id", "name": {"derived": expression}}}
    rows = "Id,N,Q,P,D,Unit price\n1,AB1,2,2.55,04/03/2026,1\n2,C2,-2,1.5,31/12/2026,2\n3,,,,,\n"
    if expected is None:
        with pytest.raises(RulesError, match=r"is no expression|is not allowed"):
            take({"x.csv": rows}, mapping)
        return
    names = take({"x.csv": rows}, mapping).frames["customers"]["name"]
    assert [None if name != name else name for name in names] == expected


@pytest.mark.parametrize(
    "expression",
    [
        "__import__('os').system('touch /tmp/x')", "open('/etc/passwd')", "Q.__class__", "[x for x in Q]",
        "lambda: 1", "Q if P", "f'{Q}'", "Q ** 999", "eval('1')", "Q[0]", "(Q := 1)", "Q in P", "Q in (1, 'A')",
        "round(P, 99)", "starts_with(N, Q)", "starts_with(N)", "before(N, '')", "date(D, 'dd')", "10 ** 9", "1e400",
        "True", "not", "", "'" + "x" * 2000 + "'", "-" * 200 + "Q", "column(Q)", "round(P, n=1)", "print(Q)", "Q = 1", "Q == None",
        "0.1234567 * Q", "date(D, 'dd/mm/yyyy') < 'tomorrow'", "date(D, 'dd/mm/yyyy') == N", "-N & date(D, 'd/m/yyyy') * 2",
    ],
)  # fmt: skip
def test_an_expression_that_is_not_allowed_is_an_error_before_anything_is_read(expression: str) -> None:
    with pytest.raises(RulesError):
        compile_expression(expression, "m.toml")


@pytest.mark.parametrize(
    ("derived", "total"),
    [
        ("A * 2 if B == 'x' else A", {"1": 4_69, "2": 1_000_00}),
        ("A if B == 'y' else A * 2", {"1": 4_69, "2": 1_000_00}),
        ("A * 2 if B == 'x' else 7", {"1": 4_69, "2": 7_00}),
        ("A * 2 if B == 'x' else None", {"1": 4_69, "2": 0}),
        ("A / 1 if B == 'x' else A", {"2": 1_000_00}),
        ("round(A, 2) if B == 'x' else first(C, A)", {"1": 2_35, "2": 1_000_00}),
    ],
)
def test_a_calculated_amount_beside_a_column_keeps_its_decimals(
    take: Take, derived: str, total: dict[str, int]
) -> None:
    """With a decimal comma, 2.345 is no two thousand; it has a decimal too many."""
    mapping = {
        "file": {"decimal": ","},
        "invoices": {
            "external_id": "Id",
            "company_account_id": {"constant": "NL"},
            "total": {"derived": derived},
        },
    }
    intake = take({"x.csv": "Id;A;B;C\n1;2,345;x;\n2;1.000,00;y;\n"}, mapping)
    assert intake.frames["invoices"].set_index("external_id")["total_cents"].to_dict() == total


def test_the_decimal_mark_is_told_by_the_columns_that_expressions_calculate_with(take: Take) -> None:
    mapping = {"customers": {"customer_id": "Id", "name": {"derived": "'low' if Score < 1.5 else 'high'"}}}
    names = take({"x.csv": "Id;Score\n1;1,25\n2;1.250,00\n"}, mapping).frames["customers"]["name"]
    assert names.tolist() == ["low", "high"]
    joined = {"customers": {"customer_id": "Id", "name": {"derived": "Score & '-' & Id"}}}
    names = take({"x.csv": "Id;Score\n1;1,25\n2;1.250,00\n"}, joined).frames["customers"]["name"]
    assert names.tolist() == ["1,25-1", "1.250,00-2"]


def test_what_is_wrong_with_an_expression_names_file_key_and_what_to_write() -> None:
    for text, message in (
        ("Q = 1", "write ==, not ="),
        ("Q == None", "write Q is None"),
        ("date(D, 'dd') < 'x'", "'dd' is no date format"),
        ("round(P, 99)", "round keeps 0 to 6 decimals"),
        ("first(P)", "first takes 2 to 9 arguments"),
        ("date(D, 'dd/mm/yyyy') == N", "date(D, 'dd/mm/yyyy') (date) can't be compared with N (text)"),
    ):
        with pytest.raises(RulesError, match=r"m\.toml, lines\.price: ") as caught:
            compile_expression(text, "m.toml, lines.price")
        assert message in str(caught.value)
        assert repr(text) in caught.value.message
        assert "starts_with" in caught.value.hint


def test_a_number_that_cannot_be_held_is_an_error_with_advice(take: Take) -> None:
    mapping = {"customers": {"customer_id": "Id", "name": {"derived": "P * P * P * P * P * P"}}}
    with pytest.raises(RulesError, match="round"):
        take({"x.csv": "Id,P\n1,123456789012.123456\n"}, mapping)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "maps nothing"),
        (
            {"customers": {"name": "x", "zzz": "x"}},
            "Keys: files, group_by, only_new, skip, when_rows_differ, customer_id, name",
        ),
        (
            {"customers": {"name": {"zzz": "x"}}},
            "Keys: column, constant, derived, values, otherwise, date_format",
        ),
        (
            {"customers": {"name": "x"}, "file": {"zzz": 1}},
            "Keys: encoding, delimiter, sheet, header_row, decimal, date_format",
        ),
        ({"customers": {"name": "x"}, "refuse": [{"zzz": 1}]}, "Keys: when, reason, column"),
        ({"zzz": {"name": "x"}}, "Keys: description, file, refuse, accounts"),
        ({"customers": {"name": "x", "skip": "a =="}}, "m.toml, customers.skip: "),
        ({"customers": {"name": "x", "skip": 3}}, "customers.skip"),
        ({"invoice": {"external_id": "Id"}}, "Did you mean invoices?"),
        ({"customers": {"nam": "Name"}}, "Did you mean name?"),
        ({"customers": {"name": 7}}, "customers.name is 7"),
        ({"customers": {"name": {"colum": "x"}}}, "customers.name.colum"),
        ({"customers": {"name": {"column": "x", "constant": "y"}}}, "exactly one of"),
        ({"customers": {"name": {"constant": "x", "values": {"a": "b"}}}}, "go with column"),
        ({"customers": {"name": "x"}, "file": {"decimal": "x"}}, "file.decimal"),
        ({"customers": {"name": "x"}, "file": {"date_format": "day"}}, "is no date format"),
        ({"customers": {"name": "x"}, "refuse": [{"when": "a =="}]}, "reason"),
        ({"customers": {"name": "x"}, "refuse": {"when": "a"}}, "[[refuse]]"),
        ({"customers": {"name": "x", "when_rows_differ": "maybe"}}, "when_rows_differ"),
        ({"lines": {"name": "x", "only_new": True}}, "only_new is for accounts, customers, mandates"),
    ],
)
def test_a_wrong_mapping_names_its_key(raw: dict, message: str) -> None:
    with pytest.raises(RulesError) as caught:
        parse_mapping(raw, "m.toml")
    assert message in str(caught.value)


def test_a_mapping_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="can't be read"):
        load_mapping(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("a = [")
    with pytest.raises(RulesError, match="is not valid TOML"):
        load_mapping(tmp_path / "bad.toml")


def test_columns_a_mapping_reads_must_be_there(take: Take) -> None:
    with pytest.raises(InputFileError, match="has no column Naam"):
        take({"x.csv": "Id\n1\n"}, {"customers": {"customer_id": "Id", "name": "Naam"}})
    with pytest.raises(RulesError, match="has no column Naam"):
        take({"x.csv": "Id\n1\n"}, {"customers": {"customer_id": "Id", "name": {"derived": "Naam & 'x'"}}})


def test_sections_take_their_own_files(take: Take) -> None:
    mapping = {
        "customers": {"files": "klant*", "customer_id": "Nr"},
        "invoices": {"files": "fact*", "external_id": "Nr", "company_account_id": {"constant": "NL"}},
    }
    intake = take({"klanten.csv": "Nr\nK1\n", "facturen.csv": "Nr\nF1\n", "mandates.csv": _MANDATE}, mapping)
    assert intake.frames["customers"]["customer_id"].tolist() == ["K1"]
    assert intake.frames["invoices"]["external_id"].tolist() == ["F1"]
    assert len(intake.frames["mandates"]) == 1


def test_a_mapping_may_say_only_how_a_file_is_written(take: Take) -> None:
    mapping = {"file": {"decimal": ",", "date_format": "d/m/yyyy"}}
    text = "external_id;company_account_id;total;due_date\nA;NL;1.234;3/4/2026\n"
    (row,) = take({"invoices.csv": text}, mapping).frames["invoices"].to_dict("records")
    assert row["total_cents"] == 123_400
    assert f"{row['due_date']:%d %m %Y}" == "03 04 2026"


_MANDATE = "mandate_id,customer_id,iban,signed_on\nM1,K1,NL20INGB0001234567,2026-01-01\n"

MEMBERS = {
    "customers": {"customer_id": "Lid", "name": "Naam"},
    "mandates": {
        "skip": "not IBAN and Bedrag < 10",
        "mandate_id": {"derived": "'M' & Lid"},
        "customer_id": "Lid",
        "iban": "IBAN",
        "signed_on": {"constant": "2026-01-01"},
    },
}
MEMBER_ROWS = "Lid;Naam;IBAN;Bedrag\n1;Ann;NL91ABNA0417164300;5\n2;Bea;;5\n3;Cor;;7\n4;Dirk;;12\n5;Eva;;x\n"


def test_skipped_rows_are_no_fault_and_are_counted_in_one_line(take: Take) -> None:
    intake = take({"leden.csv": MEMBER_ROWS}, MEMBERS)
    assert len(intake.frames["customers"]) == 5
    assert intake.frames["mandates"]["mandate_id"].tolist() == ["M1"]
    assert "leden.csv: 2 rows skipped for mandates (not IBAN and Bedrag < 10)" in intake.unused
    named = intake.refused[["row", "column", "reason"]].to_numpy().tolist()
    assert named == [
        [5, "IBAN", "iban is empty"],
        [6, "Bedrag", "is not a number of at most 6 decimals"],
    ]


def test_a_skipped_document_takes_its_lines_along(take: Take) -> None:
    names = {name: name for name in ("external_id", "name", "price", "vat_rate")}
    mapping = {
        "invoices": {"skip": "state == 'draft'", "group_by": "external_id", "external_id": "external_id"}
        | {"company_account_id": {"constant": "NL"}},
        "lines": names,
    }
    text = (
        "external_id,state,name,price,vat_rate\nA1,sent,Gas,1,21\nA2,draft,Gas,2,21\nA2,draft,Water,3,21\n"
        "A3,sent,Gas,4,21\nA3,draft,Gas,5,21\n"
    )
    intake = take({"export.csv": text}, mapping)
    assert intake.refused.empty
    assert intake.frames["invoices"]["external_id"].tolist() == ["A1", "A3"]
    assert intake.frames["lines"]["net_cents"].tolist() == [100, 400, 500]
    assert "2 rows of lines skipped with their documents" in intake.unused


def test_a_skipped_document_takes_along_the_lines_of_another_file(take: Take) -> None:
    own = {"external_id": "external_id", "company_account_id": {"constant": "NL"}}
    mapping = {"invoices": {"files": "inv*", "skip": "state == 'draft'", **own}}
    files = {
        "lines.csv": "external_id,name,price,vat_rate\nA1,Gas,1,21\nA2,Gas,2,21\n",
        "invoices.csv": "external_id,state\nA1,sent\nA2,draft\n",
    }
    intake = take(files, mapping)
    assert intake.refused.empty
    assert intake.frames["lines"]["external_id"].tolist() == ["A1"]
    assert "1 row of lines skipped with their documents" in intake.unused


def test_a_file_of_which_all_rows_are_skipped_is_no_fault(take: Take) -> None:
    mapping = {**MEMBERS, "mandates": {**MEMBERS["mandates"], "skip": "Lid is not None"}}
    intake = take({"leden.csv": MEMBER_ROWS}, mapping)
    assert intake.refused.empty
    assert intake.frames["mandates"].empty


def test_what_is_skipped_in_one_section_stays_in_the_others(take: Take) -> None:
    shop = {**SHOP, "customers": {**SHOP["customers"], "skip": "starts_with(Factuur, 'F')"}}
    intake = take({"verkoop.csv": ROWS}, shop)
    assert intake.frames["customers"].empty
    assert len(intake.frames["invoices"]) == 2


def test_a_header_that_is_no_plain_word_is_spelled_out(take: Take) -> None:
    mapping = {"customers": {"customer_id": "Id", "name": {"derived": "first(E-mail, Id)"}}}
    with pytest.raises(RulesError, match="has no column E, mail") as caught:
        take({"x.csv": "Id,E-mail\n1,a@example.com\n"}, mapping)
    assert "Write column('E-mail')." in caught.value.hint
    mapping["customers"]["name"] = {"derived": "first(column('E-mail'), Id)"}
    assert take({"x.csv": "Id,E-mail\n1,a\n"}, mapping).frames["customers"]["name"].tolist() == ["a"]
    with pytest.raises(RulesError) as caught:
        compile_expression("Unit price * 2", "m.toml")
    assert "column('E-mail')" in caught.value.hint


def test_a_row_on_which_a_refusal_cannot_be_judged_is_refused_with_its_document(take: Take) -> None:
    shop = {**SHOP, "refuse": [{"when": "Korting > 50", "reason": "a gift"}]}
    rows = ROWS.replace("Btw\n", "Btw;Korting\n").replace("hoog\n", "hoog;0\n").replace("laag\n", "laag;?\n")
    intake = take({"verkoop.csv": rows}, shop)
    assert intake.frames["invoices"]["external_id"].tolist() == ["C2"]
    assert intake.frames["lines"]["external_id"].tolist() == ["C2"]
    named = intake.refused[intake.refused["column"] == "Korting"]
    assert named[["row", "value"]].to_numpy().tolist() == [[3, "?"], [5, "?"]]
