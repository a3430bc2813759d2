"""The rules over frames and the official schematrons name the same rules, each rule broken once."""

from collections import Counter
from datetime import date

import numpy as np
import pytest

from invoicebatch.formats.ubl import write_ubl
from invoicebatch.formats.validation.official import ubl_schematron
from invoicebatch.formats.validation.prevalidation import prevalidate
from invoicebatch.formats.validation.rule_sets import rule_sets
from invoicebatch.formats.validation.rules import RULES
from invoicebatch.formats.validation.schematron import run_schematron
from invoicebatch.ingest.ubl.reader import Record
from invoicebatch.ingest.ubl.records import term_frames
from invoicebatch.model.en16931.derive.profiles import EN16931, PEPPOL, PEPPOL_PROCESS
from invoicebatch.model.en16931.terms import TERMS
from invoicebatch.model.en16931.values import parse_value

pytestmark = pytest.mark.conformance


def values(**terms: str) -> dict[str, object]:
    named = {key.replace("_", "-"): text for key, text in terms.items()}
    return {term: parse_value(text, TERMS[term].value) for term, text in named.items()}


def row(**terms: str) -> Record:
    return Record(values(**terms))


def line(number: str = "1", **terms: str) -> Record:
    whole = {"BT_126": number, "BT_129": "10", "BT_130": "KWH", "BT_131": "100.00", "BT_146": "10", "BT_151": "S",
             "BT_152": "21", "BT_153": "Electricity"}  # fmt: skip
    return Record(values(**(whole | terms)))


SELLER = {"BT_27": "Watt SA", "BT_28": "Watt", "BT_30": "0403170701", "BT_30_1": "0208", "BT_31": "BE0403170701",
          "BT_34": "0403170701", "BT_34_1": "0208", "BT_35": "Kade 1", "BT_37": "Gent", "BT_38": "9000", "BT_40": "BE"}  # fmt: skip
BUYER = {"BT_44": "Koper NV", "BT_47": "0200000043", "BT_47_1": "0208", "BT_48": "BE0200000043", "BT_49": "0200000043",
         "BT_49_1": "0208", "BT_50": "Weg 1", "BT_52": "Brussel", "BT_53": "1000", "BT_55": "BE"}  # fmt: skip


def document(**terms: str) -> Record:
    """A valid invoice of two lines, an allowance and a charge."""
    head = {"BT_1": "F1", "BT_2": "2026-11-20", "BT_3": "380", "BT_5": "EUR", "BT_9": "2026-12-04", "BT_10": "R",
            "BT_24": PEPPOL, "BT_23": PEPPOL_PROCESS, "BT_73": "2026-10-01", "BT_74": "2026-10-31",
            "BT_106": "200.00", "BT_107": "10.00", "BT_108": "5.00", "BT_109": "195.00", "BT_110": "40.95",
            "BT_112": "235.95", "BT_113": "35.95", "BT_114": "0.05", "BT_115": "200.05"}  # fmt: skip
    record = Record(values(**(head | SELLER | BUYER | terms)))
    record.groups = {
        "BG-25": [line("1"), line("2", BT_134="2026-10-01", BT_135="2026-10-31")],
        "BG-20": [row(BT_92="10.00", BT_93="100.00", BT_94="10", BT_97="Loyalty", BT_95="S", BT_96="21")],
        "BG-21": [row(BT_99="5.00", BT_104="Freight", BT_102="S", BT_103="21")],
        "BG-23": [row(BT_116="195.00", BT_117="40.95", BT_118="S", BT_119="21")],
        "BG-16": [row(BT_81="30", BT_84="BE68539007547034")],
    }
    return record


def of_category(code: str) -> Record:
    """A valid invoice of one VAT category without tax."""
    record = document(BT_110="0.00", BT_112="195.00", BT_115="159.10")
    rate = {} if code == "O" else {"BT_152": "0"}
    for one in record.groups["BG-25"]:
        one.terms.pop("BT-152")
        one.terms |= values(BT_151=code, **rate)
    for group, category, percentage in (("BG-20", "BT-95", "BT-96"), ("BG-21", "BT-102", "BT-103")):
        record.groups[group][0].terms |= {category: code, percentage: 0}
        if code == "O":
            record.groups[group][0].terms.pop(percentage)
    breakdown = values(BT_116="195.00", BT_117="0.00", BT_118=code)
    if code != "O":
        breakdown["BT-119"] = 0
    if code not in "ZLMB":
        breakdown["BT-120"] = "Because"
    record.groups["BG-23"] = [Record(breakdown)]
    if code == "O":
        for term in ("BT-31", "BT-48"):
            record.terms.pop(term)
    if code == "K":
        record.terms |= values(BT_72="2026-10-31", BT_80="NL")
    return record


