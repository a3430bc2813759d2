"""Names, streets, towns and products that the sample is made of; data only, all invented or common."""

from typing import Final, NamedTuple

FIRST: Final = {
    "nl": ("Anna", "Bram", "Daan", "Emma", "Fleur", "Jan", "Lotte", "Mohammed", "Sanne", "Willem"),
    "fr": ("Amélie", "Benoît", "Chloé", "François", "Hélène", "Jean-Luc", "Léa", "Noémie", "Rémi", "Zoé"),
    "de": ("Anke", "Björn", "Günther", "Heike", "Jürgen", "Käthe", "Lukas", "Mia", "Sören", "Uwe"),
    "en": ("Alice", "Ben", "Charlotte", "George", "Isla", "Jack", "Olivia", "Oscar", "Poppy", "Siân"),
}
LAST: Final = {
    "nl": (
        "Bakker",
        "van den Berg",
        "de Boer",
        "Dijkstra",
        "Jansen",
        "de Jong",
        "van 't Hof",
        "Smit",
        "Visser",
    ),
    "fr": ("Bernard", "Dubois", "Dupont", "Lefèvre", "Le Goff", "Martin", "Moreau", "Petit", "d'Ormesson"),
    "de": ("Bauer", "Fischer", "Groß", "Köhler", "Müller", "Schäfer", "Schmidt", "Weiß", "von Thun"),
    "en": ("Brown", "Clarke", "Evans", "Jones", "O'Brien", "Patel", "Smith", "Taylor", "Wright"),
}
TRADE: Final = (
    "Bakery", "Bicycles", "Books", "Brewery", "Cheese", "Dairy", "Electro", "Flowers", "Garage", "Garden",
    "Hotel", "Laundry", "Logistics", "Metal", "Optics", "Paper", "Pharma", "Print", "Studio", "Tiles",
)  # fmt: skip
PLACE: Final = (
    "North",
    "River",
    "Station",
    "Harbour",
    "Market",
    "Mill",
    "Forest",
    "Bridge",
    "Castle",
    "Lake",
)
FORM: Final = {"NL": ("B.V.", "V.O.F.", "N.V."), "BE": ("BV", "NV", "SRL", "SA"), "FR": ("SARL", "SAS", "SA")}
PUBLIC: Final = ("Commune de {}", "Lycée de {}", "Hôpital de {}", "Mairie de {}")
_LONG: Final = (
    "Vereniging van Eigenaars van het Appartementencomplex aan de Oude Haven en de Nieuwe Kade te Maassluis "
    "met de daarbij behorende Bergingen en Parkeerplaatsen"
)
UNUSUAL: Final = (
    "Γιώργος Παπαδόπουλος", "Олександр Шевченко", "李小龍 貿易", "محمد العربي", "Łukasz Żółć", "Đặng Thị Hồng",
    "Nyíregyházi Őszibarack Kft.", "Şükrü & Çağla İnşaat", "株式会社サンプル商事",
    _LONG,
)  # fmt: skip
"""Names in other scripts, and one longer than any field likes."""

STREET: Final = {
    "NL": ("Dorpsstraat", "Kerkweg", "Lange Nieuwstraat", "Oudegracht", "Stationsplein", "'t Zand"),
    "BE": ("Chaussée de Mons", "Grote Markt", "Kapelstraat", "Rue de l'Église", "Stationsstraat"),
    "FR": ("Avenue de la République", "Boulevard Voltaire", "Place de l'Hôtel de Ville", "Rue du Château"),
    "DE": ("Bahnhofstraße", "Gartenweg", "Königsallee"),
    "GB": ("Church Lane", "High Street", "Station Road"),
}
TOWN: Final = {
    "NL": (("1012", "Amsterdam"), ("3511", "Utrecht"), ("8011", "Zwolle"), ("9712", "Groningen"),
           ("6211", "Maastricht"), ("2511", "'s-Gravenhage")),
    "BE": (("1000", "Bruxelles"), ("2000", "Antwerpen"), ("4000", "Liège"), ("4700", "Eupen"), ("9000", "Gent")),
    "FR": (("75011", "Paris"), ("69003", "Lyon"), ("33000", "Bordeaux"), ("67000", "Strasbourg"), ("29200", "Brest")),
    "DE": (("52062", "Aachen"), ("50667", "Köln")),
    "GB": (("EC1A 1BB", "London"), ("M1 1AE", "Manchester")),
}  # fmt: skip


