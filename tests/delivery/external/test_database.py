from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from invoicebatch.delivery.channel import Message, TemporaryError
from invoicebatch.delivery.external.database import DatabaseChannel
from invoicebatch.errors import SettingsError
from invoicebatch.model.outbox.payload import ExternalPayload
from invoicebatch.model.status import OutboxStatus
from invoicebatch.settings import External
from tests.delivery.external.postgres import postgres

COLUMNS = {"id": "invoice_id", "nr": "number", "amount": "total", "issued": "invoice_date"}


@pytest.fixture(scope="module")
def server():
    with postgres() as url:
        yield url


@pytest.fixture(params=["postgresql", "sqlite"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'there.db'}"
        return
    url = request.getfixturevalue("server")
    yield url
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS sales"))
    engine.dispose()


def channel(url, **changes):
    made = DatabaseChannel(External(kind="database", url=url, table="sales", columns=COLUMNS, **changes))
    made.connect()
    return made


def message(at, amount="121.00", number=None):
    record = {"id": at, "nr": number or f"F{at}", "amount": amount, "issued": "2026-11-22"}
    return Message(f"m{at}", "erp", ExternalPayload(record=record))


def rows(url, what="id, nr, amount, issued", order="id"):
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = [
            tuple(row) for row in connection.execute(sa.text(f"SELECT {what} FROM sales ORDER BY {order}"))
        ]
    engine.dispose()
    return found


def statement(url, text):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(text))
    engine.dispose()


def test_rows_arrive_exactly_and_a_second_hand_over_updates_them(url):
    there = channel(url)
    answers = there.hand_over_many([message(1, "0.10"), message(2, "9999999999999.99")])
    assert {a.status for a in answers.values()} == {OutboxStatus.SENT}
    there.hand_over_many([message(2, "-5.00"), message(3)])
    there.close()
    found = rows(url)
    assert [(r[0], Decimal(str(r[2]))) for r in found] == [
        (1, Decimal("0.1")),
        (2, Decimal(-5)),
        (3, Decimal(121)),
    ]
    assert str(found[0][3]) == str(date(2026, 11, 22))


def test_a_row_the_database_refuses_is_named_and_the_rest_arrives(url):
    statement(
        url,
        "CREATE TABLE sales (id BIGINT PRIMARY KEY, nr VARCHAR(5) CHECK (length(nr) <= 5), amount NUMERIC(18,2), issued DATE)",
    )
    there = channel(url)
    answers = there.hand_over_many([message(1), message(2, number="F-too-long"), message(3)])
    there.close()
    assert [answers[f"m{at}"].status for at in (1, 2, 3)] == [
        OutboxStatus.SENT,
        OutboxStatus.FAILED,
        OutboxStatus.SENT,
    ]
    assert "refused" in answers["m2"].text
    assert "121" not in answers["m2"].text
    assert [row[0] for row in rows(url)] == [1, 3]


def test_a_table_that_lacks_a_column_is_named(url):
    statement(url, "CREATE TABLE sales (id BIGINT PRIMARY KEY, nr VARCHAR(50))")
    with pytest.raises(SettingsError, match="has no column amount, issued"):
        channel(url)


def test_a_database_that_is_away_is_tried_again_later():
    with pytest.raises(TemporaryError, match="can't be reached"):
        channel("postgresql+psycopg://ib@127.0.0.1:9/postgres?connect_timeout=2")


def test_the_address_may_come_from_a_variable_and_is_never_said(monkeypatch):
    monkeypatch.setenv("ERP_URL", "postgresql+psycopg://ib:hunter2@127.0.0.1:9/x?connect_timeout=2")
    with pytest.raises(TemporaryError) as raised:
        DatabaseChannel(External(kind="database", url_env="ERP_URL")).connect()
    assert "hunter2" not in str(raised.value)
    with pytest.raises(SettingsError, match="can't be used"):
        DatabaseChannel(External(kind="database", url="nosuch://x")).connect()


def test_a_server_that_dies_in_the_middle_leaves_nothing_half():
    with postgres() as url:
        there = channel(url)
        there.hand_over_many([message(1)])
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as other:
            other.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                )
            )
            original = there._upsert

            def dying(connection, batch):
                original(connection, batch)
                other.execute(
                    sa.text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                    )
                )

            there._upsert = dying
            with pytest.raises(TemporaryError, match="undid the transaction"):
                there.hand_over_many([message(2), message(3)])
        engine.dispose()
        there._upsert = original
        assert [row[0] for row in rows(url)] == [1]
        there.hand_over_many([message(2), message(3)])
        there.close()
        assert [row[0] for row in rows(url)] == [1, 2, 3]