def set_(**terms: str):
    return lambda record: record.terms.update(values(**terms))


def drop(*terms: str):
    return lambda record: [record.terms.pop(term, None) for term in terms]


def part(group: str, change, index: int = 0):
    return lambda record: change(record.groups[group][index])


def add(group: str, record_of: Record):
    return lambda record: record.groups.setdefault(group, []).append(record_of)


def without(group: str):
    return lambda record: record.groups.pop(group)


def inside_line(group: str, inner: Record):
    return lambda record: record.groups["BG-25"][0].groups.setdefault(group, []).append(inner)


def both(*changes):
    return lambda record: [change(record) for change in changes]


ADDRESS = {"BG-5": ("BT-35", "BT-37", "BT-38", "BT-40"), "BG-8": ("BT-50", "BT-52", "BT-53", "BT-55")}
REPRESENTATIVE = set_(BT_62="Tax Help", BT_63="BE0403170701", BT_64="Kade 2", BT_69="BE")

GERMAN = set_(BT_40="DE", BT_55="DE", BT_41="a", BT_42="12345", BT_43="a@bb.de")

MUTATIONS = {
    "BR-01": drop("BT-24"),
    "BR-02": drop("BT-1"),
    "BR-03": drop("BT-2"),
    "BR-04": drop("BT-3"),
    "BR-05": drop("BT-5"),
    "BR-06": drop("BT-27"),
    "BR-07": drop("BT-44"),
    "BR-08": drop(*ADDRESS["BG-5"]),
    "BR-09": drop("BT-40"),
    "BR-10": drop(*ADDRESS["BG-8"]),
    "BR-11": drop("BT-55"),
    "BR-12": drop("BT-106"),
    "BR-13": drop("BT-109"),
    "BR-14": drop("BT-112"),
    "BR-15": drop("BT-115"),
    "BR-16": without("BG-25"),
    "BR-17": set_(BT_59="Watt"),
    "BR-18": both(REPRESENTATIVE, drop("BT-62")),
    "BR-19": both(REPRESENTATIVE, drop("BT-64", "BT-69")),
    "BR-20": both(REPRESENTATIVE, drop("BT-69")),
    "BR-56": both(REPRESENTATIVE, drop("BT-63")),
    "BR-21": part("BG-25", drop("BT-126")),
    "BR-22": part("BG-25", drop("BT-129")),
    "BR-23": part("BG-25", drop("BT-130")),
    "BR-24": part("BG-25", drop("BT-131")),
    "BR-25": part("BG-25", drop("BT-153")),
    "BR-26": part("BG-25", drop("BT-146")),
    "BR-27": part("BG-25", both(set_(BT_146="-10"), set_(BT_129="-10"))),
    "BR-28": part("BG-25", set_(BT_148="-1", BT_147="-11")),
    "BR-29": set_(BT_73="2026-11-01"),
    "BR-30": part("BG-25", set_(BT_134="2026-10-31", BT_135="2026-10-01"), 1),
    "BR-31": part("BG-20", drop("BT-92")),
    "BR-32": part("BG-20", drop("BT-95")),
    "BR-33": part("BG-20", drop("BT-97")),
    "BR-36": part("BG-21", drop("BT-99")),
    "BR-37": part("BG-21", drop("BT-102")),
    "BR-38": part("BG-21", drop("BT-104")),
    "BR-41": inside_line("BG-27", row(BT_139="x")),
    "BR-42": inside_line("BG-27", row(BT_136="0.01")),
    "BR-43": inside_line("BG-28", row(BT_144="x")),
    "BR-44": inside_line("BG-28", row(BT_141="0.01")),
    "BR-45": part("BG-23", drop("BT-116")),
    "BR-46": part("BG-23", drop("BT-117")),
    "BR-47": part("BG-23", drop("BT-118")),
    "BR-48": part("BG-23", drop("BT-119")),
    "BR-49": part("BG-16", drop("BT-81")),
    "BR-50": part("BG-16", both(drop("BT-84"), set_(BT_86="GKCCBEBB"))),
    "BR-61": part("BG-16", drop("BT-84")),
    "BR-52": add("BG-24", row(BT_123="Report")),
    "BR-53": set_(BT_6="SEK"),
    "BR-54": inside_line("BG-32", row(BT_160="Meter")),
    "BR-55": add("BG-3", row(BT_26="2026-01-01")),
    "BR-57": set_(BT_77="Gent"),
    "BR-62": drop("BT-34-1"),
    "BR-63": drop("BT-49-1"),
    "BR-64": part("BG-25", set_(BT_157="7300010000001")),
    "BR-65": inside_line("BT-158", row(BT_158="123")),
    "BR-CO-03": set_(BT_7="2026-10-31", BT_8="3"),
    "BR-CO-04": part("BG-25", drop("BT-151")),
    "BR-CO-09": set_(BT_31="0403170701"),
    "BR-CO-10": set_(BT_106="201.00"),
    "BR-CO-11": set_(BT_107="11.00"),
    "BR-CO-11 absent": drop("BT-107"),
    "BR-CO-12": set_(BT_108="6.00"),
    "BR-CO-13": set_(BT_109="195.01"),
    "BR-CO-14": set_(BT_110="40.96", BT_112="235.96", BT_115="200.06"),
    "BR-CO-15": set_(BT_112="235.96", BT_115="200.06"),
    "BR-CO-16": set_(BT_115="200.04"),
    "BR-CO-17": both(
        part("BG-23", set_(BT_117="42.95")), set_(BT_110="42.95", BT_112="237.95", BT_115="202.05")
    ),
    "BR-CO-18": without("BG-23"),
    "BR-CO-26": drop("BT-30", "BT-31"),
    "BR-S-01": part("BG-23", set_(BT_118="Z")),
    "BR-S-02": drop("BT-31"),
    "BR-S-05": part("BG-25", set_(BT_152="0")),
    "BR-S-05 absent": part("BG-25", drop("BT-152")),
    "BR-S-06": part("BG-20", set_(BT_96="0")),
    "BR-S-07": part("BG-21", set_(BT_103="0")),
    "BR-S-08": part("BG-23", set_(BT_116="194.00")),
    "BR-S-10": part("BG-23", set_(BT_120="Why")),
    "BR-CL-01": set_(BT_3="999"),
    "BR-CL-04": set_(BT_5="EUX"),
    "BR-CL-05": set_(BT_6="SEX", BT_111="1.00"),
    "BR-CL-06": set_(BT_8="99"),
    "BR-CL-07": set_(BT_18="1", BT_18_1="ÄÄ"),
    "BR-CL-07 on a line": part("BG-25", set_(BT_128="1", BT_128_1="ÄÄ")),
    "BR-CL-08": add("BG-1", row(BT_22="See #ÄÄÄ# for more")),
    "none: a note of a subject": add("BG-1", row(BT_22="#AAI#General")),
    "none: a number sign in a note": add("BG-1", row(BT_22="Meter #12 and #3")),
    "BR-CL-10": set_(BT_46="1", BT_46_1="9999"),
    "BR-CL-11": set_(BT_47_1="9999"),
    "BR-CL-13": inside_line("BT-158", row(BT_158="123", BT_158_1="ÄÄ")),
    "BR-CL-14": set_(BT_55="XX"),
    "BR-CL-15": part("BG-25", set_(BT_159="XX")),
    "BR-CL-16": part("BG-16", set_(BT_81="999")),
    "BR-CL-17": part("BG-23", set_(BT_118="X")),
    "BR-CL-18": part("BG-25", set_(BT_151="X")),
    "BR-CL-19": part("BG-20", set_(BT_98="999")),
    "BR-CL-20": part("BG-21", set_(BT_105="999")),
    "BR-CL-21": part("BG-25", set_(BT_157="1", BT_157_1="9999")),
    "BR-CL-22": part("BG-23", set_(BT_121="VATEX-XX")),
    "BR-CL-23": part("BG-25", set_(BT_130="kWh")),
    "BR-CL-24": add("BG-24", row(BT_122="A", BT_125="AAAA", BT_125_1="text/html", BT_125_2="a.html")),
    "BR-CL-25": set_(BT_49_1="9999"),
    "BR-CL-26": set_(BT_71="1", BT_71_1="9999"),
    "UBL-SR-19": set_(BT_59="Watt SA"),
    "UBL-SR-44": both(
        part("BG-16", set_(BT_83="1")), add("BG-16", row(BT_81="30", BT_84="BE68539007547034", BT_83="2"))
    ),
    "UBL-SR-46": both(
        part("BG-16", set_(BT_82="A")), add("BG-16", row(BT_81="30", BT_84="BE68539007547034", BT_82="A"))
    ),
    "UBL-SR-47": add("BG-16", row(BT_81="58", BT_84="BE68539007547034")),
    "UBL-SR-54": both(*(add("BG-16", row(BT_81="30", BT_84="BE68539007547034", BT_87="1")) for _ in "ab")),
    "UBL-SR-55": both(*(add("BG-16", row(BT_81="30", BT_84="BE68539007547034", BT_89="M")) for _ in "ab")),
    "UBL-DT-06": add("BG-24", row(BT_122="A", BT_125="AAAA", BT_125_2="a.pdf")),
    "UBL-DT-07": add("BG-24", row(BT_122="A", BT_125="AAAA", BT_125_1="application/pdf")),
    "BR-B-02": part("BG-25", both(set_(BT_151="B"))),
    "PEPPOL-EN16931-CL008": set_(BT_49="12345678901", BT_49_1="0213"),
    "PEPPOL-EN16931-P0101": both(set_(BT_3="261"), drop("BT-9")),
    "none: process with response": set_(BT_23="urn:peppol:bis:billing_with_response"),
    "none: French process": set_(BT_23="urn:peppol:france:billing:regulated"),
    "PEPPOL-EN16931-R007 of another number": set_(BT_23="urn:fdc:peppol.eu:2017:poacc:billing:04:1.0"),
    "PEPPOL-EN16931-R004 with two colons": set_(BT_24=f"{PEPPOL}::x"),
    "PEPPOL-EN16931-R001": drop("BT-23"),
    "PEPPOL-EN16931-R002": both(add("BG-1", row(BT_22="a")), add("BG-1", row(BT_22="b"))),
    "PEPPOL-EN16931-R003": drop("BT-10"),
    "PEPPOL-EN16931-R004": set_(BT_24=f"{EN16931}#other#urn:fdc:peppol.eu:2017:poacc:billing:3.0"),
    "PEPPOL-EN16931-R005": set_(BT_6="EUR", BT_111="40.95"),
    "PEPPOL-EN16931-R007": set_(BT_23="urn:other"),
    "PEPPOL-EN16931-R010": drop("BT-49", "BT-49-1"),
    "PEPPOL-EN16931-R020": drop("BT-34", "BT-34-1"),
    "PEPPOL-EN16931-R040": part("BG-20", set_(BT_94="11")),
    "none: at the edge of R040": part("BG-20", set_(BT_94="10.02")),
    "PEPPOL-EN16931-R041": part("BG-20", drop("BT-93")),
    "PEPPOL-EN16931-R042": part("BG-20", drop("BT-94")),
    "PEPPOL-EN16931-R046": part("BG-25", set_(BT_148="12", BT_147="1")),
    "PEPPOL-EN16931-R055": set_(BT_6="SEK", BT_111="-1.00"),
    "PEPPOL-EN16931-R061": part("BG-16", both(set_(BT_81="59"), drop("BT-84"))),
    "PEPPOL-EN16931-R110": part("BG-25", set_(BT_134="2026-09-30"), 1),
    "PEPPOL-EN16931-R111": part("BG-25", set_(BT_135="2026-11-01"), 1),
    "PEPPOL-EN16931-R120": part("BG-25", set_(BT_146="10.0021")),
    "PEPPOL-EN16931-R121": part("BG-25", set_(BT_149="0", BT_150="KWH")),
    "PEPPOL-EN16931-R130": part("BG-25", set_(BT_149="1", BT_150="MTQ")),
    "PEPPOL-EN16931-P0100": set_(BT_3="385"),
    "PEPPOL-EN16931-P0112": set_(BT_3="384"),
    "PEPPOL-COMMON-R040": set_(BT_49="7300010000002", BT_49_1="0088"),
    "PEPPOL-COMMON-R041": set_(BT_49="974760674", BT_49_1="0192"),
    "PEPPOL-COMMON-R042": set_(BT_49="DK123", BT_49_1="0184"),
    "PEPPOL-COMMON-R043": set_(BT_49="0200000044"),
    "PEPPOL-COMMON-R049": set_(BT_47="5560360794", BT_47_1="0007"),
    "PEPPOL-COMMON-R050": set_(BT_49="51824753557", BT_49_1="0151"),
    "PEPPOL-COMMON-R052": set_(BT_49="123", BT_49_1="0096"),
    "PEPPOL-COMMON-R053": set_(BT_49="DK1", BT_49_1="0198"),
    "NL-R-002": both(set_(BT_40="NL", BT_30_1="0106"), drop("BT-38")),
    "NL-R-003": set_(BT_40="NL"),
    "NL-R-004": both(set_(BT_40="NL", BT_30_1="0106", BT_55="NL", BT_47_1="0106"), drop("BT-53")),
    "NL-R-005": set_(BT_40="NL", BT_30_1="0106", BT_55="NL"),
    "NL-R-007": both(set_(BT_40="NL", BT_30_1="0106"), without("BG-16")),
    "NL-R-008": both(
        set_(BT_40="NL", BT_30_1="0106", BT_55="NL", BT_47_1="0106"), part("BG-16", set_(BT_81="10"))
    ),
    "NL-R-009": both(set_(BT_40="NL", BT_30_1="0106"), part("BG-25", set_(BT_132="7"))),
    "DE-R-001": both(
        set_(BT_40="DE", BT_55="DE", BT_41="a", BT_42="12345", BT_43="a@bb.de"), without("BG-16")
    ),
    "DE-R-002": set_(BT_40="DE", BT_55="DE"),
    "DE-R-005": set_(BT_40="DE", BT_55="DE", BT_42="12345"),
    "DE-R-004": both(
        set_(BT_40="DE", BT_55="DE", BT_41="a", BT_42="12345", BT_43="a@bb.de"), drop("BT-38", "BT-53")
    ),
    "none: at the edge of R120": part("BG-25", set_(BT_146="10.002")),
    "DE-R-016": both(GERMAN, drop("BT-31")),
    "DE-R-018": both(GERMAN, set_(BT_20="#SKONTO#TAGE=14#PROZENT=2#")),
    "DE-R-022": both(
        GERMAN,
        *(
            add("BG-24", row(BT_122="A", BT_125="AAAA", BT_125_1="application/pdf", BT_125_2="a.pdf"))
            for _ in "ab"
        ),
    ),
    "none: a discount in its form": both(GERMAN, set_(BT_20="30 days\n#SKONTO#TAGE=14#PROZENT=2.00#")),
    "DE-R-003": both(GERMAN, drop("BT-37")),
    "DE-R-006": both(GERMAN, drop("BT-42")),
    "DE-R-008": both(GERMAN, drop("BT-52")),
    "DE-R-010": both(GERMAN, set_(BT_80="DE", BT_78="1")),
    "DE-R-011": both(GERMAN, set_(BT_80="DE", BT_77="A")),
    "DE-R-023-1": both(GERMAN, part("BG-16", drop("BT-84"))),
    "DE-R-023-2": both(GERMAN, part("BG-16", set_(BT_89="M"))),
    "DE-R-024-1": both(GERMAN, part("BG-16", both(set_(BT_81="48"), drop("BT-84")))),
    "DE-R-025-2": both(GERMAN, part("BG-16", set_(BT_81="59", BT_89="M"))),
    "NL-R-006": both(set_(BT_40="NL", BT_30_1="0106"), REPRESENTATIVE, set_(BT_69="NL")),
    "DE-R-015": both(set_(BT_40="DE", BT_55="DE", BT_41="a", BT_42="12345", BT_43="a@bb.de"), drop("BT-10")),
}
"""Rule that must be broken (a word behind it tells variants apart) and how to break a valid document."""

