"""Benchmarks share one file, and leave each other's sections alone."""

from pathlib import Path

from bench.results import machine, table, write_section


def test_a_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    write_section("one", "## One\n\nold", file)
    write_section("two", "## Two", file)
    write_section("one", "## One\n\nnew", file)
    text = file.read_text()
    assert "new" in text
    assert "old" not in text
    assert text.index("## One") < text.index("## Two")
    assert text.count("<!-- one -->") == 1


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"


def test_the_machine_is_named() -> None:
    assert "CPython" in machine()
