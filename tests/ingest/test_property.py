"""Properties of the intake: no cell crashes it, nothing is lost, amounts are exact, order is no matter."""

import csv
import io
import tempfile
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from invoicebatch.errors import RulesError, UsageError
from invoicebatch.ingest.convert import Writing, convert
from invoicebatch.ingest.dates import to_dates
from invoicebatch.ingest.intake import Intake, read_files
from invoicebatch.ingest.kinds import KINDS
from invoicebatch.ingest.lines import line_net
from invoicebatch.ingest.mapping.expression import compile_expression
from invoicebatch.ingest.numbers import DecimalMark, to_decimals, to_scaled
from invoicebatch.ingest.readers.clean import clean
from tests.examples import examples

CELLS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "0",
            "-1.5",
            "1,5",
            "1.234,56",
            "2026-01-31",
            "31/01/2026",
            "NL",
            "EUR",
            "approved",
            "=1+1",
            "é\u202e",
        ]
    ),
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(allow_nan=True).map(str),
    st.dates().map(str),
)


def csv_bytes(header: list[str], rows: list[list[str]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue().encode("utf-8", errors="replace")


def take(files: dict[str, bytes]) -> Intake:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, content in files.items():
            paths.append(Path(folder) / name)
            paths[-1].write_bytes(content)
        return read_files(paths, defaults={"company_account_id": "NL"})


def take_if_usable(files: dict[str, bytes]) -> Intake | None:
    """An intake, or None where a file can't be used at all; any other error fails the test."""
    try:
        return take(files)
    except UsageError:
        return None


@settings(max_examples=examples(150), deadline=None)
@given(kind=st.sampled_from(list(KINDS)), data=st.data())
def test_any_cells_give_frames_or_one_clear_error(kind: str, data: st.DataObject) -> None:
    columns = data.draw(st.lists(st.sampled_from(sorted(KINDS[kind].by_name)), unique=True, max_size=6))
    header = [*KINDS[kind].needs, *(c for c in columns if c not in KINDS[kind].needs)]
    rows = data.draw(
        st.lists(st.lists(CELLS, min_size=len(header), max_size=len(header)), min_size=1, max_size=5)
    )
    intake = take_if_usable({f"{kind}.csv": csv_bytes(header, rows)})
    if intake is None:
        return
    taken = len(intake.frames[KINDS[kind].rows])
    if kind != "invoices":
        assert taken + len(intake.refused.drop_duplicates(["file", "row"])) >= intake.read
    assert (intake.refused["reason"] != "").all()


@settings(max_examples=examples(80), deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=300), st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace"))
    )
)
@example(content=b'external_id,company_account_id\n"')
@example(content=b"\xff\xfe")
@example(content=b"sep=,\n")
def test_any_bytes_are_an_intake_or_one_clear_error(content: bytes) -> None:
    intake = take_if_usable({"invoices.csv": content})
    assert intake is None or intake.read > 0


_MONEY = st.decimals(-(10**9), 10**9, places=2)
_LINES = st.lists(
    st.tuples(st.sampled_from("ABC"), st.decimals(-1000, 1000, places=3), st.decimals(0, 1000, places=6),
              st.sampled_from([Decimal(21), Decimal(9), Decimal("5.5")])),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=examples(60), deadline=None)
@given(lines=_LINES, shuffle=st.randoms(use_true_random=False))
def test_totals_are_exact_and_do_not_depend_on_the_order(
    lines: list[tuple[str, Decimal, Decimal, Decimal]], shuffle: object
) -> None:
    names = sorted({name for name, *_ in lines})
    invoices = csv_bytes(["external_id"], [[name] for name in names])
    totals = []
    for order in (lines, shuffle.sample(lines, len(lines))):
        rows = [[name, "x", str(q), str(p), str(rate)] for name, q, p, rate in order]
        text = csv_bytes(["external_id", "name", "quantity", "price", "vat_rate"], rows)
        frame = take({"invoices.csv": invoices, "lines.csv": text}).frames["invoices"]
        totals.append(frame.set_index("external_id")["total_cents"].to_dict())
    assert totals[0] == totals[1] == {name: _total(lines, name) for name in names}


