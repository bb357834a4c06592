"""X13: no cell of an export acts as a formula, and there is one way to write CSV."""

import csv
import io
from pathlib import Path

SRC = Path(__file__).parents[2] / "src" / "twain"
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "'=")


def test_a_hostile_reason_is_text_in_the_file_and_comes_back_unchanged(demo, tmp_path):
    for number, start in enumerate(STARTS):
        words = ("suppress", "add", f"p{number}@example.com", "--reason", f'{start}HYPERLINK("http://evil.example")')
        assert demo.twain(*words).code == 0
    target = tmp_path / "out.csv"
    assert demo.twain("suppress", "export", str(target)).code == 0
    for text in (target.read_text(encoding="utf-8"), demo.twain("suppress", "export").out):
        rows = list(csv.DictReader(io.StringIO(text)))
        assert len(rows) == len(STARTS)
        cells = [cell for row in rows for cell in row.values()]
        assert not [cell for cell in cells if cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))]
        assert not [cell for cell in cells if any(c in cell for c in "\t\r\n")]


def test_a_hostile_file_name_is_text_too(demo, tmp_path):
    file = tmp_path / "=cmd().csv"
    file.write_text("address,reason\na@example.com,+1\nb@example.com,@SUM(1)\n")
    assert demo.twain("suppress", "import", str(file)).code == 0
    rows = list(csv.DictReader(io.StringIO(demo.twain("suppress", "export").out)))
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


def test_nothing_else_writes_csv():
    writers = [p.relative_to(SRC).as_posix() for p in sorted(SRC.rglob("*.py")) if "csv.writer" in p.read_text("utf-8")
               or "DictWriter" in p.read_text("utf-8") or "write_csv" in p.read_text("utf-8")]  # fmt: skip
    assert writers == ["returns/suppression.py"]
