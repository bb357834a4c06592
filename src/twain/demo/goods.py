"""What Nordlicht Outdoor sells, and to which season each kind of thing belongs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Range:
    """One category: its things, its makers' lines, prices in whole euros, and how it sells in winter and in summer."""

    category: str
    things: tuple[str, ...]
    low: int
    high: int
    winter: float
    summer: float


RANGES: tuple[Range, ...] = (
    Range("Jackets", ("Rain Jacket", "Down Jacket", "Softshell", "Wind Shell", "Parka"), 79, 449, 1.6, 0.7),
    Range("Boots", ("Hiking Boot", "Trail Shoe", "Winter Boot", "Approach Shoe"), 89, 289, 1.2, 1.1),
    Range("Tents", ("Two-Person Tent", "Family Tent", "Tarp", "Bivy"), 99, 749, 0.3, 1.8),
    Range("Sleeping", ("Sleeping Bag", "Sleeping Mat", "Hammock", "Travel Pillow"), 29, 389, 0.6, 1.5),
    Range("Packs", ("Day Pack", "Trekking Pack", "Dry Bag", "Hip Pack"), 35, 299, 0.8, 1.3),
    Range("Cooking", ("Stove", "Titanium Pot", "Thermos", "Spork Set"), 9, 159, 0.9, 1.2),
    Range("Snow", ("Touring Ski", "Snowshoe", "Ski Goggles", "Avalanche Beacon"), 59, 699, 3.0, 0.05),
    Range("Climbing", ("Rope 60 m", "Harness", "Helmet", "Chalk Bag", "Quickdraw Set"), 15, 219, 0.6, 1.4),
    Range("Water", ("Packraft", "Life Vest", "Filter Bottle", "Paddle"), 25, 649, 0.2, 1.9),
    Range("Layers", ("Merino Shirt", "Fleece", "Base Layer", "Wool Socks", "Beanie"), 12, 149, 1.7, 0.8),
)

#: One line of products per name; together with a thing they make a product.
LINES: tuple[str, ...] = (
    "Polaris",
    "Fjällwind",
    "Kåfjord",
    "Brocken",
    "Mönchsee",
    "Tundra",
    "Søvik",
    "Ørret",
    "Alpenglow",
)