class Product(NamedTuple):
    """What a line sells: names by language, unit, price range (millionths), quantity range
    (thousandths), VAT rate (basis points) and the register it is metered by ('' if it is not).
    """

    names: dict[str, str]
    unit: str
    price: tuple[int, int]
    quantity: tuple[int, int]
    rates: dict[str, int]
    register: str = ""


def _names(nl: str, fr: str, de: str, en: str) -> dict[str, str]:
    return {"nl": nl, "fr": fr, "de": de, "en": en}


_STANDARD: Final = {"NL": 2100, "BE": 2100, "FR": 2000}
_ENERGY: Final = {"NL": 2100, "BE": 600, "FR": 2000}
_REDUCED: Final = {"NL": 900, "BE": 600, "FR": 550}

PRODUCTS: Final = (
    Product(_names("Levering elektriciteit normaal tarief", "Fourniture d'électricité heures pleines",
                   "Stromlieferung Hochtarif", "Electricity, peak rate"),
            "KWH", (180_000, 320_000), (40_000, 600_000), _ENERGY, "high"),
    Product(_names("Levering elektriciteit laag tarief", "Fourniture d'électricité heures creuses",
                   "Stromlieferung Niedertarif", "Electricity, off-peak rate"),
            "KWH", (120_000, 220_000), (30_000, 400_000), _ENERGY, "low"),
    Product(_names("Levering gas", "Fourniture de gaz", "Gaslieferung", "Gas"),
            "MTQ", (700_000, 1_500_000), (5_000, 350_000), _ENERGY, "gas"),
    Product(_names("Vaste leveringskosten", "Abonnement", "Grundpreis", "Standing charge"),
            "MON", (4_990_000, 9_990_000), (1_000, 1_000), _REDUCED | {"NL": 2100, "BE": 2100}),
    Product(_names("Netbeheerkosten", "Acheminement", "Netznutzung", "Network charge"),
            "DAY", (650_000, 1_250_000), (28_000, 31_000), _STANDARD),
    Product(_names("Energiebelasting", "Accise sur l'électricité", "Energiesteuer", "Energy tax"),
            "KWH", (21_000, 125_000), (40_000, 900_000), _STANDARD),
    Product(_names("Drinkwater", "Eau potable", "Trinkwasser", "Drinking water"),
            "MTQ", (900_000, 4_200_000), (2_000, 15_000), _REDUCED, "water"),
    Product(_names("Teruglevering zonnestroom", "Injection photovoltaïque", "Einspeisung Solarstrom",
                   "Solar feed-in"),
            "KWH", (40_000, 90_000), (-300_000, -10_000), _STANDARD, "feed-in"),
    Product(_names("Onderhoud cv-ketel", "Entretien de la chaudière", "Wartung des Heizkessels",
                   "Boiler maintenance"),
            "C62", (89_000_000, 189_000_000), (1_000, 1_000), _REDUCED | {"NL": 2100}),
    Product(_names("Thermostaat „Zon & Maan”", "Thermostat « Été & Hiver »", "Thermostat „Sommer“",
                   "Thermostat “Summer”"),
            "C62", (49_000_000, 129_000_000), (1_000, 3_000), _STANDARD),
)  # fmt: skip
ADVANCE: Final = _names("Voorschot", "Acompte", "Abschlag", "Advance payment")
DEDUCTION: Final = _names(
    "Verrekening voorschot", "Déduction de l'acompte", "Verrechnung Abschlag", "Less advance"
)
