"""Payments as customers send them, drawn at random, each with the documents that it is really for."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from invoicebatch.files.shipped import shipped
from invoicebatch.ingest.bank.evidence import load_evidence
from invoicebatch.model.payments.incoming.by_text import Open
from invoicebatch.model.payments.incoming.numbers import keys_of, named, words_of
from invoicebatch.model.payments.incoming.payers import known_payers, repeated
from invoicebatch.model.payments.incoming.proposals import propose
from invoicebatch.model.payments.incoming.texts import whole_texts
from invoicebatch.model.payments.reference import belgian, creditor_reference, dutch

ACCOUNT = "NL91ABNA0417164300"
RULES = load_evidence(Path(shipped("rules")).parent)
DAY = pd.Timestamp("2026-11-20")


@dataclass
class Drawn:
    """A book of open documents, and a statement.

    `truth`: by payment, the documents that it is for; `kinds`: what sort of payment it is.
    """

    documents: pd.DataFrame
    payers: pd.DataFrame
    namesakes: frozenset[str]
    payments: pd.DataFrame
    truth: dict[str, set[int]]
    kinds: dict[str, str]
    instalments: pd.DataFrame


def typo(random_: random.Random, text: str) -> str:
    """One digit wrong, lost or doubled, or two swapped."""
    places = [place for place, c in enumerate(text) if c.isdigit()]
    at, to = random_.sample(places[-7:], 2)
    letters = list(text)
    match random_.randrange(4):
        case 0:
            letters[at] = random_.choice([c for c in "0123456789" if c != letters[at]])
        case 1:
            letters[at], letters[to] = letters[to], letters[at]
        case 2:
            letters[at] = ""
        case _:
            letters[at] *= 2
    return "".join(letters)


def spelled(random_: random.Random, number: str) -> str:
    """An invoice number as somebody writes it."""
    prefix, year, place = number[:-11], number[-11:-7], number[-6:]
    short = place.lstrip("0")
    return random_.choice(
        [number, f"{prefix}{year} {place}", f"{prefix.lower()} {year}-{short}", f"factuur {prefix}{year}{place}",
         f"{year}-{place}", f"{prefix} {year} / {place}", f"{prefix}{year}-{place[:3]} {place[3:]}"]
    )  # fmt: skip


def draw(seed: int, customers: int = 12, payments: int = 40) -> Drawn:
    """Documents with few different amounts and alike numbers, so that every slip hits another one."""
    r = random.Random(seed)
    prefix = r.choice(["F", "NL", "INV"])
    rows, parties = [], []
    for customer in range(customers):
        name = r.choice([f"Klant {customer} B.V.", "Jansen", f"Bakker {customer}"])
        shared = r.random() < 0.1
        iban = None if r.random() < 0.3 else f"NL{20 if shared else 30 + customer}INGB0001234567"
        parties.append({"customer_id": f"K{customer}", "name": name, "iban": iban})
        for _ in range(r.choice([1, 1, 2, 3, 5])):
            place = len(rows) + 1
            spot = place if r.random() < 0.5 else place * 10 + r.randrange(10)
            rows.append(
                {"invoice_id": place, "number": f"{prefix}2026-{spot:06d}", "customer_id": f"K{customer}",
                 "customer_name": name, "outstanding_cents": r.choice([10_000, 12_100, 12_100, 20_000, 24_200]),
                 "currency": "EUR"}
            )  # fmt: skip
    documents = pd.DataFrame(rows).drop_duplicates("number", ignore_index=True)
    documents = documents.assign(
        remittance_reference=None, account_iban=ACCOUNT, invoice_date=pd.Timestamp("2026-10-01"),
        due_date=pd.Timestamp("2026-10-15"), payment_plan_id=None, debit="",
    ).astype(dict.fromkeys(["remittance_reference", "payment_plan_id", "debit"], "str"))  # fmt: skip
    people = pd.DataFrame(parties)
    names = people["name"].value_counts()
    sent, truth, kinds = [], {}, {}
    for _ in range(payments):
        kind = r.choice(list(KINDS))
        for values, documents_meant in KINDS[kind](r, documents, people):
            payment = f"p{len(sent):03d}"
            truth[payment], kinds[payment] = set(documents_meant), kind
            sent.append({"payment_id": payment, **values})
    empty = pd.DataFrame(columns=["customer_id", "iban"])
    columns = ["reference", "documents", "text", "end_to_end_id", "payer", "payer_iban"]
    statement = pd.DataFrame(sent).reindex(columns=["payment_id", "amount_cents", "currency", *columns])
    statement = statement.astype(dict.fromkeys(columns, "str")).fillna({"currency": "EUR"})
    return Drawn(
        documents, known_payers(people, empty, empty), frozenset(names.index[names.gt(1)]),
        statement.assign(account_iban=ACCOUNT, booked_on=DAY), truth, kinds,
        pd.DataFrame(columns=["plan_id", "instalment_no", "amount_cents", "paid_cents"]),
    )  # fmt: skip


Sent = list[tuple[dict[str, object], list[int]]]
Kind = Callable[[random.Random, pd.DataFrame, pd.DataFrame], Sent]


def _one(r: random.Random, documents: pd.DataFrame) -> dict[str, object]:
    return documents.iloc[r.randrange(len(documents))].to_dict()


def _payer(people: pd.DataFrame, customer: object, r: random.Random) -> dict[str, object]:
    person = people.set_index("customer_id").loc[customer]
    unknown = f"DE{r.randrange(10, 99)}370400440532013000"
    return {
        "payer": person["name"],
        "payer_iban": person["iban"] if isinstance(person["iban"], str) else unknown,
    }


def _reference(r: random.Random, number: str) -> str:
    digits = "".join(c for c in number if c.isdigit())
    return r.choice([belgian(digits), dutch(digits), creditor_reference(number)])


def _referred(r: random.Random, documents: pd.DataFrame, people: pd.DataFrame) -> Sent:
    one = _one(r, documents)
    amount = int(one["outstanding_cents"]) + r.choice([0, 0, 0, -2_100, 5_000])
    told = _reference(r, str(one["number"]))
    where = r.choice(["reference", "text"])
    sent: Sent = [
        ({where: told, "amount_cents": amount, **_payer(people, one["customer_id"], r)}, [one["invoice_id"]])
    ]
    return sent * r.choice([1, 1, 2])


def _mistyped_reference(r: random.Random, documents: pd.DataFrame, people: pd.DataFrame) -> Sent:
    one = _one(r, documents)
    told = typo(r, _reference(r, str(one["number"])))
    payer = _payer(people, one["customer_id"], r)
    return [({"reference": told, "amount_cents": one["outstanding_cents"], **payer}, [one["invoice_id"]])]


def _numbered(r: random.Random, documents: pd.DataFrame, people: pd.DataFrame) -> Sent:
    one = _one(r, documents)
    amount = int(one["outstanding_cents"]) + r.choice([0, 0, 0, 0, 700, -700])
    text = f"betreft {spelled(r, str(one['number']))} november 2026"
    return [
        ({"text": text, "amount_cents": amount, **_payer(people, one["customer_id"], r)}, [one["invoice_id"]])
    ]


def _mistyped_number(r: random.Random, documents: pd.DataFrame, people: pd.DataFrame) -> Sent:
    one = _one(r, documents)
    text = typo(r, spelled(r, str(one["number"])))
    payer = _payer(people, one["customer_id"], r)
    return [({"text": text, "amount_cents": one["outstanding_cents"], **payer}, [one["invoice_id"]])]


def _several(r: random.Random, documents: pd.DataFrame, people: pd.DataFrame) -> Sent:
    one = _one(r, documents)
    theirs = documents[documents["customer_id"].eq(one["customer_id"])].head(3)
    told = r.choice(["numbers", "short", "one", "none"])
    numbers = theirs["number"].tolist()
    text = {"numbers": ", ".join(spelled(r, n) for n in numbers), "one": numbers[0], "none": "",
            "short": " en ".join([numbers[0], *(n[-6:].lstrip("0") for n in numbers[1:])])}[told]  # fmt: skip
    reference = _reference(r, numbers[0]) if told == "one" and r.random() < 0.5 else None
    values = {"text": text, "reference": reference, "amount_cents": int(theirs["outstanding_cents"].sum())}
    return [({**values, **_payer(people, one["customer_id"], r)}, theirs["invoice_id"].tolist())]


def _halves(r: random.Random, documents: pd.DataFrame, people: pd.DataFrame) -> Sent:
    one = _one(r, documents)
    half = int(one["outstanding_cents"]) // 2
    told = r.choice([{}, {"text": one["number"]}, {"reference": _reference(r, str(one["number"]))}])
    return [
        ({"amount_cents": half, **told, **_payer(people, one["customer_id"], r)}, [one["invoice_id"]])
    ] * 2


def _silent(r: random.Random, documents: pd.DataFrame, people: pd.DataFrame) -> Sent:
    one = _one(r, documents)
    values = {"text": r.choice(["", "energie november 2026"]), "amount_cents": one["outstanding_cents"]}
    return [({**values, **_payer(people, one["customer_id"], r)}, [one["invoice_id"]])] * r.choice([1, 1, 2])


def _foreign(r: random.Random, documents: pd.DataFrame, people: pd.DataFrame) -> Sent:
    one = _one(r, documents)
    values = {"reference": _reference(r, str(one["number"])), "currency": "USD"}
    return [
        ({**values, "amount_cents": one["outstanding_cents"], **_payer(people, one["customer_id"], r)}, [])
    ]


def _stranger(r: random.Random, documents: pd.DataFrame, people: pd.DataFrame) -> Sent:
    one = _one(r, documents)
    text = r.choice(["", "gift", f"order {r.randrange(100, 10**6)}"])
    return [
        (
            {
                "text": text,
                "amount_cents": one["outstanding_cents"],
                "payer": "Iemand",
                "payer_iban": "FR761",
            },
            [],
        )
    ]


KINDS: dict[str, Kind] = {
    "reference": _referred, "reference mistyped": _mistyped_reference, "number": _numbered,
    "number mistyped": _mistyped_number, "several in one": _several, "two for one": _halves,
    "nothing said": _silent, "another currency": _foreign, "a stranger": _stranger,
}  # fmt: skip


def booked(drawn: Drawn) -> pd.DataFrame:
    """All that is booked by itself, round after round as in a workspace: the columns of `propose`."""
    documents, payments, done = drawn.documents, drawn.payments, []
    payments = payments.assign(repeated=repeated(payments, payments))
    keys = keys_of(whole_texts(payments), words_of(documents))
    while True:
        around = Open(documents, drawn.payers, drawn.instalments, drawn.namesakes)
        found = propose(payments, keys, named(keys, documents), around, RULES)
        sure = found[found["books"]]
        if sure.empty:
            return pd.concat([*done, sure], ignore_index=True)
        done.append(sure)
        left = documents["outstanding_cents"] - documents["invoice_id"].map(
            sure.groupby("invoice_id")["cents"].sum()
        ).fillna(0)
        documents = documents.assign(outstanding_cents=left.astype("int64"))[left.gt(0)].reset_index(
            drop=True
        )
        payments = payments[~payments["payment_id"].isin(sure["payment_id"])].reset_index(drop=True)
