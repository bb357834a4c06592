"""The visual builder: one rule tree, edited step by step, each step checked by the parser that also compiles it."""