CATEGORY_MUTATIONS = {
    "01": part("BG-23", set_(BT_118="S", BT_119="21")),
    "02": drop("BT-31"),
    "05": part("BG-25", set_(BT_152="6")),
    "06": part("BG-20", set_(BT_96="6")),
    "07": part("BG-21", set_(BT_103="6")),
    "08": part("BG-23", set_(BT_116="194.99")),
    "09": both(part("BG-23", set_(BT_117="3.00")), set_(BT_110="3.00", BT_112="198.00", BT_115="162.10")),
    "10": part("BG-23", drop("BT-120")),
}
RATED_MUTATIONS = {
    "01": CATEGORY_MUTATIONS["01"],
    "02": drop("BT-31"),
    "05": part("BG-25", drop("BT-152")),
    "06": part("BG-20", drop("BT-96")),
    "07": part("BG-21", drop("BT-103")),
    "08": part("BG-23", set_(BT_116="190.00")),
    "09": CATEGORY_MUTATIONS["09"],
}
SPECIAL = {
    "BR-Z-10": ("Z", part("BG-23", set_(BT_120="Why"))),
    "BR-O-02": ("O", set_(BT_31="BE0403170701")),
    "BR-O-11": ("O", add("BG-23", row(BT_116="0.00", BT_117="0.00", BT_118="Z", BT_119="0"))),
    "BR-O-12": ("O", part("BG-25", set_(BT_151="Z", BT_152="0"))),
    "BR-O-13": ("O", part("BG-20", set_(BT_95="Z", BT_96="0"))),
    "BR-O-14": ("O", part("BG-21", set_(BT_102="Z", BT_103="0"))),
    "BR-B-01": ("B", part("BG-25", set_(BT_159="IT"))),
    "BR-AF-10": ("L", part("BG-23", set_(BT_120="Why"))),
    "BR-AG-10": ("M", part("BG-23", set_(BT_120="Why"))),
    "BR-IC-11": ("K", drop("BT-72", "BT-73", "BT-74")),
    "BR-IC-12": ("K", drop("BT-80")),
    "BR-AE-02": ("AE", drop("BT-48", "BT-47", "BT-47-1")),
    "PEPPOL-EN16931-P0104": ("E", part("BG-23", set_(BT_121="VATEX-EU-G"))),
    "PEPPOL-EN16931-P0108": ("Z", both(part("BG-23", set_(BT_121="VATEX-EU-D")))),
}


