from datetime import date

import pytest

from invoicebatch.errors import RenderError
from invoicebatch.formats.mail import LANGUAGES, Letters, pick_language

SITUATIONS = ("pay", "debit", "refund", "set_off", "settled")


def values(situation="pay", **changes):
    return {
        "situation": situation,
        "amount_cents": 123456,
        "set_off_cents": 0,
        "settled_cents": 0,
        "note": "",
        "customer": {"name": "Müller & Söhne <GmbH>"},
        "account": {
            "name": "Acme Energy", "holder": "Acme Energy NV", "iban": "BE68539007547034", "bic": "KREDBEBB",
            "creditor_id": "BE69ZZZ050D000000008", "lines": ["Acme Energy NV", "help@acme.example"],
        },
        "payer": {"iban": "NL91ABNA0417164300", "mandate_id": "M-77"},
        "invoice": {
            "number": "2026-000123", "kind": "invoice", "date": date(2026, 11, 22), "due_date": date(2026, 12, 6),
            "currency": "EUR", "reference": "RF18539007547034", "preceding_number": "", "period_start": None,
            "period_end": None,
        },
        **changes,
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_letter_says_what_it_is_about_and_what_to_do(language, situation):
    letter = Letters("invoice").render(language, values(situation))
    assert "2026-000123" in letter.subject
    assert "Acme Energy" in letter.subject
    assert "\n" not in letter.subject
    for text in (letter.text, letter.html):
        assert "234,56" in text or "234.56" in text
        assert ("BE68 5390 0754 7034" in text) is (situation == "pay")
        assert ("M-77" in text) is (situation == "debit")
        assert "NL91ABNA" not in text
    assert "Müller & Söhne <GmbH>" in letter.text
    assert "Müller &amp; Söhne &lt;GmbH&gt;" in letter.html


def test_a_direct_debit_letter_is_a_pre_notification():
    """EPC016-06, 4.1: amount, date, mandate reference and creditor identifier."""
    text = Letters("invoice").render("en", values("debit")).text
    for part in ("€1,234.56", "6 December 2026", "M-77", "BE69ZZZ050D000000008", "4300"):
        assert part in text


@pytest.mark.parametrize(
    ("language", "invoice", "credit"),
    [
        ("nl", "de factuur 2026", "de creditnota 2026"),
        ("en", "Your invoice 2026", "Your credit note 2026"),
        ("fr", "notre facture 2026", "notre note de crédit 2026"),
        ("de", "die Rechnung 2026", "die Gutschrift 2026"),
    ],
)
def test_a_letter_calls_what_is_attached_by_its_kind(language, invoice, credit):
    changed = values()
    for kind, said in (("invoice", invoice), ("credit_note", credit)):
        changed["invoice"]["kind"] = kind
        letter = Letters("invoice").render(language, changed)
        assert said in letter.text
        assert said in letter.html


def test_kinds_have_names_in_every_language():
    for language in LANGUAGES:
        for kind in ("invoice", "advance", "final_note", "correction_note", "credit_note", "statement"):
            changed = values()
            changed["invoice"]["kind"] = kind
            assert kind not in Letters("invoice").render(language, changed).subject


def test_a_workspace_replaces_one_file_and_keeps_the_others(tmp_path):
    (tmp_path / "invoice/nl").mkdir(parents=True)
    (tmp_path / "invoice/nl/subject.txt").write_text("Uw nota {{ invoice.number }}")
    letters = Letters("invoice", [tmp_path])
    assert letters.render("nl", values()).subject == "Uw nota 2026-000123"
    assert "Beste" in letters.render("nl", values()).text
    assert letters.render("en", values()).subject.startswith("Invoice")


@pytest.mark.parametrize(
    "evil",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ money.__globals__ }}",
        "{% include '../../../../etc/passwd' %}",
        "{% include '/etc/passwd' %}",
        "{{ account.lines.append('x') }}",
        "{{ unknown }}",
        "{{ 1 / 0 }}",
        "{% if %}",
        "{{ range(10) }}",
    ],
)
def test_a_template_can_do_nothing_but_write(tmp_path, evil):
    (tmp_path / "invoice/en").mkdir(parents=True)
    (tmp_path / "invoice/en/subject.txt").write_text(evil)
    with pytest.raises(RenderError, match=r"invoice/en/subject\.txt|passwd"):
        Letters("invoice", [tmp_path]).render("en", values())


ENDLESS = """{% for a in invoice.number %}{% for b in invoice.number %}{% for c in invoice.number %}
{% for d in invoice.number %}{% for e in invoice.number %}{% for f in invoice.number %}
{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}"""
INCLUDED = """{% if n | default(0) < 40 %}{% with n = n | default(0) + 1 %}
{% include 'invoice/en/subject.txt' %}{% include 'invoice/en/subject.txt' %}{% endwith %}{% endif %}"""


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (ENDLESS, "1,000,000 turns"),
        ("{% macro m(n) %}{{ m(n + 1) }}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}", "recursion"),
        (
            "{% macro m(n) %}{% if n < 60 %}{{ m(n + 1) }}{{ m(n + 1) }}{% endif %}{% endmacro %}{{ m(0) }}",
            "1,000,000 turns",
        ),
        (
            "{% for a in invoice.number recursive %}{{ loop(invoice.number) if loop.depth < 7 }}{% endfor %}",
            "1,000,000 turns",
        ),
        (INCLUDED, "1,000,000 turns"),
        ("{{ 9 ** 9 ** 9 }}", "products of numbers"),
        ("{{ 'x' * 9999999999 }}", "products of numbers"),
    ],
)
def test_a_template_without_end_is_ended(tmp_path, template, said):
    (tmp_path / "invoice/en").mkdir(parents=True)
    (tmp_path / "invoice/en/subject.txt").write_text(template)
    with pytest.raises(RenderError, match=said):
        Letters("invoice", [tmp_path]).render("en", values())


def test_a_loop_knows_its_place_and_its_length(tmp_path):
    (tmp_path / "invoice/en").mkdir(parents=True)
    (tmp_path / "invoice/en/subject.txt").write_text(
        "{% for a in invoice.number %}{{ loop.index }}/{{ loop.length }}{{ '' if loop.last else ',' }}{% endfor %}"
        " {{ 2 * 3 }}{% for a in '' %}{% else %} none{% endfor %}"
    )
    said = Letters("invoice", [tmp_path]).render("en", values()).subject
    assert said == ",".join(f"{n}/11" for n in range(1, 12)) + " 6 none"


def test_an_unknown_set_is_an_error_in_words():
    with pytest.raises(RenderError, match="no mail template nosuch/en/subject"):
        Letters("nosuch").render("en", values())


@pytest.mark.parametrize(
    ("wishes", "language"),
    [(("NL-be",), "nl"), ((None, "", "fr_FR"), "fr"), (("xx", "de"), "de"), ((), "en")],
)
def test_the_first_language_we_write_is_used(wishes, language):
    assert pick_language(*wishes) == language
