"""Measurements of the intake and the sample generator, each beside a floor taken in the same run."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from invoicebatch.ingest.intake import read_files
from invoicebatch.ingest.sample import generate

ROWS = 1_000_000


def seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


@pytest.mark.bench
def test_a_million_lines(tmp_path: Path) -> None:
    file = tmp_path / "lines.csv"
    row = "ZW-{n:09d},{p},Levering elektriciteit,{n}.125,KWH,0.245678,21,P001\n"
    header = "external_id,line_no,name,quantity,unit,price,vat_rate,item_id\n"
    file.write_text(header + "".join(row.format(n=n // 4, p=n % 4 + 1) for n in range(ROWS)))
    data = file.read_bytes()
    floor = seconds(lambda: pa.csv.read_csv(io.BytesIO(data), pa.csv.ReadOptions(use_threads=False)))
    taken = seconds(lambda: read_files([file]))
    print(
        f"\n{ROWS:,} lines: parsed alone {floor:.2f} s, read and checked {taken:.2f} s, {taken / floor:.1f} times"
    )


@pytest.mark.bench
def test_a_million_sample_invoices() -> None:
    small = seconds(lambda: list(generate(10_000)))
    large = seconds(lambda: [None for _ in generate(ROWS)])
    print(f"\nsample: 10,000 in {small:.2f} s, {ROWS:,} in {large:.1f} s, {large / small:.0f} times")