def cases() -> list[tuple[str, Record]]:
    found = []
    for rule, change in MUTATIONS.items():
        record = document()
        change(record)
        found.append((rule, record))
    for code, name in (("L", "AF"), ("M", "AG")):
        for number, change in RATED_MUTATIONS.items():
            record = of_category(code)
            change(record)
            found.append((f"BR-{name}-{number}", record))
    for code, name in (("Z", "Z"), ("E", "E"), ("AE", "AE"), ("K", "IC"), ("G", "G"), ("O", "O")):
        for number, change in CATEGORY_MUTATIONS.items():
            if (number == "02" and code == "O") or (number == "10" and code == "Z"):
                continue
            record = of_category(code)
            change(record)
            found.append((f"BR-{name}-{number}", record))
    for rule, (code, change) in SPECIAL.items():
        record = of_category(code)
        change(record)
        found.append((rule, record))
    return found


ADVICE = {
    "PEPPOL-COMMON-R054": set_(BT_30="1", BT_30_1="0106"),
    "PEPPOL-COMMON-R055": set_(BT_30="1", BT_30_1="0190"),
    "PEPPOL-COMMON-R056-1": set_(BT_49="NL1", BT_49_1="9944"),
    "PEPPOL-COMMON-R056-2": set_(BT_48="NL1"),
    "PEPPOL-COMMON-R057": set_(BT_47="1", BT_47_1="0217"),
}
"""Rules of Peppol that are advice, and how to go against it."""


