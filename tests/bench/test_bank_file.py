"""Writing and checking bank files, beside sepaxml: seconds and memory above the input, in one run."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys, time, resource, importlib.util
from io import BytesIO
from pathlib import Path
spec = importlib.util.spec_from_file_location("maker", Path("tests/formats/pain/conftest.py"))
maker = importlib.util.module_from_spec(spec); spec.loader.exec_module(maker)
from invoicebatch.formats.pain import check_message, write_message
what, count = sys.argv[1], int(sys.argv[2])
message = maker.message(count)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
if what == "sepaxml":
    from sepaxml import SepaDD
    dd = SepaDD(dict(name="Watt", IBAN=message.iban, BIC=message.bic, batch=True, currency="EUR",
                creditor_id=message.creditor_id), schema=message.version, clean=True)
    rows = list(message.items.itertuples())
    before, start = peak(), time.perf_counter()
    for r in rows:
        dd.add_payment(dict(name=r.name, IBAN=r.iban, amount=int(r.amount_cents), type=r.sequence_type,
            collection_date=message.requested_date, mandate_id=r.mandate_id, endtoend_id=r.end_to_end_id,
            mandate_date=r.mandate_signed_on.date(), description=r.remittance))
    size = len(dd.export(validate=False))
    print(f"sepaxml  {count:7,}: written {time.perf_counter() - start:.2f} s, "
          f"{peak() - before} MB above the input, {size / 1e6:.0f} MB file")
else:
    from invoicebatch.formats.pain.check import schema
    schema(message.version)
    before, start, out = peak(), time.perf_counter(), BytesIO()
    write_message(message, out)
    wrote = time.perf_counter(); out.seek(0)
    check_message(message, out)
    print(f"ours     {count:7,}: written {wrote - start:.2f} s, checked {time.perf_counter() - wrote:.2f} s, "
          f"{peak() - before} MB above the input, {out.tell() / 1e6:.0f} MB file")
"""


@pytest.mark.bench
@pytest.mark.parametrize("count", [10_000, 100_000])
@pytest.mark.parametrize("what", ["ours", "sepaxml"])
def test_bank_file(what: str, count: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, what, str(count)], capture_output=True, text=True, check=True
    )
    print("\n" + done.stdout.strip())
    assert "above the input" in done.stdout