def _total(lines: list[tuple[str, Decimal, Decimal, Decimal]], wanted: str) -> int:
    by_rate: dict[Decimal, Decimal] = {}
    for name, quantity, price, rate in lines:
        if name == wanted:
            by_rate[rate] = by_rate.get(rate, Decimal(0)) + _half_up(quantity * price)
    return int(sum(net + _half_up(net * rate / 100) for rate, net in by_rate.items()) * 100)


def _half_up(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@settings(max_examples=examples(40), deadline=None)
@given(cells=st.lists(CELLS, min_size=1, max_size=6))
def test_the_same_file_gives_the_same_frames(cells: list[str]) -> None:
    text = csv_bytes(["customer_id", "name", "iban"], [[str(n), cell, cell] for n, cell in enumerate(cells)])
    first, again = take_if_usable({"customers.csv": text}), take_if_usable({"customers.csv": text})
    if first is None or again is None:
        assert first is again
        return
    assert first.frames["customers"].equals(again.frames["customers"])
    assert first.refused.equals(again.refused)
    assert first.doubted.equals(again.doubted)


@given(amount=_MONEY, mark=st.sampled_from([DecimalMark.POINT, DecimalMark.COMMA]), grouped=st.booleans())
def test_amounts_are_read_as_they_were_written(amount: Decimal, mark: DecimalMark, grouped: bool) -> None:
    text = f"{amount:,.2f}" if grouped else f"{amount:.2f}"
    if mark is DecimalMark.COMMA:
        text = text.translate(str.maketrans(",.", ".,"))
    decimals, bad = to_decimals(pa.array([text]), mark)
    cents, more = to_scaled(decimals, 2)
    assert not bad[0]
    assert not more[0]
    assert cents.to_pylist() == [int(amount * 100)]


@given(cell=CELLS)
def test_a_number_is_read_exactly_or_refused(cell: str) -> None:
    for mark in DecimalMark:
        decimals, bad = to_decimals(clean(pa.array([cell], pa.string())), mark)
        value = decimals.to_pylist()[0]
        assert not (bad[0] and value is not None)
        if value is not None and mark is DecimalMark.UNSURE:
            assert value == Decimal(cell.strip())


@given(cell=CELLS)
def test_every_column_takes_any_cell(cell: str) -> None:
    values = clean(pa.array([cell.encode("utf-8", "replace").decode()], pa.string()))
    for kind in KINDS.values():
        for column in kind.columns:
            result, faults = convert(values, column, Writing())
            assert len(result) == 1
            assert not (any(fault.cells[0] for fault in faults) and result[0].is_valid)


@given(day=st.dates(min_value=pd.Timestamp("1900-01-01").date(), max_value=pd.Timestamp("2199-12-31").date()))
def test_dates_are_read_in_every_named_order(day: object) -> None:
    texts = {
        "dd/mm/yyyy": f"{day:%d/%m/%Y}",
        "m-d-yyyy": f"{day.month}-{day.day}-{day.year}",
        "yyyymmdd": f"{day:%Y%m%d}",
    }
    for date_format, text in texts.items():
        dates, bad = to_dates(pa.array([text, f"{day}T10:30:00Z"]), date_format)
        assert dates.to_pylist() == [day, day]
        assert not bad.any()


@given(
    quantity=st.decimals(-(10**5), 10**5, places=6),
    price=st.decimals(0, 10**5, places=6),
    base=st.sampled_from([Decimal(1), Decimal(100), Decimal("0.5"), Decimal(3)]),
)
def test_line_amounts_are_exact(quantity: Decimal, price: Decimal, base: Decimal) -> None:
    kind = pd.ArrowDtype(pa.decimal128(18, 6))
    frame = pd.DataFrame({"quantity": [quantity], "price": [price], "price_base": [base]}).astype(object)
    net, absurd = line_net(frame.astype(kind))
    assert not absurd[0]
    assert net[0] == int(_half_up(quantity * price / base) * 100)


@given(text=st.text(max_size=60))
def test_any_text_is_an_expression_or_a_clear_error(text: str) -> None:
    with suppress(RulesError):
        assert compile_expression(text, "m").text == text