XRECHNUNG = f"{EN16931}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"


def german_cases() -> list[tuple[str, Record]]:
    """The DE-R cases as XRechnung, whoever the parties are."""
    found = []
    for rule, change in MUTATIONS.items():
        if rule.startswith(("DE-R", "none: a discount")):
            record = document()
            both(GERMAN, change, set_(BT_24=XRECHNUNG, BT_55="BE"))(record)
            if rule == "DE-R-002":
                drop("BT-41", "BT-42", "BT-43")(record)
            if rule == "DE-R-005":
                drop("BT-41", "BT-43")(record)
            found.append((rule, record))
    return found


FRENCH_NOTES = [row(BT_22=f"#{code}#text") for code in ("PMT", "PMD", "AAB")]


def french() -> Record:
    """A valid invoice between French businesses."""
    record = document(BT_24=EN16931, BT_23="B1", BT_30="404833048", BT_30_1="0002", BT_31="FR83404833048", BT_34="404833048",
                      BT_34_1="0225", BT_40="FR", BT_47="732829320", BT_47_1="0002", BT_48="FR44732829320",
                      BT_49="732829320", BT_49_1="0225", BT_55="FR")  # fmt: skip
    for group, term in (("BG-20", "BT-96"), ("BG-21", "BT-103"), ("BG-23", "BT-119")):
        record.groups[group][0].terms[term] = 200_000
    for each in record.groups["BG-25"]:
        each.terms["BT-152"] = 200_000
    record.groups["BG-23"][0].terms["BT-117"] = 3900
    record.terms |= values(BT_110="39.00", BT_112="234.00", BT_115="198.10")
    return Record(record.terms, record.groups | {"BG-1": list(FRENCH_NOTES)})


