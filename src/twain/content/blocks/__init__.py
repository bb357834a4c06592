"""A message as blocks: JSON in, MJML with Liquid out. ``tree`` says what there is, ``read`` checks, ``write`` writes."""

from twain.content.blocks.read import KINDS, read_blocks, read_document
from twain.content.blocks.tree import FONTS, FORMATS, OPS, VERSION, Brand, Document
from twain.content.blocks.words import shown, tagged_markup
from twain.content.blocks.write import Made, make

__all__ = [
    "FONTS",
    "FORMATS",
    "KINDS",
    "OPS",
    "VERSION",
    "Brand",
    "Document",
    "Made",
    "make",
    "read_blocks",
    "read_document",
    "shown",
    "tagged_markup",
]
