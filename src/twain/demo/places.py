"""Where the demo company's customers live: real cities with their time zones, weighted as a Berlin shop would see them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    """One city. *weight* is its relative share of customers; *names* the pool people there take their names from."""

    name: str
    country: str
    time_zone: str
    language: str
    names: str
    weight: float
    postcode: str


#: *postcode* is a pattern: each ``#`` becomes a digit.
CITIES: tuple[City, ...] = (
    City("Berlin", "DE", "Europe/Berlin", "de", "german", 140, "10###"),
    City("Hamburg", "DE", "Europe/Berlin", "de", "german", 60, "20###"),
    City("München", "DE", "Europe/Berlin", "de", "german", 55, "80###"),
    City("Köln", "DE", "Europe/Berlin", "de", "german", 38, "50###"),
    City("Frankfurt am Main", "DE", "Europe/Berlin", "de", "german", 30, "60###"),
    City("Leipzig", "DE", "Europe/Berlin", "de", "german", 26, "04###"),
    City("Düsseldorf", "DE", "Europe/Berlin", "de", "german", 22, "40###"),
    City("Nürnberg", "DE", "Europe/Berlin", "de", "german", 18, "90###"),
    City("Büsingen am Hochrhein", "DE", "Europe/Busingen", "de", "german", 1, "78266"),
    City("Wien", "AT", "Europe/Vienna", "de", "german", 34, "1##0"),
    City("Graz", "AT", "Europe/Vienna", "de", "german", 10, "80##"),
    City("Zürich", "CH", "Europe/Zurich", "de", "german", 26, "80##"),
    City("Genève", "CH", "Europe/Zurich", "fr", "french", 8, "12##"),
    City("Kraków", "PL", "Europe/Warsaw", "pl", "polish", 16, "30-###"),
    City("Warszawa", "PL", "Europe/Warsaw", "pl", "polish", 20, "00-###"),
    City("København", "DK", "Europe/Copenhagen", "da", "nordic", 16, "1###"),
    City("Stockholm", "SE", "Europe/Stockholm", "sv", "nordic", 18, "11# ##"),
    City("Oslo", "NO", "Europe/Oslo", "nb", "nordic", 14, "0###"),
    City("Tromsø", "NO", "Europe/Oslo", "nb", "nordic", 4, "90##"),
    City("Helsinki", "FI", "Europe/Helsinki", "fi", "nordic", 10, "00###"),
    City("Reykjavík", "IS", "Atlantic/Reykjavik", "is", "nordic", 3, "10#"),
    City("Amsterdam", "NL", "Europe/Amsterdam", "nl", "dutch", 22, "10## AB"),
    City("Bruxelles", "BE", "Europe/Brussels", "fr", "french", 12, "10##"),
    City("Paris", "FR", "Europe/Paris", "fr", "french", 34, "750##"),
    City("Lyon", "FR", "Europe/Paris", "fr", "french", 14, "690##"),
    City("London", "GB", "Europe/London", "en", "english", 40, "E1 #AA"),
    City("Edinburgh", "GB", "Europe/London", "en", "english", 10, "EH# #BB"),
    City("Dublin", "IE", "Europe/Dublin", "en", "english", 10, "D0# X#"),
    City("Lisboa", "PT", "Europe/Lisbon", "pt", "iberian", 10, "1###-###"),
    City("Ponta Delgada", "PT", "Atlantic/Azores", "pt", "iberian", 1, "95##-###"),
    City("Madrid", "ES", "Europe/Madrid", "es", "iberian", 20, "280##"),
    City("Barcelona", "ES", "Europe/Madrid", "es", "iberian", 18, "080##"),
    City("Las Palmas", "ES", "Atlantic/Canary", "es", "iberian", 2, "350##"),
    City("Milano", "IT", "Europe/Rome", "it", "italian", 20, "201##"),
    City("Bolzano", "IT", "Europe/Rome", "it", "italian", 8, "39100"),
    City("Praha", "CZ", "Europe/Prague", "cs", "slavic", 14, "1## 00"),
    City("Αθήνα", "GR", "Europe/Athens", "el", "greek", 6, "10# ##"),
    City("İstanbul", "TR", "Europe/Istanbul", "tr", "turkish", 12, "34###"),
    City("Київ", "UA", "Europe/Kyiv", "uk", "slavic", 5, "01###"),
    City("New York", "US", "America/New_York", "en", "english", 18, "100##"),
    City("Chicago", "US", "America/Chicago", "en", "english", 8, "606##"),
    City("Denver", "US", "America/Denver", "en", "english", 9, "802##"),
    City("Phoenix", "US", "America/Phoenix", "en", "english", 3, "850##"),
    City("Seattle", "US", "America/Los_Angeles", "en", "english", 9, "981##"),
    City("Anchorage", "US", "America/Anchorage", "en", "english", 1, "995##"),
    City("Honolulu", "US", "Pacific/Honolulu", "en", "english", 1, "968##"),
    City("Toronto", "CA", "America/Toronto", "en", "english", 7, "M5V #A#"),
    City("Montréal", "CA", "America/Toronto", "fr", "french", 5, "H2Y #A#"),
    City("St. John's", "CA", "America/St_Johns", "en", "english", 1, "A1A #B#"),
    City("São Paulo", "BR", "America/Sao_Paulo", "pt", "iberian", 8, "01###-000"),
    City("Buenos Aires", "AR", "America/Argentina/Buenos_Aires", "es", "iberian", 4, "C10##"),
    City("Santiago", "CL", "America/Santiago", "es", "iberian", 3, "83#####"),
    City("Cape Town", "ZA", "Africa/Johannesburg", "en", "english", 3, "80##"),
    City("Dubai", "AE", "Asia/Dubai", "en", "english", 3, ""),
    City("Bengaluru", "IN", "Asia/Kolkata", "en", "indian", 8, "5600##"),
    City("Kathmandu", "NP", "Asia/Kathmandu", "en", "indian", 2, "446##"),
    City("Singapore", "SG", "Asia/Singapore", "en", "chinese", 5, "0#####"),
    City("Hong Kong", "HK", "Asia/Hong_Kong", "en", "chinese", 4, ""),
    City("Tokyo", "JP", "Asia/Tokyo", "ja", "japanese", 8, "100-000#"),
    City("Sydney", "AU", "Australia/Sydney", "en", "english", 7, "20##"),
    City("Adelaide", "AU", "Australia/Adelaide", "en", "english", 2, "50##"),
    City("Auckland", "NZ", "Pacific/Auckland", "en", "english", 4, "10##"),
)

#: Where the company has shops of its own; everybody else orders online.
STORE_STREETS: dict[str, str] = {
    "Berlin": "Oranienstraße 12",
    "Hamburg": "Mönckebergstraße 7",
    "München": "Sendlinger Straße 31",
    "Köln": "Ehrenstraße 44",
    "Frankfurt am Main": "Berger Straße 102",
    "Leipzig": "Karl-Heine-Straße 55",
    "Düsseldorf": "Nordstraße 18",
    "Nürnberg": "Königstraße 9",
    "Wien": "Neubaugasse 26",
    "Zürich": "Niederdorfstrasse 40",
    "København": "Vesterbrogade 61",
    "Stockholm": "Götgatan 23",
    "Oslo": "Markveien 35",
    "Amsterdam": "Haarlemmerdijk 88",
    "Paris": "14 rue Oberkampf",
    "London": "21 Neal Street",
    "Edinburgh": "8 Cockburn Street",
    "Milano": "Corso di Porta Ticinese 50",
    "Praha": "Vinohradská 77",
    "New York": "112 Ludlow Street",
}