def without_note(code: str):
    return lambda record: record.groups.update(
        {"BG-1": [note for note in FRENCH_NOTES if not note.terms["BT-22"].startswith(f"#{code}#")]}
    )


PAID_ALREADY = both(set_(BT_23="B2", BT_113="234.05", BT_115="0.00", BT_114="0.05"))
FRENCH_MUTATIONS = {
    "none": drop(),
    "BR-FR-01_BT-1-1": set_(BT_1="1" * 36),
    "BR-FR-02_BT-1": set_(BT_1="F 1"),
    "BR-FR-01_BT-25-1": add("BG-3", row(BT_25="1" * 36)),
    "BR-FR-02_BT-25": add("BG-3", row(BT_25="F#1")),
    "BR-FR-04_BT-3": set_(BT_3="575"),
    "BR-FR-05_BT-22-1": without_note("PMT"),
    "BR-FR-05_BT-22-2": without_note("PMD"),
    "BR-FR-05_BT-22-3": without_note("AAB"),
    "BR-FR-06_BT-21-1": add("BG-1", row(BT_22="#PMT#again")),
    "BR-FR-08_BT-23": set_(BT_23="B3"),
    "BR-FR-09_BT-46": set_(BT_46="11111111100011", BT_46_1="0009"),
    "none: an establishment of the buyer": set_(BT_46="73282932000074", BT_46_1="0009"),
    "BR-FR-CO-10_BT-46-1": set_(BT_46="C1"),
    "BR-FR-10_BT-30": set_(BT_30="40483304800022", BT_30_1="0009"),
    "BR-FR-12_BT-49": drop("BT-49", "BT-49-1"),
    "BR-FR-13_BT-34": drop("BT-34", "BT-34-1"),
    "BR-FR-16_BT-152": part("BG-25", set_(BT_152="21")),
    "BR-FR-23_BT-49": set_(BT_49="732829320 A"),
    "BR-FR-CO-04_BT-3": set_(BT_3="384"),
    "BR-FR-CO-05_BT-3": both(set_(BT_3="381"), drop("BT-9")),
    "BR-FR-CO-07_BT-9": set_(BT_9="2026-11-19"),
    "BR-FR-CO-08_BT-23": set_(BT_23="B4", BT_3="386"),
    "BR-FR-CO-09_BT-23-1": set_(BT_23="B2", BT_9="2026-11-20"),
    "BR-FR-CO-12_BT-5": set_(BT_5="USD"),
}


