"""Names of people who do not exist, by the part of the world they would come from."""

from __future__ import annotations

import unicodedata

#: pool → (first names, family names), each by spaces, ``_`` within a name for a space; most common first.
_WRITTEN: dict[str, tuple[str, str]] = {
    "german": (
        (
            "Anna Lukas Jürgen Käthe Jörg Lena Paul Björn Günther Sofía Mia Felix Ursula Götz Heike Matthias "
            "Sören Änne Johanna Max Charlotte Kai-Uwe Emilia Hans-Peter Zoë Friedrich Marlene Tobias Annegret "
            "Øyvind"
        ),
        (
            "Müller Schmidt Schröder Weiß Schäfer Köhler Bäcker Fuchs Größe Jäger Hoffmann Krüger Vogel "
            "Zimmermann Böhm Groß Strauß Özdemir Lüders Meyer-Landrut von_der_Heide zu_Löwenstein d'Artois"
        ),
    ),
    "english": (
        (
            "Olivia James Siobhán Sean Emma Noah Mary-Jane D'Arcy Grace Henry Chloë Renée Liam Ava Jack Isla "
            "O'Neil Harriet Theo Zachary"
        ),
        "Smith O'Brien Jones Taylor O’Connor Williams Brown D'Angelo Clarke Walker Robinson St.John Lee",
    ),
    "french": (
        "Camille Léa Hugo Zoé François Chloé Jean-Luc Inès Thérèse Gaël Benoît Éléonore Loïc Anaïs",
        "Martin Lefèvre Dubois Bérénger L'Hôpital Rousseau Garçon Bouchér Noël d'Estaing Le_Goff",
    ),
    "iberian": (
        "María José Núria João Inês Iñigo Sofía Martín Conceição Jesús Lucía Andrés Ana Pilar Gonçalo",
        "García Muñoz Fernández Sánchez Gonçalves Peña Ibáñez Araújo Estévez Simões Núñez de_la_Cruz da_Silva",
    ),
    "italian": (
        "Giulia Niccolò Alessandro Chiara Matteo Zoè Francesca Lorenzo Beatrice Gaetano",
        "Rossi Esposito D'Amico Dell'Acqua Ferrari Niccolò Bianchi Cantù Marchetti",
    ),
    "nordic": (
        "Åsa Bjørn Søren Freja Mikkel Elín Þórdís Sigríður Väinö Päivi Astrid Håkon Øystein Lærke Aino",
        "Hansen Sørensen Åkesson Nyström Jónsdóttir Østergård Mäkinen Bjørnsson Lindqvist Blåfjell",
    ),
    "polish": (
        "Łukasz Zofia Małgorzata Paweł Agnieszka Jarosław Józef Świętosława Krzysztof Żaneta",
        "Nowak Wiśniewska Wójcik Dąbrowski Łukaszewicz Żółć Szczęsny Jabłońska Kowalczyk",
    ),
    "slavic": (
        "Jiří Tereza Ondřej Kateřina Ярослав Олена Zdeněk Božena Софія Miloš",
        "Dvořák Novotný Černý Шевченко Růžička Бондаренко Kučera Příhoda",
    ),
    "dutch": (
        "Sanne Daan Lotte Thijs Fenna Jeroen Zoë Bram Anouk Ruud",
        "de_Vries van_den_Berg Jansen in_'t_Veld Smit van_'t_Hoff Meijer Brouwer",
    ),
    "turkish": (
        "Ayşe Mehmet Çağla İbrahim Gül Özgür Şule Emre Işıl Uğur",
        "Yılmaz Öztürk Şahin Çelik Güneş Aydın Doğan Kılıç",
    ),
    "greek": (
        "Μαρία Γιώργος Ελένη Νίκος Κατερίνα Δημήτρης",
        "Παπαδόπουλος Νικολάου Γεωργίου Καραγιάννη Οικονόμου",
    ),
    "indian": (
        "Aarav Diya Arjun Ananya Vihaan Kavya Sita Rohan Meera Tenzing",
        "Sharma Iyer Patel Rao Gurung Banerjee Nair Reddy Kulkarni",
    ),
    "chinese": (
        "Wei Mei 美玲 Jun 志明 Xiu Ying 偉 Hui Min",
        "Chen Wong 李 Tan 陳 Lim Zhang 黃 Ng Lau",
    ),
    "japanese": (
        "さくら 陽菜 Haruto 蓮 Yuki 健太 美咲 Ren",
        "佐藤 鈴木 Takahashi 田中 Watanabe 伊藤 山本",
    ),
}


def names() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Pool → (first names, family names), most common first."""
    return {pool: (_split(first), _split(last)) for pool, (first, last) in _WRITTEN.items()}


def _split(words: str) -> tuple[str, ...]:
    return tuple(word.replace("_", " ") for word in words.split())


#: Letters that a mail address at a reserved domain is written with.
_LATIN = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "ø": "oe",
        "æ": "ae",
        "å": "a",
        "ł": "l",
        "ı": "i",
        "þ": "th",
        "ð": "d",
    }
)


def local_part(name: str) -> str:
    """*name* as the local part of an address: lower-case ASCII letters and digits, or ``""`` when none are left."""
    lowered = unicodedata.normalize("NFKD", name.lower().translate(_LATIN))
    return "".join(c for c in lowered if c.isascii() and c.isalnum())
