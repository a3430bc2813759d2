"""Column titles in the languages of the people who read them; no layout, no values.

A title may be read back: `column_of` knows every column of the selection sheet in every language.
"""

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["en", "nl", "fr", "de"]

LANGUAGES: Final[tuple[Language, ...]] = ("en", "nl", "fr", "de")

_TITLES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    # documents
    "invoice_id": ("Invoice id", "Factuur-id", "Id de facture", "Rechnungs-ID"),
    "external_id": ("External id", "Extern id", "Id externe", "Externe ID"),
    "kind": ("Kind", "Soort", "Type", "Art"),
    "status": ("Status", "Status", "Statut", "Status"),
    "number": ("Number", "Nummer", "Numéro", "Nummer"),
    "company_account_id": ("Account", "Administratie", "Entité", "Mandant"),
    "customer_id": ("Customer no.", "Klantnummer", "N° client", "Kundennr."),
    "customer_name": ("Customer", "Klant", "Client", "Kunde"),
    "currency": ("Currency", "Valuta", "Devise", "Währung"),
    "invoice_date": ("Invoice date", "Factuurdatum", "Date de facture", "Rechnungsdatum"),
    "due_date": ("Due date", "Vervaldatum", "Échéance", "Fälligkeit"),
    "payment_term_days": ("Term (days)", "Termijn (dagen)", "Délai (jours)", "Frist (Tage)"),
    "period_start": ("Period from", "Periode van", "Période du", "Zeitraum von"),
    "period_end": ("Period to", "Periode tot", "Période au", "Zeitraum bis"),
    "delivery_date": ("Delivery date", "Leverdatum", "Date de livraison", "Lieferdatum"),
    "buyer_reference": ("Buyer reference", "Kenmerk koper", "Référence acheteur", "Käuferreferenz"),
    "order_reference": ("Order", "Order", "Commande", "Bestellung"),
    "contract_reference": ("Contract", "Contract", "Contrat", "Vertrag"),
    "project_reference": ("Project", "Project", "Projet", "Projekt"),
    "note": ("Note", "Opmerking", "Remarque", "Bemerkung"),
    "payment_terms": ("Payment terms", "Betaalvoorwaarden", "Conditions de paiement", "Zahlungsbedingungen"),
    "remittance_reference": ("Payment reference", "Betalingskenmerk", "Référence de paiement", "Zahlungsreferenz"),
    "line_total": ("Sum of lines", "Som regels", "Total des lignes", "Summe Positionen"),
    "allowance_total": ("Allowances", "Kortingen", "Remises", "Abzüge"),
    "charge_total": ("Charges", "Toeslagen", "Frais", "Zuschläge"),
    "net_total": ("Net", "Netto", "HT", "Netto"),
    "vat_total": ("VAT", "Btw", "TVA", "USt."),
    "total": ("Total", "Totaal", "TTC", "Brutto"),
    "prepaid": ("Prepaid", "Vooruitbetaald", "Déjà payé", "Anzahlung"),
    "rounding": ("Rounding", "Afronding", "Arrondi", "Rundung"),
    "paid": ("Paid", "Betaald", "Payé", "Bezahlt"),
    "credited": ("Credited", "Gecrediteerd", "Crédité", "Gutgeschrieben"),
    "outstanding": ("Outstanding", "Openstaand", "Restant dû", "Offen"),
    "due_at_issue": ("Due at issue", "Openstaand bij uitgifte", "Dû à l'émission", "Offen bei Ausstellung"),
    "shipping_status": ("Shipping", "Verzending", "Envoi", "Versand"),
    "shipping_channel": ("Channel", "Kanaal", "Canal", "Kanal"),
    "sent_at": ("Sent at", "Verzonden op", "Envoyé le", "Gesendet am"),
    "export_status": ("Export", "Export", "Export", "Export"),
    "exported_at": ("Exported at", "Geëxporteerd op", "Exporté le", "Exportiert am"),
    "document_version": ("Document version", "Documentversie", "Version du document", "Dokumentversion"),
    "document": ("Document", "Document", "Document", "Dokument"),
    "paid_on": ("Paid on", "Betaald op", "Payé le", "Bezahlt am"),
    "payment_status": ("Payment", "Betaling", "Paiement", "Zahlung"),
    "payment_method": ("Payment method", "Betaalwijze", "Mode de paiement", "Zahlungsart"),
    "delivery_preference": ("Delivery", "Bezorging", "Livraison", "Zustellung"),
    "preceding_number": ("Preceding invoice", "Vorige factuur", "Facture précédente", "Vorherige Rechnung"),
    "review": ("Review", "Controle", "Contrôle", "Prüfung"),
    "review_reasons": ("Found by the review", "Bevindingen", "Constatations", "Befunde"),
    "failure": ("Failure", "Fout", "Erreur", "Fehler"),
    "case_status": ("Collection case", "Incassodossier", "Recouvrement", "Mahnfall"),
    "plan_status": ("Payment plan", "Betalingsregeling", "Échelonnement", "Ratenplan"),
    "mandate_status": ("Mandate", "Machtiging", "Mandat", "Mandat"),
    "mandate_mandate_id": ("Mandate id", "Machtigingskenmerk", "Référence du mandat", "Mandatsreferenz"),
    "mandate_id": ("Mandate id", "Machtigingskenmerk", "Référence du mandat", "Mandatsreferenz"),
    "account_name": ("Account name", "Naam administratie", "Nom de l'entité", "Name des Mandanten"),
    "customer_email": ("E-mail", "E-mail", "E-mail", "E-Mail"),
    "customer_street": ("Street", "Straat", "Rue", "Straße"),
    "customer_postcode": ("Postcode", "Postcode", "Code postal", "PLZ"),
    "customer_city": ("City", "Plaats", "Ville", "Ort"),
    "customer_country": ("Country", "Land", "Pays", "Land"),
    "customer_iban": ("IBAN", "IBAN", "IBAN", "IBAN"),
    "customer_vat_id": ("VAT id", "Btw-nummer", "N° TVA", "USt-IdNr."),
    "customer_legal_id": ("Company no.", "KvK-nummer", "N° d'entreprise", "Registernr."),
    # lines
    "line_no": ("Line", "Regel", "Ligne", "Position"),
    "name": ("Item", "Artikel", "Article", "Artikel"),
    "description": ("Description", "Omschrijving", "Description", "Beschreibung"),
    "quantity": ("Quantity", "Aantal", "Quantité", "Menge"),
    "unit": ("Unit", "Eenheid", "Unité", "Einheit"),
    "price": ("Price", "Prijs", "Prix", "Preis"),
    "price_base": ("Price per", "Prijs per", "Prix par", "Preis pro"),
    "net": ("Net amount", "Nettobedrag", "Montant HT", "Nettobetrag"),
    "vat_category": ("VAT category", "Btw-categorie", "Catégorie TVA", "USt.-Kategorie"),
    "vat_rate": ("VAT rate", "Btw-tarief", "Taux de TVA", "USt.-Satz"),
    "exemption_reason": ("Exemption", "Vrijstelling", "Exonération", "Befreiung"),
    "item_id": ("Item id", "Artikelnummer", "Référence article", "Artikelnr."),
    # meter readings
    "reading_no": ("Reading", "Meting", "Relevé", "Ablesung"),
    "connection_id": ("Connection", "Aansluiting", "Point de livraison", "Anschluss"),
    "meter_id": ("Meter", "Meter", "Compteur", "Zähler"),
    "register": ("Register", "Telwerk", "Registre", "Zählwerk"),
    "date_from": ("From", "Van", "Du", "Von"),
    "date_to": ("To", "Tot", "Au", "Bis"),
    "value_from": ("Reading from", "Beginstand", "Index de début", "Stand Anfang"),
    "value_to": ("Reading to", "Eindstand", "Index de fin", "Stand Ende"),
    "usage": ("Usage", "Verbruik", "Consommation", "Verbrauch"),
    "method": ("Method", "Wijze van opname", "Méthode", "Ableseart"),
    # ageing
    "aging": ("Ageing on", "Ouderdom op", "Balance âgée au", "Fälligkeiten am"),
    "aged_on": ("Aged on", "Peildatum", "Arrêté au", "Stichtag"),
    "documents": ("Open documents", "Open documenten", "Documents ouverts", "Offene Belege"),
    "not_due": ("Not due", "Niet vervallen", "Non échu", "Nicht fällig"),
    "days_1_30": ("1–30 days", "1–30 dagen", "1–30 jours", "1–30 Tage"),
    "days_31_60": ("31–60 days", "31–60 dagen", "31–60 jours", "31–60 Tage"),
    "days_61_90": ("61–90 days", "61–90 dagen", "61–90 jours", "61–90 Tage"),
    "days_over_90": ("Over 90 days", "Meer dan 90 dagen", "Plus de 90 jours", "Über 90 Tage"),
    # the selection sheet
    "run": ("Run", "Uitvoeren", "Exécuter", "Ausführen"),
    "action": ("Action", "Actie", "Action", "Aktion"),
    "parameters": ("Parameters", "Parameters", "Paramètres", "Parameter"),
    "allowed": ("Allowed", "Toegestaan", "Possible", "Möglich"),
    "why_not": ("Why not", "Waarom niet", "Pourquoi pas", "Warum nicht"),
    "outcome": ("Outcome", "Uitkomst", "Résultat", "Ergebnis"),
    "reason": ("Reason", "Reden", "Raison", "Grund"),
    "file": ("File", "Bestand", "Fichier", "Datei"),
}  # fmt: skip


def title(name: str, language: Language = "en") -> str:
    """The title of a column by its stored name (`total`, not `total_cents`)."""
    titles = _TITLES.get(name)
    return titles[LANGUAGES.index(language)] if titles else name.replace("_", " ").capitalize()


def column_of(header: str, names: tuple[str, ...]) -> str | None:
    """The one of `names` that a header cell stands for, in any language; None: none of them."""
    wanted = " ".join(header.split()).casefold()
    for name in names:
        known = (name, *_TITLES.get(name, ()), name.replace("_", " "))
        if wanted in {" ".join(each.split()).casefold() for each in known}:
            return name
    return None