def official(
    documents: list[bytes], shared, peppol: np.ndarray, version: str = "3.0.21", fatal: bool = True
) -> list[set[str]]:
    rules = shared / "validation" / f"peppol-bis-{version}" / "PEPPOL-EN16931-UBL.xslt"
    of_standard = run_schematron(documents, [ubl_schematron()])
    of_peppol = run_schematron(documents, [rules])
    for found, sheet in ((of_standard, ubl_schematron()), (of_peppol, rules)):
        asked_for_fatal = [Counter(f for f in each if f.fatal) for each in found]
        assert [*map(Counter, run_schematron(documents, [sheet], advice=False))] == asked_for_fatal
    return [
        {f.rule for f in (first + second if is_peppol else first) if f.fatal == fatal}
        for first, second, is_peppol in zip(of_standard, of_peppol, peppol, strict=True)
    ]


def ours(groups, **asked) -> list[set[str]]:
    findings = prevalidate(groups, **asked)
    return [set(findings.loc[findings["invoice_id"] == i, "rule"]) for i in range(len(groups["INVOICE"]))]


def test_valid_documents_break_nothing(shared):
    records = [document(), *(of_category(code) for code in ("Z", "E", "AE", "K", "G", "O", "L", "M"))]
    groups = term_frames(records)
    assert ours(groups) == [set()] * len(records)
    assert official(write_ubl(groups), shared, np.ones(len(records), bool)) == [set()] * len(records)


def test_each_rule_broken_once_gives_the_same_ids(shared):
    found = cases()
    groups = term_frames([record for _, record in found])
    peppol = (
        groups["INVOICE"]["BT-24"]
        .str.contains("peppol.eu:2017:poacc:billing")
        .fillna(value=False)
        .to_numpy(bool)
    )
    theirs = official(write_ubl(groups), shared, peppol)
    known = {rule.id for rule in RULES}
    different = [
        f"{name}: only ours {sorted(mine - other)}, only official {sorted((other & known) - mine)}, unknown {sorted(other - known)}"
        for (name, _), mine, other in zip(found, ours(groups), theirs, strict=True)
        if mine != other or (name.split()[0] not in mine and not name.startswith("none"))
    ]
    assert different == [], "\n".join(different)


def test_xrechnung_broken_once_gives_the_same_ids(shared):
    rules = shared / "validation" / "xrechnung-3.0.2" / "XRechnung-UBL-validation.xslt"
    found = german_cases()
    groups = term_frames([record for _, record in found])
    documents = write_ubl(groups)
    results = [run_schematron(documents, [path]) for path in (ubl_schematron(), rules)]
    theirs = [{f.rule for f in (*one, *two) if f.fatal} for one, two in zip(*results, strict=True)]
    mine = ours(groups)
    assert {name: rules for (name, _), rules in zip(found, mine, strict=True)} == {
        name: rules for (name, _), rules in zip(found, theirs, strict=True)
    }
    assert len([rules for rules in mine if any(rule.startswith("BR-DE-") for rule in rules)]) >= 17


def french_cases() -> list[tuple[str, Record]]:
    found = []
    for rule, change in FRENCH_MUTATIONS.items():
        record = french()
        change(record)
        found.append((rule, record))
    return found


def test_french_rules_broken_once_give_the_same_ids(shared):
    rules = shared / "validation" / "france-ctc-1.4.0.03" / "BR-FR-Flux2-Schematron-UBL_V1.4.0.03.xslt"
    found = french_cases()
    groups = term_frames([record for _, record in found])
    documents = write_ubl(groups)
    results = [run_schematron(documents, [path]) for path in (ubl_schematron(), rules)]
    theirs = [{f.rule for f in (*one, *two) if f.fatal} for one, two in zip(*results, strict=True)]
    mine = ours(groups)
    different = {
        name: (one - other, other - one)
        for (name, _), one, other in zip(found, mine, theirs, strict=True)
        if one != other or (name not in one and not name.startswith("none"))
    }
    assert different == {}


def test_a_polish_seller_is_refused_by_name():
    assert ours(term_frames([document(BT_40="PL", BT_24=EN16931)])) == [{"KSEF"}]


def test_advice_is_told_apart_and_stops_nothing(shared):
    records = []
    for change in ADVICE.values():
        records.append(document())
        change(records[-1])
    groups = term_frames(records)
    told = ours(groups, warnings=True)
    assert [rule in mine for rule, mine in zip(ADVICE, told, strict=True)] == [True] * len(ADVICE)
    assert [rule for mine in ours(groups) for rule in mine & ADVICE.keys()] == []
    theirs = official(write_ubl(groups), shared, np.ones(len(records), bool), fatal=False)
    assert [mine - other for mine, other in zip(told, theirs, strict=True)] == [set()] * len(records)


OTHER_VERSIONS = {
    "of its time": drop(),
    "process of any number": set_(BT_23="urn:fdc:peppol.eu:2017:poacc:billing:04:1.0"),
    "no process with response yet": set_(BT_23="urn:peppol:bis:billing_with_response"),
    "scheme that went": set_(BT_49="1", BT_49_1="0213"),
    "scheme to come": set_(BT_49="1", BT_49_1="0248"),
    "currency that went": set_(BT_5="BGN"),
    "Danish P number": set_(BT_47="1", BT_47_1="0096"),
}


@pytest.mark.parametrize(("day", "version"), [("2026-08-23", "2025.11"), ("2026-08-24", "3.0.21")])
def test_the_date_of_a_document_chooses_its_rules(shared, day, version):
    records = []
    for change in OTHER_VERSIONS.values():
        records.append(document(BT_2=day))
        change(records[-1])
    groups = term_frames(records)
    theirs = official(write_ubl(groups), shared, np.ones(len(records), bool), version)
    assert dict(zip(OTHER_VERSIONS, ours(groups), strict=True)) == dict(
        zip(OTHER_VERSIONS, theirs, strict=True)
    )
    then = ours(groups, on=date(2026, 8, 24))
    assert then == ours(term_frames([Record(r.terms | values(BT_2="2026-08-24"), r.groups) for r in records]))


def test_rules_that_are_not_here_are_asked_for(shared):
    groups = term_frames([document(BT_2="2027-02-24")])
    assert ours(groups) == [{"RULE-SET"}]
    assert ours(groups, on=date(2027, 2, 23)) == [set()]
    assert ours(groups, sets=rule_sets(None, frozenset({"peppol-3.0.22"}))) == [set()]


def test_every_rule_is_broken_by_some_case():
    """What is left out can't be broken from our frames without another rule telling the same."""
    groups = term_frames([record for _, record in cases()])
    german = term_frames([record for _, record in german_cases()])
    of_france = term_frames([record for _, record in french_cases()])
    broken = set().union(*ours(groups), *ours(german), *ours(of_france)) | ADVICE.keys()
    left = {rule.id for rule in RULES} - broken
    assert left <= NOT_BROKEN, sorted(left - NOT_BROKEN)


NOT_BROKEN = {
    "BR-FR-06_BT-21-2", "BR-FR-06_BT-21-3", "BR-FR-06_BT-21-4", "BR-FR-15_BT-118-1", "BR-FR-15_BT-151-1",
    "BR-FR-15_BT-95_BT-102-1", "BR-FR-16_BT-119", "BR-FR-23_BT-34", "BR-FR-CO-09_BT-23-3",
    "BR-DE-14", "BR-DE-24-b", "BR-DE-25-a", "BR-DE-30", "BR-DE-31",
    "DE-R-014", "DE-R-024-2", "DE-R-025-1", "KSEF", "NL-R-001", "PEPPOL-EN16931-P0105",
    "PEPPOL-EN16931-P0106", "PEPPOL-EN16931-P0107", "PEPPOL-EN16931-P0109", "PEPPOL-EN16931-P0110", "PEPPOL-EN16931-P0111",
}  # fmt: skip
